"""How much of a stick is looked at: whatever somebody puts on one, the unit is done with it in a time that it knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.exchange.stick.manifest import MAX_FILES


@dataclass(frozen=True, slots=True)
class Bounds:
    """Beyond these a line of the receipt says that there was more.

    Attributes:
        n_files: photographs; with the folders of `n_people`, so many names below ``enrol/`` are looked at.
        n_of_one: photographs of one person.
        n_people: lines of a table; and folders of people.
        n_lines: of a receipt.
        receipt_bytes: of a receipt, about.
        table_bytes: of a table.
        limit_s: no further person is begun after so many seconds; the rest waits for the next time.
        now_s: seconds that never jump.
    """

    n_files: int = MAX_FILES
    n_of_one: int = 200
    n_people: int = 5_000
    n_lines: int = 10_000
    receipt_bytes: int = 3_000_000
    table_bytes: int = 5_000_000
    limit_s: float = 7_200.0
    now_s: Callable[[], float] = time.monotonic
