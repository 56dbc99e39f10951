"""What other programs had to do beside the unit, and what they did instead."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from soak.controls import Control
from soak.delivered import SAME, Delivered, called
from soak.test_soak import PLAN
from soak.trace import Record

ADA, BEN = "Person 1", "Person 2"
NEW = "Person 1 the Second"
PEOPLE = {"00001": NEW, "00002": BEN}
OFFICE = replace(PLAN, ticks=np.arange(100), errands=np.array([(20, -1), (40, 0), (60, -1)]))
"""A delivery in turn 20, Ada is renamed in turn 40, another delivery in turn 60."""


def row(event_id: str, code: str, name: str) -> tuple[Any, ...]:
    return (event_id, "punch", code, "2026-03-27T22:58:10.400Z", "in", 1, "", name)


def record(**turns: int) -> Record:
    """In which turn each row was answered; each errand took five turns."""
    begun = [{"number": number, "turn": turn} for number, turn in enumerate([20, 40, 60])]
    ended = [each | {"turn": each["turn"] + 5} for each in begun]
    return Record(
        signals=[{"turn": turn, "signal": "accepted", "row": name} for name, turn in turns.items()], begun=begun, ended=ended
    )


class TestDelivered:
    WRITTEN = (row("a", "00001", ADA), row("b", "00002", BEN))

    def delivered(self, folder: Path, *rows: tuple[Any, ...]) -> Delivered:
        """As they come back from a file."""
        with (folder / "attendance-2026-03.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(SAME)
            writer.writerows([str(bool(cell)).lower() if isinstance(cell, int) else cell for cell in row] for row in rows)
        return Delivered.read(folder)

    def test_every_row_lies_there_once_as_it_was_written(self, tmp_path: Path) -> None:
        a, b = self.WRITTEN
        assert not list(self.delivered(tmp_path, b, a).differences([a, b]))
        assert len(list(self.delivered(tmp_path, a).differences([a, b]))) == 1
        assert len(list(self.delivered(tmp_path, a, b, b).differences([a, b]))) == 1

    @pytest.mark.parametrize("column", ["person_code", "at_utc", "direction", "person_name", "clock_ok"])
    def test_another_cell_is_found(self, tmp_path: Path, column: str) -> None:
        a, b = self.WRITTEN
        other = list(b)
        other[SAME.index(column)] = 0 if column == "clock_ok" else "other"
        assert len(list(self.delivered(tmp_path, a, tuple(other)).differences([a, b]))) == 2

    def test_what_was_due_with_the_last_delivery_of_the_plan_lies_there_before_any_other(self) -> None:
        a, _ = self.WRITTEN
        arrived = Delivered(Counter([tuple(map(str, a))]))
        assert not list(arrived.lacks(record(a=10, b=60), OFFICE, {}))
        assert list(arrived.lacks(record(a=10, b=59), OFFICE, {})) == [
            "1 of 2 rows were not delivered with the plan's last delivery"
        ]
        assert list(Delivered(Counter()).lacks(record(b=70), OFFICE, {}))


class TestCalled:
    def test_a_row_has_the_name_of_its_time(self) -> None:
        written = [row("a", "00001", ADA), row("b", "00002", BEN), row("c", "00001", NEW)]
        assert not list(called(written, PEOPLE, (record(a=39, b=50, c=45), OFFICE), {}))
        assert not list(called(written, PEOPLE, (record(a=44, b=50, c=44), OFFICE), {})), "while it is done both are right"

    @pytest.mark.parametrize(("name", "turn"), [(ADA, 45), (NEW, 39), (BEN, 44)])
    def test_another_name_is_found(self, name: str, turn: int) -> None:
        assert len(list(called([row("a", "00001", name)], PEOPLE, (record(a=turn), OFFICE), {}))) == 1

    def test_people_have_their_last_names(self) -> None:
        assert len(list(called([], PEOPLE | {"00001": ADA}, (record(), OFFICE), {}))) == 1
        assert len(list(called([], PEOPLE | {"00002": ADA}, (record(), OFFICE), {}))) == 1


class TestControl:
    LEAK, FALL = Control(lambda parts: parts, "memory grew"), Control(lambda parts: parts, "the unit ended", falls=True)

    def test_it_is_found_by_its_own_fault(self) -> None:
        assert self.LEAK.found(["missing: 1 row", "memory grew: RSS"]) == "memory grew: RSS"
        assert self.LEAK.found(["missing: 1 row"]) == ""

    @pytest.mark.parametrize("fall", ["the unit ended with 1", "on stderr it said that something failed", "the log has 1 faults"])
    def test_to_fall_over_is_no_proof_of_anything_else(self, fall: str) -> None:
        assert self.LEAK.found([fall, "memory grew: RSS"]) == ""

    def test_who_has_to_fall_over_is_found_by_that(self) -> None:
        assert self.FALL.found(["the unit ended with 1"])
        assert self.FALL.found(["memory grew: RSS"]) == ""
