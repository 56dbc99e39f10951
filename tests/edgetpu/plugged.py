"""Trees of files that look like what the kernel shows of Edge TPUs that are plugged in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOOTLOADER, READY = ("1a6e", "089a"), ("18d1", "9302")
NOBODY = 65534


def plug(root: Path, place: str, ids: tuple[str, str], *, speed: str = "5000", devnum: int = 3) -> Path:
    """What sysfs and /dev show of one device on USB; the node is what comes back."""
    device = root / "sys/bus/usb/devices" / place
    device.mkdir(parents=True)
    bus = place.partition("-")[0]
    values = {"idVendor": ids[0], "idProduct": ids[1], "speed": speed, "busnum": bus, "devnum": str(devnum)}
    for name, value in values.items():
        (device / name).write_text(f"{value}\n")
    node = root / "dev/bus/usb" / bus.zfill(3) / f"{devnum:03d}"
    node.parent.mkdir(parents=True, exist_ok=True)
    node.touch()
    return node


def card(root: Path, number: int) -> Path:
    """The same of one on PCIe, whose driver is loaded."""
    (root / f"sys/class/apex/apex_{number}").mkdir(parents=True)
    (root / "dev").mkdir(exist_ok=True)
    (root / f"dev/apex_{number}").touch()
    return root / f"dev/apex_{number}"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may everything: where the tests run as root, this part of them does not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
