"""Which piece of hardware a stick is, as it says itself: whoever copies all its files has copied everything but that.

It is no proof: a computer that plays a stick can say what it likes (USB 2.0, section 9.6.1: nobody vouches for a descriptor).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge.exchange.delivery.mounts import MOUNTINFO, mount_of

SYS = Path("/sys")

_DEVICE = re.compile(r"\d{1,10}:\d{1,10}")
_MAX_CHARACTERS = 100


def hardware_at(mountpoint: Path, *, mountinfo: Path = MOUNTINFO, sys: Path = SYS) -> str:
    """Vendor, product and serial number of the USB device that a folder lies on, as in ``0781:5567:4C530001``.

    Args:
        mountpoint: the folder.
        mountinfo: what is mounted where.
        sys: where the kernel shows its devices.

    Returns:
        Empty where it lies on none, or where nothing says so.
    """
    try:
        device = mount_of(mountpoint, mountinfo).device
        if not _DEVICE.fullmatch(device):
            return ""
        here = Path(os.path.realpath(sys / "dev" / "block" / device, strict=True))
    except OSError:
        return ""
    for folder in (here, *here.parents):
        if (folder / "idVendor").is_file():
            return ":".join(_said(folder / name) for name in ("idVendor", "idProduct", "serial"))
    return ""


def _said(file: Path) -> str:
    """One line of what the device said, without blanks and what is not to be printed."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "".join(character for character in text if character.isprintable() and not character.isspace())[:_MAX_CHARACTERS]
