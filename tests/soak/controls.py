"""Units that do what no unit may. Each must be found, or a run in which nothing was found proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from soak import sabotage
from soak.sabotage import Parts

from edge.types import Direction


@dataclass(frozen=True)
class Control:
    """How a unit is spoilt, and words of the fault by which it must be found."""

    spoilt: Callable[[Parts], Parts]
    fault: str


CONTROLS = {
    "keeps the crop of every face": Control(sabotage.hoarder, "memory"),
    "keeps two kilobytes of every frame": Control(sabotage.each_frame(sabotage.hold_two_kilobytes), "memory"),
    "leaves a descriptor open now and then": Control(sabotage.each_frame(sabotage.hold_a_descriptor), "descriptors"),
    "leaves a thread behind now and then": Control(sabotage.each_frame(sabotage.hold_a_thread), "threads"),
    "drops a row now and then": Control(sabotage.store(sabotage.Forgetful), "missing"),
    "doubles a row now and then": Control(sabotage.store(sabotage.Doubling), "not expected"),
    "answers before the row is there": Control(sabotage.hasty, "before the row"),
    "sees nobody for ten frames now and then": Control(sabotage.blind, "missing"),
    "knows no duplicates": Control(sabotage.rules(duplicate_window_s=0.0), "not expected"),
    "says that everybody comes in": Control(sabotage.rules(direction=Direction.IN), "not expected"),
    "forgets its watchdog": Control(sabotage.hungry, "watchdog"),
    "loses a row that was written": Control(sabotage.lose_a_row, "chain"),
}
"""What each does, and the fault."""
