"""What was done to the unit is remembered line by line, and no line goes away again."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.store import Store
from edge.store.audit import PERSON_REMOVED, STICK_REFUSED

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def details(store: Store) -> list[str]:
    return [line.detail for line in store.audit()]


def test_lines_come_back_in_the_order_they_were_written(store: Store) -> None:
    store.note(PERSON_REMOVED, "1042", at_utc=NOON, clock_ok=True)
    store.note(PERSON_REMOVED, "1043", at_utc=NOON - timedelta(days=20_000), clock_ok=False)

    first, second = store.audit()

    assert (first.seq, first.at_utc, first.clock_ok, first.what, first.detail) == (1, NOON, True, "person removed", "1042")
    assert (second.seq, second.clock_ok, second.detail) == (2, False, "1043")
    assert [line.detail for line in store.audit(since=NOON)] == ["1042"]


@pytest.mark.parametrize("sql", ["DELETE FROM audit", "UPDATE audit SET detail = 'x'"])
def test_no_line_is_changed_or_removed(db_path: Path, sql: str) -> None:
    with Store.open(db_path, unit="door-1") as store:
        store.note(PERSON_REMOVED, "1042", at_utc=NOON, clock_ok=True)

    with sqlite3.connect(db_path) as connection, pytest.raises(sqlite3.IntegrityError, match="audit log"):
        connection.execute(sql)
    connection.close()


def test_the_same_line_within_the_quiet_time_is_written_once(store: Store) -> None:
    for after_s in (0, 1, 59, 60, 61):
        store.note(STICK_REFUSED, "a", at_utc=NOON + timedelta(seconds=after_s), clock_ok=True, quiet=MINUTE)
    store.note(STICK_REFUSED, "b", at_utc=NOON, clock_ok=True, quiet=MINUTE)
    assert details(store) == ["a", "a", "b"]


def test_a_clock_that_was_set_back_silences_nothing(store: Store) -> None:
    store.note(STICK_REFUSED, "a", at_utc=NOON, clock_ok=False, quiet=MINUTE)
    store.note(STICK_REFUSED, "a", at_utc=NOON - timedelta(days=1), clock_ok=True, quiet=MINUTE)
    assert details(store) == ["a", "a"]


def test_a_line_goes_with_the_transaction_that_it_tells_of(store: Store) -> None:
    def removing() -> None:
        with store.transaction():
            store.note(PERSON_REMOVED, "1042", at_utc=NOON, clock_ok=True)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        removing()
    assert details(store) == []
