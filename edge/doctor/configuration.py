"""Whether the unit works with the configuration that lies there."""

from __future__ import annotations

from pathlib import Path

from edge.config import digest, last_good
from edge.doctor.finding import Finding, State
from edge.doctor.unit import user_of_devices

NAME = "configuration"
RESTART = "sudo systemctl restart muster"


def configuration(path: Path | None, text: str | None, fault: str, *, data: Path) -> Finding:
    """Whether it has a fault, and whether a unit at work has taken it yet.

    Args:
        path: of the file; None where there is none.
        text: what it says; None where it has a fault, or where there is none.
        fault: what is wrong with it; empty where nothing is.
        data: the data folder.
    """
    user, before = user_of_devices(data), last_good(data) or "the last configuration that worked"
    found = user.status if user else None
    if fault:
        who = f"{user} goes on" if user else "a unit that is started works"
        advice = f"put that right, try it with `muster config --check`, then: {RESTART}"
        return Finding(NAME, State.WARNING, f"{_one_line(fault)} So {who} with {before}", advice)
    if found and found.config_fault:
        was = _one_line(found.config_fault)
        return Finding(NAME, State.WARNING, f"{user} was started while it had a fault, and works with {before}: {was}", RESTART)
    if found and found.config_digest and text is not None and digest(text) != found.config_digest:
        return Finding(NAME, State.WARNING, f"{path} was changed, and {user} works with what it said before", RESTART)
    return Finding(NAME, State.OK, str(path) if path else "no file: the defaults")


def _one_line(fault: str) -> str:
    return " ".join(fault.splitlines())
