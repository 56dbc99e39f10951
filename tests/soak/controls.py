"""Units that do what no unit may. Each must be found, or a run in which nothing was found proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from soak import sabotage, stores
from soak.sabotage import Parts

from edge.types import Direction

FALLS = ("the unit ended with", "on stderr", "the log has")
"""How the faults begin of what broke down."""


@dataclass(frozen=True)
class Control:
    """How a unit is spoilt, and words of the fault by which it must be found; whether it falls over by that."""

    spoilt: Callable[[Parts], Parts]
    fault: str
    falls: bool = False

    def found(self, faults: list[str]) -> str:
        """The fault by which it was found; empty where it was not.

        Whoever only broke down did not do what is to be found. No fault quotes what it said then.
        """
        has_fallen = any(words in fault for fault in faults for words in FALLS)
        found = (fault for fault in faults if self.fault in fault)
        return next(found, "") if has_fallen is self.falls else ""


CONTROLS = {
    "keeps the crop of every face": Control(sabotage.hoarder, "memory grew"),
    "keeps two kilobytes of every frame": Control(sabotage.each_frame(sabotage.hold_two_kilobytes), "memory grew"),
    "leaves a descriptor open now and then": Control(sabotage.each_frame(sabotage.hold_a_descriptor), "descriptors"),
    "leaves a thread behind now and then": Control(sabotage.each_frame(sabotage.hold_a_thread), "threads"),
    "drops a row now and then": Control(stores.store(stores.Forgetful), "missing"),
    "doubles a row now and then": Control(stores.store(stores.Doubling), "not expected"),
    "writes a row under another's code now and then": Control(stores.store(stores.Mistaken), "missing"),
    "answers before the row is there": Control(stores.hasty, "before the row"),
    "sees nobody for ten frames now and then": Control(sabotage.blind, "missing"),
    "knows no duplicates": Control(sabotage.rules(duplicate_window_s=0.0), "not expected"),
    "says that everybody comes in": Control(sabotage.rules(direction=Direction.IN), "not expected"),
    "forgets its watchdog": Control(sabotage.hungry, "watchdog"),
    "falls over": Control(sabotage.each_frame(sabotage.fall_over), "ended with", falls=True),
    "loses a thread to a mistake": Control(sabotage.each_frame(sabotage.fall_over_beside), "stderr", falls=True),
    "loses a row that was written": Control(stores.lose_a_row, "chain"),
}
"""What each does, and the fault."""
