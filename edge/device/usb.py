"""What is plugged in, as the kernel lists it."""

from __future__ import annotations

from pathlib import Path

SYSFS = Path("/sys")

EDGE_TPUS = {("1a6e", "089a"): "not used since it was plugged in", ("18d1", "9302"): "in use or used before"}
"""(vendor, product) -> state. The Coral USB accelerator changes its identity when its firmware is loaded, which is at the first
use (libedgetpu, debian/edgetpu-accelerator.rules)."""


def edge_tpus(sysfs: Path = SYSFS) -> list[str]:
    """One entry for each Coral USB accelerator: its place on the bus and its state."""
    found = []
    for device in sorted((sysfs / "bus/usb/devices").glob("*")):
        state = EDGE_TPUS.get((_line(device / "idVendor"), _line(device / "idProduct")))
        if state:
            found.append(f"USB {device.name}, {state}")
    return found


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
