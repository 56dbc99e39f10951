"""What another program had to do beside the unit: rows delivered as they were written, and people called by their new names."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from soak.oracle import code_of, name_of, renamed
from soak.plan import Plan
from soak.trace import Record

SAME = ("event_id", "kind", "person_code", "at_utc", "direction", "clock_ok", "corrects", "person_name")
"""What a delivered row has as the database has it."""


def rows_of(database: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All rows in their order, the columns of `SAME`."""
    return database.execute(f"SELECT {', '.join(SAME)} FROM event ORDER BY seq").fetchall()  # noqa: S608


@dataclass(frozen=True)
class Delivered:
    """What lies at the destination: the rows of its files, the columns of `SAME`."""

    rows: Counter[tuple[str, ...]]

    @classmethod
    def read(cls, share: Path) -> Self:
        """From the files of all months."""
        rows = Counter[tuple[str, ...]]()
        for path in sorted(share.glob("attendance-*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                rows.update(tuple(row[column] for column in SAME) for row in csv.DictReader(file))
        return cls(rows)

    def differences(self, written: list[tuple[Any, ...]]) -> Iterator[str]:
        """After the last delivery every row lies there once, as it is in the database."""
        wanted = Counter(tuple(_cell(value) for value in row) for row in written)
        for words, left in (("not delivered", wanted - self.rows), ("delivered otherwise or twice", self.rows - wanted)):
            if left:
                yield f"{words}: {left.total():,} rows; the first is {min(left)}"

    def lacks(self, record: Record, plan: Plan, figures: dict[str, str]) -> Iterator[str]:
        """What was recorded before the last delivery of the plan was begun lies there when that is over, before any other."""
        turns, there = record.recorded(), {row[0] for row in self.rows}
        begun = [each["turn"] for each in record.begun if plan.errands[each["number"], 1] < 0]
        due = [row for row, turn in turns.items() if begun and turn < begun[-1]]
        figures["delivered meanwhile"] = (
            f"{len(there & turns.keys()):,} of {len(turns):,} punches by {len(begun)} deliveries; due were {len(due):,}"
        )
        n_late = sum(row not in there for row in due)
        if n_late:
            yield f"{n_late:,} of {len(due):,} rows were not delivered with the plan's last delivery"
        if not due:
            yield "no delivery of the plan had anything to deliver"


def _cell(value: Any) -> str:
    """As a row's file has it: what is no text here is ``clock_ok``."""
    return value if isinstance(value, str) else str(bool(value)).lower()


def called(
    written: list[tuple[Any, ...]], people: dict[str, str], heard: tuple[Record, Plan], figures: dict[str, str]
) -> Iterator[str]:
    """Who was renamed is called so from then on, in people and in new rows; all others, and older rows, as they were."""
    record, plan = heard
    final = {code_of(who): renamed(who) for who in plan.errands[:, 1].tolist() if who >= 0}
    names = {code_of(who): name_of(who) for who in range(plan.n_people)} | final
    wrong = [code for code, name in names.items() if people.get(code) != name]
    if wrong:
        yield f"{len(wrong):,} people are called otherwise than the office has it; the first is {wrong[0]}"
    turns, n_after, odd = record.recorded(), 0, []
    spans = _spans(record, plan)
    for event_id, kind, code, *_, name in written:
        if kind == "punch" and event_id in turns:
            begun, ended = spans.get(code, (len(plan.ticks), len(plan.ticks)))
            turn = turns[event_id]
            n_after += turn >= ended
            may = {final.get(code)} if turn >= begun else set()
            may |= {name_of(int(code) - 1)} if turn < ended else set()
            odd += [] if name in may else [event_id]
    figures["renamed"] = f"{len(final)} people, who came {n_after} times afterwards"
    if odd:
        yield f"{len(odd):,} rows have another name than their person had then; the first is {odd[0]}"


def _spans(record: Record, plan: Plan) -> dict[str, tuple[int, int]]:
    """Code -> the turns in which renaming somebody was begun and was over; between them a row may have either name."""
    begun, ended = ({each["number"]: each["turn"] for each in part} for part in (record.begun, record.ended))
    whom = enumerate(plan.errands[:, 1].tolist())
    return {code_of(who): (begun[n], ended.get(n, len(plan.ticks))) for n, who in whom if who >= 0 and n in begun}
