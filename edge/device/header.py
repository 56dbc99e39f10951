"""The 40-pin header of a Raspberry Pi, over gpiozero and lgpio."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from edge.errors import DeviceError

BOARD = Path("/proc/device-tree/model")
"""Names the computer, for example "Raspberry Pi 4 Model B Rev 1.4"; missing where there is no device tree."""

Part = TypeVar("Part")


def has_pins(board: Path = BOARD) -> bool:
    """Whether this computer is a Raspberry Pi."""
    return board.is_file() and board.read_bytes().startswith(b"Raspberry Pi")


def on_the_header(opened: Callable[[Any], Part], *, what: str) -> Part:
    """A part on the pins of this Raspberry Pi.

    Args:
        opened: opens it by a pin factory of gpiozero, which it closes with itself, or when it fails.
        what: what it is, as a message names it.

    Raises:
        DeviceError: lgpio is missing, or the pins are busy, not permitted, or not there.
    """
    # lgpio makes a named pipe in the current folder unless LG_WD names another, and fails where that is read-only, as "/" is
    # for a service (gpiozero/gpiozero#1106, #1131).
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    try:
        import lgpio
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise DeviceError(f"the pins need lgpio ({error}). Install it, or set panel.kind to mock or none.") from error
    from gpiozero import GPIOZeroError

    try:
        return opened(LGPIOFactory())
    except (GPIOZeroError, lgpio.error, OSError) as error:
        raise DeviceError(
            f"{what} cannot be used ({error}). Only one program at a time may use a pin, and the user must be in the"
            " group gpio; `muster doctor` looks closer."
        ) from error
