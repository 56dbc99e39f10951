"""`muster replay`: what the unit would answer to a recording, and that nothing else comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from decisions import Decide
from PIL import Image

from edge import wiring
from edge.cli import main
from edge.config import Config
from edge.errors import StoreError
from edge.ledger import verify
from edge.store import FILE_NAME, Seal, Store
from edge.types import Direction, EventKind, Stamp
from scripts.demo import portraits

Files = dict[str, tuple[int, bytes]]

needs_networks = pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them")
needs_portraits = pytest.mark.skipif(
    bool(portraits.missing(portraits.FOLDER)), reason="var/portraits is not complete: `make portraits` fetches it"
)


def of_folder(data: Path) -> Files:
    """Every file with its time and contents, but the memory that SQLite shares among processes, and its empty log."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in data.iterdir()
        if not path.name.endswith("-shm") and path.stat().st_size
    }


def frames(folder: Path, pixels: np.ndarray, *, n: int) -> Path:
    folder.mkdir()
    for i in range(n):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def astronaut() -> np.ndarray:
    return np.asarray(Image.open(portraits.FOLDER / "astronaut.png").convert("RGB"))


def enrol(data: Path, pixels: np.ndarray, *, n_rows: int, record: Decide) -> None:
    """A person who came so many times, a day apart, the last time an hour ago."""
    recogniser = wiring.recogniser(Config())
    vector = recogniser.embedder.templates(pixels, recogniser.detector.detect(pixels)[:1])[0]
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        person = store.add_person("1042", "Eileen Collins")
        store.add_template(person.id, vector, model=recogniser.model, photo_sha256="0" * 64)
        for i in range(n_rows):
            store.record(person, record(datetime.now(UTC) - timedelta(days=n_rows - 1 - i, hours=1)))


# With the real networks


@pytest.mark.demo
@needs_networks
@needs_portraits
def test_a_replay_answers_as_the_door_would_beside_a_unit_at_work_and_writes_nothing(
    tmp_path: Path, astronaut: np.ndarray, decide: Decide, capsys: pytest.CaptureFixture[str]
) -> None:
    data, report = tmp_path / "var", tmp_path / "report.jsonl"
    enrol(data, astronaut, n_rows=2, record=decide)
    (data / "muster.toml").write_text("[attendance]\nduplicate_window_s = 7200\n")
    recording = frames(tmp_path / "frames", astronaut, n=5)
    with wiring.alone(data):
        before = of_folder(data)
        assert main(["--data", str(data), "replay", str(recording), "--report", str(report)]) == 0
        assert of_folder(data) == before
    told = capsys.readouterr().out
    verdicts = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(verdict["outcome"], verdict["person_code"]) for verdict in verdicts] == [("already", "1042")], "as the last row was"
    assert "no row was written" in told
    assert "LED" not in told


def test_a_recording_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store.open(tmp_path / FILE_NAME, unit="door-1").close()
    assert main(["--data", str(tmp_path), "replay", str(tmp_path / "gone")]) == 69
    assert "gone is not there" in capsys.readouterr().err


def test_without_a_database_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "replay", str(tmp_path)]) == 74
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# The copy, and the store that is only read


@pytest.fixture
def written(db_path: Path, decide: Decide) -> Callable[..., Path]:
    """Makes a database with three people, of whom two have come."""

    def make(seal: Seal | None = None) -> Path:
        with Store.open(db_path, unit="door-1", seal=seal) as store:
            ada, ben, _ = (store.add_person(code, name) for code, name in (("1", "Ada"), ("2", "Ben"), ("3", "Cy")))
            store.record(ada, decide(datetime(2026, 11, 20, 7, tzinfo=UTC)))
            store.record(ada, decide(datetime(2026, 11, 21, 7, tzinfo=UTC), Direction.OUT))
            store.record(ben, decide(datetime(2026, 11, 21, 8, tzinfo=UTC)))
        return db_path

    return make


@pytest.mark.parametrize("seal", [None, Seal.of(bytes(range(32)))])
def test_the_copy_knows_everybodys_last_row_and_goes_on_from_it(
    written: Callable[..., Path], decide: Decide, seal: Seal | None
) -> None:
    path = written(seal)
    with Store.open_to_read(path, unit="door-1", seal=seal) as store:
        last, copy = store.last_events(), store.rehearsal_at_the_door()
    with copy:
        assert {who: (event.event_id, event.person_name, event.at_utc) for who, event in copy.last_events().items()} == {
            who: (event.event_id, event.person_name, event.at_utc) for who, event in last.items()
        }
        assert [event.seq for event in copy.events()] == [2, 3], "and no other row"
        ada = copy.find_person("1")
        assert ada
        assert copy.record(ada, decide()).seq == 4


def test_the_copy_knows_times_that_became_known_later(db_path: Path, decide: Decide) -> None:
    boot = "b" * 36
    with Store.open(db_path, unit="door-1") as store:
        ada = store.add_person("1", "Ada")
        row = store.record(ada, decide(datetime(1970, 1, 1, tzinfo=UTC), clock_ok=False), stamp=Stamp(boot, 100.0))
        store.give_times(boot, datetime(2026, 11, 22, 7, tzinfo=UTC), n_most=10)
        assert [event.kind for event in store.events()] == [EventKind.PUNCH, EventKind.TIME]
    with Store.open_to_read(db_path, unit="door-1") as store, store.rehearsal_at_the_door() as copy:
        (last,) = copy.last_events().values()
    assert (last.event_id, last.at_utc) == (row.event_id, datetime(2026, 11, 22, 7, 1, 40, tzinfo=UTC))


def test_what_is_opened_to_be_read_cannot_be_written(written: Callable[..., Path], decide: Decide) -> None:
    path = written()
    with Store.open_to_read(path, unit="door-1") as store:
        ada = store.find_person("1")
        assert ada
        with pytest.raises(StoreError):
            store.record(ada, decide())
        with pytest.raises(StoreError):
            store.rename_person("1", "Eve")
        assert len(store.events()) == 3
    with Store.open(path, unit="door-1") as store:
        assert not list(verify(store.entries(), n_written=store.n_written()))


def test_reading_seals_nothing_and_opens_nothing_with_a_wrong_key(written: Callable[..., Path]) -> None:
    path = written()
    with Store.open_to_read(path, unit="door-1", seal=Seal.of(bytes(32))) as store:
        assert [person.name for person in store.people()] == ["Ada", "Ben", "Cy"]
    with Store.open(path, unit="door-1", seal=Seal.of(bytes(32))):
        pass
    with pytest.raises(StoreError, match="is sealed with key"):
        Store.open_to_read(path, unit="door-1", seal=Seal.of(bytes(range(32))))


@pytest.mark.parametrize(("step", "words"), [(-1, "is of an older Muster"), (1, "a newer one made it")])
def test_a_database_of_another_version_is_left_as_it_is(written: Callable[..., Path], step: int, words: str) -> None:
    path = written()
    with Store.open(path, unit="door-1") as store:
        version = store._database.version + step
        store._database.conn.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=words):
        Store.open_to_read(path, unit="door-1")


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there"):
        Store.open_to_read(tmp_path / FILE_NAME, unit="door-1")
    assert list(tmp_path.iterdir()) == []
