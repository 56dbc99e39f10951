"""The database of a unit in trouble."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from edge.doctor import State
from edge.doctor.people import database
from edge.store import Store

MODEL = "facenet/int8"


def filled(path: Path, *models: str) -> None:
    with Store.open(path, unit="test") as store:
        for row, model in enumerate(models):
            person = store.add_person(f"A{row}", "Ada")
            store.add_template(person.id, np.eye(4, dtype=np.float32)[0], model=model, photo_sha256=f"{row:064d}")


def test_the_doctor_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    found = database(path, MODEL)
    assert found.state is State.WARNING
    assert "muster enrol" in found.advice
    assert not path.exists()


@pytest.mark.parametrize(
    ("made_by", "state", "words"),
    [
        ((MODEL,), State.OK, "1 person, 1 template"),
        ((), State.WARNING, "0 people, 0 templates: nobody can be recognised"),
        (("old/int8",), State.FAULT, "nobody can be recognised: templates were made by another model (1 by old/int8"),
        ((MODEL, "old/int8"), State.WARNING, "2 people, 1 template; 1 person cannot be recognised"),
    ],
)
def test_a_database_is_counted(tmp_path: Path, made_by: tuple[str, ...], state: State, words: str) -> None:
    filled(tmp_path / "muster.db", *made_by)
    found = database(tmp_path / "muster.db", MODEL)
    assert found.state is state
    assert words in found.sentence


def test_templates_that_cannot_be_compared_are_a_fault(tmp_path: Path) -> None:
    with Store.open(tmp_path / "muster.db", unit="test") as store:
        for d in (4, 8):
            person = store.add_person(f"A{d}", "Ada")
            store.add_template(person.id, np.ones(d, np.float32), model=MODEL, photo_sha256=f"{d:064d}")
    found = database(tmp_path / "muster.db", MODEL)
    assert (found.state, found.advice) == (State.FAULT, "restore a backup")
    assert "differ in length" in found.sentence


def test_a_damaged_database_is_a_fault_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    path.write_bytes(b"this is no database" * 100)
    before = path.read_bytes()
    assert database(path, MODEL).state is State.FAULT
    assert path.read_bytes() == before


def test_a_database_of_a_newer_muster_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    filled(path, MODEL)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    assert database(path, MODEL).state is State.FAULT


def test_a_file_in_the_place_of_the_data_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert database(tmp_path / "file" / "muster.db", None).state is State.FAULT
