"""What a value of the configuration must be, said so that it can be put right."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import field
from typing import Any

from edge.types import Direction

STATES = tuple(state.value for state in Direction)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"

Check = Callable[[Any], str | None]
"""Takes a value of the right type; returns what is wrong with it ("must be ..."), or None."""


def between(low: float, high: float) -> Check:
    """Accept numbers in [low, high]."""
    return lambda value: None if low <= value <= high else f"must lie between {low} and {high}"


def positive(high: float) -> Check:
    """Accept numbers above 0, up to a largest."""
    return lambda value: None if 0 < value <= high else f"must be more than 0 and at most {high:,.0f}"


def one_of(*words: str) -> Check:
    """Accept one of a few words."""
    return lambda value: None if value in words else f"must be one of {', '.join(map(repr, words))}"


def some_of(*words: str) -> Check:
    """Accept a list of a few words."""
    return lambda value: None if set(value) <= set(words) else f"must hold nothing but {', '.join(map(repr, words))}"


def camera_source(value: str) -> str | None:
    """Accept pi, usb:N or replay:PATH."""
    kind, _, rest = value.partition(":")
    fine = value == "pi" or (kind == "usb" and rest.isdecimal()) or (kind == "replay" and rest != "")
    return None if fine else "must be 'pi', 'usb:N' (N as in /dev/videoN) or 'replay:PATH' (a folder or a video)"


def accelerator_device(value: str) -> str | None:
    """Accept usb, usb:N, pci, pci:N, or nothing."""
    bus, colon, number = value.partition(":")
    fine = value == "" or (bus in {"usb", "pci"} and (not colon or number.isdecimal()))
    return None if fine else "must be 'usb:N' or 'pci:N' (N counts from 0), 'usb', 'pci', or empty for the only one"


def timezone(value: str) -> str | None:
    """Accept an IANA name, or nothing."""
    fine = value == "" or value in zoneinfo.available_timezones()
    return None if fine else "must be a name such as 'Europe/Vienna', or empty for the system's own"


def time_of_day(value: str) -> str | None:
    """Accept 00:00 to 23:59."""
    return None if re.fullmatch(_TIME, value) else "must be a time of day from '00:00' to '23:59'"


def schedule(value: tuple[str, ...]) -> str | None:
    """Accept "HH:MM state" items, each time once, in any order; or nothing."""
    times = [item[:5] for item in value]
    for item in value:
        if not re.fullmatch(f"{_TIME} ({'|'.join(STATES)})", item):
            return (
                f"must hold a time of day and a state each, as in '06:00 in' (states: {', '.join(STATES)}); {item!r} is not that"
            )
        if times.count(item[:5]) > 1:
            return f"must name each time once, and {item[:5]} is there {times.count(item[:5])} times"
    return None


def three_scores(value: tuple[float, ...]) -> str | None:
    """Accept three scores."""
    fine = len(value) == 3 and all(0 < score < 1 for score in value)
    return None if fine else "must be three numbers between 0 and 1"


def nonempty(value: str) -> str | None:
    """Accept any text but none."""
    return None if value.strip() else "must not be empty"


def option(default: Any, explanation: str, check: Check | None = None) -> Any:
    """A dataclass field with its documentation and its check."""
    return field(default=default, metadata={"explanation": explanation, "check": check})
