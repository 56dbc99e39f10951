"""Delivery: nothing lost and nothing twice, whatever is pulled, full, torn, shared or edited."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from decisions import Decide, accepted

from edge.exchange.delivery.marker import MARKER, Marker
from edge.exchange.files import LOCK_NAME, Files
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import Delivery, prepare, sync
from edge.store import Store

VIENNA = ZoneInfo("Europe/Vienna")
NOVEMBER = "attendance-2026-11.csv"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return prepared(tmp_path / "share")


def prepared(folder: Path) -> Path:
    """A new folder with a marker."""
    folder.mkdir()
    prepare(str(folder))
    return folder


def happen(store: Store, decide: Decide, n: int = 3, *, start: datetime = datetime(2026, 11, 22, 7, tzinfo=UTC)) -> None:
    """Somebody walks in and out n times, an hour apart."""
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    for hour in range(n):
        store.record(person, decide(start + timedelta(hours=hour)))


def deliver(store: Store, *folders: Path, files: Files | None = None) -> list[Delivery]:
    return sync(store, map(str, folders), timezone=VIENNA, files=files)


def ids(folder: Path) -> list[str]:
    """Of all events that are in a folder; a file that is no table fails here."""
    tables = [read_csv(path.read_bytes()) for path in sorted(folder.glob("attendance-????-??.csv"))]
    assert not any(table.faults for table in tables)
    return [row.event_id for table in tables for row in table.rows]


def stored(store: Store) -> list[str]:
    return [event.event_id for event in store.events()]


def listing(folder: Path) -> list[str]:
    """What is in a prepared folder beside its marker."""
    return sorted({path.name for path in folder.iterdir()} - {MARKER})


@contextlib.contextmanager
def as_somebody_else(folder: Path) -> Iterator[None]:
    """Root may write everything; this user may write into the folder only."""
    if os.geteuid():
        yield
        return
    folder.chmod(0o777)
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def id_of(folder: Path) -> str:
    return prepare(str(folder)).id


class TestDelivery:
    def test_rows_go_into_the_file_of_their_local_month(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide, 4, start=datetime(2026, 10, 31, 21, tzinfo=UTC))
        (delivery,) = deliver(store, share)
        assert listing(share) == ["attendance-2026-10.csv", NOVEMBER]
        assert [row.at_local[:13] for row in read_csv((share / NOVEMBER).read_bytes()).rows] == ["2026-11-01T00", "2026-11-01T01"]
        assert (delivery.n_events, delivery.files, delivery.error) == (4, ["attendance-2026-10.csv", NOVEMBER], None)

    @pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Niue"])
    def test_where_the_day_begins_within_an_hour_there_is_no_empty_month(
        self, store: Store, decide: Decide, share: Path, zone: str
    ) -> None:
        midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo(zone))
        person = store.add_person("1042", "Jane Doe")
        for name, before_s in (("attendance-2026-10.csv", 1), (NOVEMBER, 0)):
            store.record(person, decide((midnight - timedelta(seconds=before_s)).astimezone(UTC)))
            assert sync(store, [str(share)], timezone=ZoneInfo(zone))[0].files == [name]
        assert listing(share) == ["attendance-2026-10.csv", NOVEMBER]

    def test_twice_changes_nothing(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide)
        deliver(store, share)
        before = (share / NOVEMBER).stat().st_mtime_ns
        assert deliver(store, share) == [Delivery(str(share))]
        assert (share / NOVEMBER).stat().st_mtime_ns == before

    def test_later_rows_are_added(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide)
        deliver(store, share)
        happen(store, decide, 2, start=datetime(2026, 11, 23, 7, tzinfo=UTC))
        assert deliver(store, share)[0].n_events == 2
        assert ids(share) == stored(store)

    def test_each_destination_gets_everything_once(self, store: Store, decide: Decide, share: Path, tmp_path: Path) -> None:
        prepared(tmp_path / "stick")
        happen(store, decide)
        deliver(store, share)
        happen(store, decide)
        assert [d.n_events for d in deliver(store, share, tmp_path / "stick")] == [3, 6]
        assert sorted(ids(share)) == sorted(ids(tmp_path / "stick")) == sorted(stored(store))

    def test_two_units_share_one_file(self, store: Store, decide: Decide, share: Path) -> None:
        with Store.open(":memory:", unit="door-2") as second:
            for _ in range(2):
                for unit in (store, second):
                    happen(unit, decide, 2)
                    deliver(unit, share)
            assert sorted(ids(share)) == sorted(stored(store) + stored(second))

    def test_a_destination_that_fails_does_not_keep_the_others_waiting(
        self, store: Store, decide: Decide, share: Path, tmp_path: Path
    ) -> None:
        happen(store, decide)
        missing, other = deliver(store, tmp_path / "stick", share)
        assert "it is not there. Plug in the stick" in str(missing.error)
        assert (missing.error.exit_code, missing.error.retryable) == (75, True)
        assert (other.error, ids(share)) == (None, stored(store))
        prepared(tmp_path / "stick")
        deliver(store, tmp_path / "stick")
        assert ids(tmp_path / "stick") == stored(store)

    def test_a_file_is_no_destination(self, store: Store, decide: Decide, tmp_path: Path) -> None:
        happen(store, decide)
        (tmp_path / "file").touch()
        assert "not a folder" in str(deliver(store, tmp_path / "file")[0].error)


class TestWhatIsThereAlready:
    def test_a_row_that_the_office_corrected_stays_corrected(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide)
        deliver(store, share)
        (share / NOVEMBER).write_bytes((share / NOVEMBER).read_bytes().replace(b",in,", b",out,", 1))
        happen(store, decide, 1, start=datetime(2026, 11, 23, 7, tzinfo=UTC))
        assert deliver(store, share)[0].set_aside == []
        assert [row.direction for row in read_csv((share / NOVEMBER).read_bytes()).rows] == ["out", "in", "in", "in"]

    @pytest.mark.parametrize(
        "harm",
        [
            lambda b: b[:-70],
            lambda b: b.replace(b",", b";"),
            lambda _: b"",
            lambda _: b"PK\3\4 not CSV any more",
            lambda b: b + b"sum,4",
        ],
        ids=["torn", "semicolons", "emptied", "a workbook", "a sum"],
    )
    def test_a_file_that_is_no_such_table_any_more_is_kept_beside(
        self, store: Store, decide: Decide, share: Path, harm: Callable[[bytes], bytes]
    ) -> None:
        happen(store, decide)
        deliver(store, share)
        harmed = harm((share / NOVEMBER).read_bytes())
        (share / NOVEMBER).write_bytes(harmed)
        happen(store, decide)
        (delivery,) = deliver(store, share)
        assert delivery.set_aside == ["attendance-2026-11.set-aside-1.csv"]
        assert (share / delivery.set_aside[0]).read_bytes() == harmed
        assert sorted(ids(share)) == sorted(stored(store)), "the new file has the whole month again"

    def test_rows_of_another_unit_are_saved_out_of_a_torn_file(self, store: Store, decide: Decide, share: Path) -> None:
        with Store.open(":memory:", unit="door-2") as second:
            happen(second, decide, 2)
            deliver(second, share)
            with (share / NOVEMBER).open("ab") as file:
                file.write(b"0b7e2f0e-6d1c")
            happen(store, decide)
            deliver(store, share)
            assert sorted(ids(share)) == sorted(stored(store) + stored(second))

    @pytest.mark.parametrize("n_columns", [9, 10])
    def test_a_file_of_before_is_ours_and_gets_todays_columns_with_the_next_row(
        self, store: Store, decide: Decide, share: Path, n_columns: int
    ) -> None:
        happen(store, decide)
        deliver(store, share)
        lines = (share / NOVEMBER).read_bytes().replace(b"Jane Doe", b"J. Doe", 1).splitlines()
        assert b",clock_ok,backends,kind," in lines[0]
        (share / NOVEMBER).write_bytes(b"".join(b",".join(line.split(b",")[:n_columns]) + b"\r\n" for line in lines))
        ran = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
        store.record(store.find_person("1042"), decide(datetime(2026, 11, 23, 7, tzinfo=UTC)), backends=ran)
        (delivery,) = deliver(store, share)
        assert (delivery.n_events, delivery.set_aside) == (1, [])
        rows = read_csv((share / NOVEMBER).read_bytes()).rows
        assert [row.backends for row in rows] == ["", "", "", ran]
        assert [row.person_name for row in rows] == ["J. Doe", "Jane Doe", "Jane Doe", "Jane Doe"], "a correction stays"
        assert [row.chain for row in rows] == ["", *(event.chain for event in store.events()[1:])], (
            "what nobody changed is chained"
        )
        assert (share / NOVEMBER).read_bytes().splitlines()[0] == lines[0]

    def test_a_second_harm_gets_a_second_name(self, store: Store, decide: Decide, share: Path) -> None:
        for number, harmed in enumerate([b"first", b"second", b"second"], 1):
            (share / NOVEMBER).write_bytes(harmed)
            happen(store, decide, 1)
            assert deliver(store, share)[0].set_aside == [f"attendance-2026-11.set-aside-{min(number, 2)}.csv"]

    def test_a_file_that_was_carried_away_comes_back_whole(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide)
        deliver(store, share)
        (share / NOVEMBER).unlink()
        happen(store, decide)
        deliver(store, share)
        assert sorted(ids(share)) == sorted(stored(store))

    def test_a_pipe_or_a_link_in_its_place_is_an_error_and_is_not_followed(
        self, store: Store, decide: Decide, share: Path, tmp_path: Path
    ) -> None:
        happen(store, decide)
        (tmp_path / "secret").write_text("nobody's business")
        (share / NOVEMBER).symlink_to(tmp_path / "secret")
        assert "not a file" in str(deliver(store, share)[0].error)
        (share / NOVEMBER).unlink()
        os.mkfifo(share / NOVEMBER)
        assert "not a file" in str(deliver(store, share)[0].error)
        assert (tmp_path / "secret").read_text() == "nobody's business"

    def test_a_link_in_place_of_the_temporary_file_is_not_followed(
        self, store: Store, decide: Decide, share: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("nobody's business")
        (share / f".{NOVEMBER}.part").symlink_to(tmp_path / "secret")
        happen(store, decide)
        deliver(store, share)
        assert (tmp_path / "secret").read_text() == "nobody's business"
        assert ids(share) == stored(store)


class TestTogether:
    def test_while_another_is_writing_it_says_so(self, store: Store, decide: Decide, share: Path) -> None:
        happen(store, decide)
        with (share / LOCK_NAME).open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            assert "another Muster is writing there" in str(deliver(store, share)[0].error)
        assert listing(share) == [LOCK_NAME]
        deliver(store, share)
        assert listing(share) == [NOVEMBER]

    def test_a_pipe_in_the_place_of_the_lock_is_not_opened(self, store: Store, decide: Decide, share: Path) -> None:
        """A device there could do worse than wait: opening some of them does something."""
        os.mkfifo(share / LOCK_NAME)
        happen(store, decide)
        assert "a pipe or a device; remove it" in str(deliver(store, share)[0].error)
        assert listing(share) == [LOCK_NAME]

    def test_a_lock_that_another_user_has_left_keeps_nobody_out(self, store: Store, decide: Decide, share: Path) -> None:
        (share / LOCK_NAME).touch(mode=0o444)
        happen(store, decide)
        with contextlib.chdir(share), as_somebody_else(share):
            assert not os.access(LOCK_NAME, os.W_OK, effective_ids=True)
            assert deliver(store, Path())[0].error is None
        assert ids(share) == stored(store)

    def test_leftovers_of_an_interrupted_run_are_cleared(self, store: Store, decide: Decide, share: Path) -> None:
        (share / ".attendance-2026-09.csv.part").write_bytes(b"half a f")
        (share / "holiday.part").write_bytes(b"somebody's")
        happen(store, decide)
        deliver(store, share)
        assert listing(share) == [NOVEMBER, "holiday.part"]


class Failing(Files):
    """The n-th step on the medium fails; if it was to write, half of it is there."""

    def __init__(self, at_step: int, fail: Callable[[], None]) -> None:
        self.steps_left = at_step
        self.fail = fail

    def step(self) -> None:
        self.steps_left -= 1
        if self.steps_left == 0:
            self.fail()

    def create(self, path: Path, content: bytes) -> None:
        if self.steps_left == 1:
            path.write_bytes(content[: len(content) // 2])
        self.step()
        super().create(path, content)
        self.step()

    def rename(self, source: Path, target: Path) -> None:
        self.step()
        super().rename(source, target)
        self.step()

    def settle(self, folder: Path) -> None:
        self.step()
        super().settle(folder)
        self.step()

    def remove(self, path: Path) -> None:
        self.step()
        super().remove(path)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivered month and a torn one, and something new for both; the destination is called "share"."""
    folder = tmp_path_factory.mktemp("original")
    prepared(folder / "share")
    start = datetime(2026, 10, 31, 22, tzinfo=UTC)
    with contextlib.chdir(folder), Store.open("muster.db", unit="door-1") as store:
        happen(store, accepted, start=start)
        deliver(store, Path("share"))
        happen(store, accepted, start=start)
    torn = folder / "share" / NOVEMBER
    torn.write_bytes(torn.read_bytes()[:-30])
    return folder


