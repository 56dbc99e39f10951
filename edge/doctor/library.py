"""Whether libedgetpu is installed, is what it is called, and is new enough."""

from __future__ import annotations

from edge.device.tpu.library import Library, LibraryPlaces, require
from edge.device.tpu.linker import is_path
from edge.doctor.finding import Finding, State, split
from edge.errors import DeviceError

NAME = "edge tpu library"

COOLER = "install libedgetpu1-std in its place: the same at standard clock, up to 35 °C around the stick"


def library(name: str, places: LibraryPlaces, *, bad: State, is_needed: bool) -> tuple[Finding, Library | None]:
    """What is installed; also the library that may be opened, or None. It is not loaded: that could end this process.

    Args:
        name: as the configuration has it.
        places: where to look.
        bad: how bad it is that there is none that works.
        is_needed: an Edge TPU is plugged in, or must be.
    """
    if not is_needed and not is_path(name) and places.linker.find(name) is None:
        return Finding(NAME, State.OK, "not installed, and not needed as long as no Edge TPU is plugged in"), None
    try:
        found = require(name, places)
    except DeviceError as error:
        return Finding(NAME, bad, *split(error)), None
    if found.is_at_maximum_clock:
        wrong = f"{found}: maximum clock, which is meant for at most 25 °C around the stick and for no enclosure"
        return Finding(NAME, State.WARNING, wrong, COOLER), found
    unknown = "" if found.package else "; its version shows when it is opened"
    return Finding(NAME, State.OK, f"{found}{unknown}"), found
