"""Tables that the office writes with a spreadsheet or by hand, read line by line: what is wrong in one harms no other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What became of one line of a table."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    NOT_HERE = "not here"
    REFUSED = "refused"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of the receipt of a table.

    Attributes:
        file: which table.
        number: which line of it, from 1; 0 for the table as a whole.
        code: whose; empty where that cannot be told.
        outcome: what became of it.
        reason: why, or what should be known of it; may be empty.
    """

    file: str
    number: int
    code: str
    outcome: Outcome
    reason: str = ""