@pytest.fixture
def scene(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the original, as the working directory."""
    shutil.copytree(original, tmp_path / "scene")
    monkeypatch.chdir(tmp_path / "scene")
    return Path("share")


def open_scene() -> Store:
    return Store.open("muster.db", unit="door-1")


def all_is_well_after_the_next_delivery(store: Store, share: Path) -> None:
    (delivery,) = deliver(store, share)
    assert delivery.error is None
    assert sorted(ids(share)) == sorted(stored(store))
    assert listing(share) == ["attendance-2026-10.csv", NOVEMBER, "attendance-2026-11.set-aside-1.csv"]


@pytest.mark.parametrize(
    ("number", "sentence", "is_retryable"),
    [
        (errno.EBUSY, "somebody has a file open there", True),  # what a share says of a workbook that is open on somebody's desk
        (errno.ETXTBSY, "somebody has a file open there", True),
        (errno.EHOSTDOWN, "its server is not reached", True),
        (errno.ESTALE, "its server is not reached", True),
        (errno.EDQUOT, "it is full", False),
        (errno.EPERM, "it may not be written", False),
        (errno.EILSEQ, "Invalid or incomplete multibyte", True),
    ],
)
def test_what_is_wrong_is_said_and_whether_waiting_helps(
    store: Store, decide: Decide, share: Path, number: int, sentence: str, *, is_retryable: bool
) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    happen(store, decide)
    (delivery,) = deliver(store, share, files=Failing(2, fail))
    assert sentence in str(delivery.error)
    assert delivery.error.retryable == is_retryable
    assert ids(share) == []
    deliver(store, share)
    assert ids(share) == stored(store)


N_STEPS = 22
"""More than the delivery of the scene takes; a test makes sure of it."""


def pulled() -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("at_step", range(1, N_STEPS))
def test_a_medium_that_fails_at_any_step_loses_nothing_and_doubles_nothing(scene: Path, at_step: int) -> None:
    with open_scene() as store:
        (failed,) = deliver(store, scene, files=Failing(at_step, pulled))
        if failed.error is not None:
            assert "was pulled" in str(failed.error)
            assert len(store.undelivered(id_of(scene))) == 3, "the cursor moves last"
        all_is_well_after_the_next_delivery(store, scene)


@pytest.mark.parametrize("at_step", range(1, N_STEPS))
def test_a_power_cut_at_any_step_loses_nothing_and_doubles_nothing(scene: Path, at_step: int) -> None:
    """A child dies at once, without any ``finally``, as when the plug is pulled; the database is a file."""
    child = os.fork()
    if child == 0:
        with open_scene() as store:
            deliver(store, scene, files=Failing(at_step, lambda: os._exit(9)))
            os._exit(0)
    os.waitpid(child, 0)
    with open_scene() as store:
        all_is_well_after_the_next_delivery(store, scene)


def test_the_tests_above_reach_the_last_step(scene: Path) -> None:
    with open_scene() as store:
        files = Failing(1000, pulled)
        deliver(store, scene, files=files)
        assert N_STEPS > 1000 - files.steps_left > N_STEPS - 4


@pytest.mark.parametrize(("options", "sentence"), [("size=64k", "it is full"), ("ro", "it is read-only")])
def test_a_real_medium_that_is_full_or_read_only_is_said(tmp_path: Path, options: str, sentence: str) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this system does not let us mount: no user namespaces")
    (tmp_path / "stick").mkdir()
    (tmp_path / "deliver.py").write_text(DELIVER_A_LOT)
    (tmp_path / MARKER).write_bytes(Marker.new("stick").content())
    mount = f'mount -t tmpfs none "{tmp_path}/stick" && cp "{tmp_path / MARKER}" "{tmp_path}/stick"'
    mount += f' && mount -o remount,{options} "{tmp_path}/stick"'
    command = f'{mount} && "{sys.executable}" "{tmp_path}/deliver.py" "{tmp_path}/stick"; ls -A "{tmp_path}/stick"'
    done = subprocess.run(["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    error, n_undelivered, *left = done.stdout.splitlines()
    assert sentence in error
    assert n_undelivered == "1000"
    assert set(left) <= {LOCK_NAME, MARKER}


DELIVER_A_LOT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from edge.exchange.delivery.marker import MARKER, read_marker
from edge.exchange.sync import sync
from edge.store import Store
from edge.types import Decision, Direction, Outcome
accepted = Decision(Outcome.ACCEPTED, 1, Direction.IN, 0.4, 3, 0.0, datetime(2026, 11, 22, tzinfo=UTC), True)
with Store.open(":memory:", unit="door-1") as store:
    person = store.add_person("1042", "Jane Doe")
    for _ in range(1000):
        store.record(person, accepted)
    (delivery,) = sync(store, sys.argv[1:], timezone=UTC)
    print(delivery.error)
    marker = read_marker((Path(sys.argv[1]) / MARKER).read_bytes(), sys.argv[1])
    print(len(store.undelivered(marker.id)))
"""
