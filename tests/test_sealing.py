"""Names and templates under a key: what lies on the card, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.store import Store
from edge.store.sealing import Seal
from edge.types import Decision, Direction, Outcome
from datetime import UTC, datetime

KEY = Seal.of(bytes(range(32)))


def test_a_sealed_database_holds_neither_name_nor_template(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    with Store.open(path, unit="door-1", seal=KEY) as store:
        ada = store.add_person("1", "Ada Lovelace")
        store.add_template(ada.id, np.linspace(-1, 1, 64, dtype=np.float32), model="m/int8", photo_sha256="a" * 64)
        decision = Decision(
            Outcome.ACCEPTED, ada.id, Direction.IN, 0.4, 3, 0.0, datetime(2026, 11, 22, tzinfo=UTC), clock_ok=True
        )
        print(store.record(ada, decision))
        assert store.people() == [ada]
        raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Lovelace" not in raw
    with Store.open(path, unit="door-1", seal=KEY) as store:
        print(store.events(), store.templates("m/int8"))
        print(store.reseal(Seal.none()))
        print([e.is_whole() for e in store.entries()])
    with Store.open(path, unit="door-1") as store:
        print(store.events())
        print(store.reseal(KEY))
        print([e.is_whole() for e in store.entries()])
