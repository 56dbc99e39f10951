"""Whether exported rows follow each other by their hashes, and how rows that are not there are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from edge.ledger import missing


class Remark(NamedTuple):
    """Something in a file that is not as it was written; line 0: it is in none."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.file}, line {self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


class Place(NamedTuple):
    """Where a chained row stands, and what of it is needed to follow the chain."""

    seq: int
    file: str
    line: int
    event_id: str
    previous: str
    chain: str

    def __str__(self) -> str:
        """Which row."""
        return f"row {self.seq} (event {self.event_id})"


def unlinked(places: list[Place], *, gaps_are_told: bool) -> Iterator[Remark]:
    """Rows of one ledger, by number, that do not follow each other. A row whose hash is not its own leads nowhere."""
    groups = [list(group) for _, group in groupby(places, key=lambda place: place.seq)]
    for group in groups:
        yield from _doubled(group)
    for before, group in pairwise(groups):
        last, hashes = before[0], {place.chain for place in before}
        where = f"row {last.seq} in {last.file}, line {last.line}"
        for place in group:
            if place.seq == last.seq + 1 and place.previous not in hashes and "" not in hashes:
                yield Remark(place.file, place.line, f"{place}: it does not follow {where}")
        if group[0].seq > last.seq + 1 and gaps_are_told and group[0].previous not in hashes:  # numbers can leap, hashes not
            gone = missing(last.seq + 1, group[0].seq - 1)
            yield Remark(group[0].file, group[0].line, f"{group[0]}: between it and {where} {gone}, or in another file")


def _doubled(group: list[Place]) -> Iterator[Remark]:
    """Rows of one number: twice in one file, or not the same in two. A file and its copy are in order."""
    for before, place in pairwise(group):
        is_other = place.chain != before.chain and place.chain and before.chain
        if is_other or place.file == before.file:
            yield Remark(place.file, place.line, f"{place}: another row {place.seq} is in {before.file}, line {before.line}")


def runs_of(lacking: Iterable[tuple[int, str]]) -> Iterator[str]:
    """One sentence for rows whose numbers follow each other."""
    runs: list[list[tuple[int, str]]] = []
    for seq, event_id in lacking:
        if not runs or seq != runs[-1][-1][0] + 1:
            runs.append([])
        runs[-1].append((seq, event_id))
    for run in runs:
        (first, event_id), (last, _) = run[0], run[-1]
        which = f"it (event {event_id})" if first == last else f"them (from event {event_id} on)"
        yield f"{missing(first, last)}; the database has {which}"
