"""The key of a stick that is forgotten is in the file no more, however many sticks there were."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from decisions import accepted

from edge.errors import StoreError
from edge.store import Seal, Store
from edge.store.sticks import Stick

NOW = accepted().at_utc
KEY = Seal.of(bytes(range(32)))


def some_sticks(chance: random.Random, n: int) -> list[Stick]:
    """With names and hardware of any length, so that rows move between pages."""
    return [
        Stick(
            str(uuid.UUID(int=chance.getrandbits(128))),
            "n" * chance.randrange(1, 200),
            chance.randbytes(32),
            "h" * chance.randrange(400),
            NOW,
        )
        for _ in range(n)
    ]


def strays(store: Store, sticks: list[Stick]) -> list[Stick]:
    """Those whose key stands more often in the file than in its row."""
    store.empty_log()
    raw = store._database.path.read_bytes()
    return [stick for stick in sticks if raw.count(stick.key) > 1]


@pytest.mark.parametrize("is_paired_anew", [False, True])
def test_nor_in_a_copy_that_sqlite_left_when_rows_moved(db_path: Path, *, is_paired_anew: bool) -> None:
    chance = random.Random(5)  # noqa: S311  nothing secret
    sticks = some_sticks(chance, 150)
    with Store.open(db_path, unit="door-1") as store:
        with store.transaction():
            for stick in sticks:
                store.pair_stick(stick)
            for stick in chance.sample(sticks, len(sticks)):
                store.take_up(stick.id, serial=1, mac="0" * 64)  # the row grows, and others make room for it
        leaving = strays(store, sticks)
        assert leaving, "what is not there cannot go"
        for stick in leaving:
            if is_paired_anew:
                store.pair_stick(replace(stick, key=bytes(32)))
            else:
                assert store.unpair_stick(stick.id)
        store.empty_log()
        raw = db_path.read_bytes()
        assert not any(stick.key in raw for stick in leaving)
        staying = [stick for stick in sticks if stick not in leaving]
        assert {stick.key for stick in store.sticks()} - {bytes(32)} == {stick.key for stick in staying}
        assert {stick.mac for stick in store.sticks() if stick.key != bytes(32)} == {"0" * 64}


def test_one_that_is_not_known_is_not_forgotten(store: Store) -> None:
    (stick, other) = some_sticks(random.Random(6), 2)  # noqa: S311  nothing secret
    store.pair_stick(stick)
    assert not store.unpair_stick(other.id)
    assert store.sticks() == [stick]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_key_opens_for_its_own_stick_alone(db_path: Path, *, is_whole: bool) -> None:
    one, two = some_sticks(random.Random(7), 2)  # noqa: S311  nothing secret
    with Store.open(db_path, unit="door-1", seal=KEY) as store:
        for stick in (one, two):
            store.pair_stick(stick)
        if is_whole:
            assert {stick.key for stick in store.sticks()} == {one.key, two.key}
            return
        swap = "UPDATE stick SET key = (SELECT key FROM stick WHERE stick_id = ?) WHERE stick_id = ?"
        store._database.rows(swap, [two.id, one.id])
        with pytest.raises(StoreError, match=f"sealed for stick {one.id}"):
            store.find_stick(one.id)
        assert store.find_stick(two.id) == two
        assert [stick.key for stick in store.sticks_as_far_as_they_open() if stick.id == one.id] == [b""]
