"""What came of a delivery."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.errors import SyncError


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one destination.

    Attributes:
        destination: as configured.
        n_events: rows that it did not have and has now.
        files: names of the files that were written.
        set_aside: copies of files that were torn or changed into something else.
        error: why it has not got everything; the rows go out the next time.
        is_new: it was prepared on this occasion.
    """

    destination: str
    n_events: int = 0
    files: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    error: SyncError | None = None
    is_new: bool = False
