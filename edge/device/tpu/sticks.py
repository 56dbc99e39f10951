"""Which Edge TPUs the kernel lists, how fast they are connected, who may use them and who does.

Nothing is opened here: a device that was opened is taken from whoever wants to compute on it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

SYSFS = Path("/sys")
PROC = Path("/proc")
DEV = Path("/dev")

USB_IDS = {("1a6e", "089a"): False, ("18d1", "9302"): True}
"""(vendor, product) -> whether the firmware is loaded. The Coral USB accelerator comes up under its bootloader's identity and
changes to Google's when the library has sent it the firmware, at the first use (libedgetpu, debian/edgetpu-accelerator.rules)."""

PCI_ID = ("0x1ac1", "0x089a")
"""(vendor, device) of the Edge TPU on PCIe (google/gasket-driver, src/apex_driver.c)."""

USB3_MBPS = 5000
"""What a USB 3 link runs at; USB 2 runs at 480, which is 3 to 7 times slower for a network that is streamed at each call."""


@dataclass(frozen=True, slots=True)
class Stick:
    """One Edge TPU.

    Attributes:
        device: what configuration and library call it: usb:0, usb:1, ..., pci:0, ....
        place: where it is plugged in, as the kernel says: "USB 2-1", "PCIe apex_0".
        node: the file that a process opens to use it.
        speed_mbps: of the USB link; None on PCIe, and where the kernel does not say.
        has_firmware: False for a USB stick that was not used since it got its power.
    """

    device: str
    place: str
    node: Path
    speed_mbps: float | None = None
    has_firmware: bool = True

    @property
    def is_slow(self) -> bool:
        """Whether it is plugged into a USB 2 port, or through a USB 2 cable or hub."""
        return self.speed_mbps is not None and self.speed_mbps < USB3_MBPS


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a stick open."""

    pid: int
    command: str


def sticks(sysfs: Path = SYSFS, dev: Path = DEV) -> list[Stick]:
    """All Edge TPUs, those on USB first, each bus counted from 0.

    The library counts in libusb's order, which nobody promises to be this one: by bus and port. It matters only where there
    are two sticks on USB.
    """
    return [*_usb(sysfs, dev), *_pci(sysfs, dev)]


def chosen(device: str, among: list[Stick]) -> list[Stick]:
    """Those that ``accelerator.device`` can mean.

    Args:
        device: empty for any, usb or pci for any of that bus, usb:N or pci:N for exactly one.
        among: from `sticks`.
    """
    bus, _, number = device.partition(":")
    return [stick for stick in among if (stick.device == device if number else stick.device.startswith(bus))]


def listed(device: str = "", sysfs: Path = SYSFS, dev: Path = DEV) -> bool:
    """Whether the system lists such an Edge TPU at this moment: some dozen small files are read, 0.2 ms on x86-64."""
    return bool(chosen(device, sticks(sysfs, dev)))


def without_driver(sysfs: Path = SYSFS) -> bool:
    """Whether an Edge TPU is on PCIe for which the kernel has no driver, so that nobody can open it."""
    devices = sorted((sysfs / "bus/pci/devices").glob("*"))
    found = [path for path in devices if (_line(path / "vendor"), _line(path / "device")) == PCI_ID]
    return bool(found) and not list((sysfs / "class/apex").glob("apex_*"))


def is_writable(node: Path) -> bool:
    """Whether this user may open it for use: what the system says with groups and access lists, as the library would ask."""
    return os.access(node, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def holders(node: Path, proc: Path = PROC) -> list[Holder]:
    """The processes that have it open, as far as this user may see them: another user's are hidden from all but root."""
    return [
        Holder(int(process.name), _command(process))
        for process in sorted(proc.glob("[0-9]*"), key=lambda process: int(process.name))
        if any(target == str(node) for target in _open_files(process))
    ]


def _usb(sysfs: Path, dev: Path) -> Iterator[Stick]:
    found = sorted((sysfs / "bus/usb/devices").glob("*-*"), key=_place_on_the_bus)
    ours = [stick for path in found if (stick := _usb_stick(path, dev))]
    for number, stick in enumerate(ours):
        yield replace(stick, device=f"usb:{number}")


def _usb_stick(path: Path, dev: Path) -> Stick | None:
    """The stick at this place, before it is counted; None where something else is, or one that comes or goes at this moment.

    The kernel shows a device's files one after the other and takes them back in the same order: identity, speed, numbers (Linux,
    drivers/usb/core/sysfs.c, dev_attrs). So the numbers vouch for what was there before them, and the identity, asked again, for
    what was there after it. Without that a stick without a node or a speed is seen while it is replugged (tests/rig/edgetpu).
    """
    identity = _identity(path)
    if identity not in USB_IDS:
        return None
    numbers = [_line(path / name) for name in ("busnum", "devnum")]
    speed = _speed(path)
    if not all(numbers) or _identity(path) != identity:
        return None
    node = dev.joinpath("bus/usb", *(digits.zfill(3) for digits in numbers))
    return Stick("", f"USB {path.name}", node, speed, USB_IDS[identity])


def _pci(sysfs: Path, dev: Path) -> Iterator[Stick]:
    for number, path in enumerate(sorted((sysfs / "class/apex").glob("apex_*"), key=_place_on_the_bus)):
        yield Stick(f"pci:{number}", f"PCIe {path.name}", dev / path.name)


def _identity(device: Path) -> tuple[str, str]:
    return _line(device / "idVendor"), _line(device / "idProduct")


def _place_on_the_bus(device: Path) -> list[int]:
    """Bus and ports as numbers, so that 1-10 comes after 1-9."""
    return [int(digits) for digits in re.findall(r"\d+", device.name)]


def _speed(device: Path) -> float | None:
    try:
        return float(_line(device / "speed"))
    except ValueError:
        return None


def _open_files(process: Path) -> Iterator[str]:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # another user's, or it has just ended
        return
    for descriptor in descriptors:
        try:
            yield str(descriptor.readlink())
        except OSError:
            continue


def _command(process: Path) -> str:
    """Its command line, or its short name where it has none."""
    words = " ".join(word for word in _line(process / "cmdline").split("\0") if word)
    return words or _line(process / "comm")


def _line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
