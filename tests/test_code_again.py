"""A code that was somebody's before: what is put right about the old one's rows is not the new one's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from decisions import Decide

from edge.corrections import Answerable, Change, as_it_stands, put_right
from edge.store import Store
from edge.types import Direction, Draft, Event, EventKind, Person, Stamp

SAID = Answerable("Eve", "the twin")


@pytest.fixture
def old(store: Store, decide: Decide) -> Event:
    """A row of Jane, who had the code 1042 until she was removed; her punch is of a clock that nobody had set."""
    event = store.record(store.add_person("1042", "Jane Doe"), decide(clock_ok=False), stamp=Stamp("boot", 10.0))
    store.remove_person("1042")
    return event


@pytest.fixture
def new(store: Store, old: Event) -> Person:
    """John, who has the code now."""
    return store.add_person(old.person_code, "John Roe")


def correct(store: Store, seq: int, change: Change) -> Event:
    row = store.written(str(seq))
    assert row
    return store.append(*put_right(as_it_stands(row, store.named_by(row)), change, SAID))[-1]


def test_what_is_put_right_about_the_old_holder_is_no_coming_or_going_of_the_new_one(
    store: Store, old: Event, new: Person
) -> None:
    entry = correct(store, old.seq, Change(direction=Direction.OUT))
    correct(store, entry.seq, Change(at_utc=old.at_utc + timedelta(hours=1)))
    assert new.id not in store.last_events()


def test_a_row_that_was_the_new_holders_all_the_same_becomes_theirs(store: Store, old: Event, new: Person) -> None:
    entry = correct(store, old.seq, Change(person=new))
    assert store.last_events()[new.id] == entry
    assert entry.person_name == "John Roe"


def test_a_time_that_becomes_known_is_the_old_holders_too(store: Store, old: Event, new: Person) -> None:
    store.give_times("boot", old.at_utc, n_most=9)
    assert store._database.rows("SELECT person_id FROM event") == [(None,), (None,)]
    assert new.id not in store.last_events()


def test_nobody_is_given_the_rows_of_who_had_the_code_before(store: Store, old: Event, new: Person, decide: Decide) -> None:
    correct(store, old.seq, Change(direction=Direction.OUT))
    own = store.record(new, decide())
    by_hand = store.append(Draft(new.code, new.name, own.at_utc, Direction.OUT, EventKind.ENTRY, by="Eve", why="forgot"))
    assert store.dossier(new.code).events == [own, *by_hand]
    store.remove_person(new.code)
    assert len(store.dossier(new.code).events) == 5, "whose each was nobody can tell any more"


def test_what_was_entered_before_somebody_was_enrolled_is_theirs(store: Store, old: Event) -> None:
    early = store.append(Draft("9", "Mary", old.at_utc, Direction.IN, EventKind.ENTRY, by="Eve", why="a visit"))
    store.add_person("9", "Mary")
    assert store.dossier("9").events == early


def test_who_was_given_a_row_keeps_it_when_it_is_put_right_again(store: Store, old: Event, new: Person) -> None:
    given = correct(store, old.seq, Change(person=new))
    entry = correct(store, given.seq, Change(direction=Direction.OUT))
    assert store.last_events()[new.id] == entry
