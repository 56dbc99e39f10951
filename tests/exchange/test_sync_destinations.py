"""A destination proves what it is: another stick, an empty folder beneath a share, a path of before."""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from decisions import Decide

from edge.errors import SyncError
from edge.exchange.delivery.marker import MARKER, Marker
from edge.exchange.delivery.mounts import is_mounted, mount_of
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import LOCK_NAME
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import Delivery, look, prepare, sync
from edge.store import Store

VIENNA = ZoneInfo("Europe/Vienna")
NOVEMBER = "attendance-2026-11.csv"


def happen(store: Store, decide: Decide, n: int = 3, *, day: int = 22) -> None:
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    for hour in range(n):
        store.record(person, decide(datetime(2026, 11, day, 7, tzinfo=UTC) + timedelta(hours=hour)))


def deliver(store: Store, folder: Path | str, **terms: bool) -> Delivery:
    return sync(store, [str(folder)], timezone=VIENNA, terms=Terms(**terms))[0]


def ids(folder: Path) -> list[str]:
    table = read_csv((folder / NOVEMBER).read_bytes())
    assert not table.faults
    return [row.event_id for row in table.rows]


def stored(store: Store) -> list[str]:
    return [event.event_id for event in store.events()]


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


class TestMarker:
    def test_a_folder_is_prepared_once_and_stays_what_it_is(self, stick: Path) -> None:
        marker = prepare(str(stick))
        assert marker.name == "stick"
        content = (stick / MARKER).read_bytes()
        assert (prepare(str(stick)), look(str(stick))) == (marker, marker)
        assert (stick / MARKER).read_bytes() == content
        assert [path.name for path in stick.iterdir()] == [MARKER]

    def test_no_two_are_alike(self, tmp_path: Path, stick: Path) -> None:
        (tmp_path / "other").mkdir()
        assert prepare(str(stick)).id != prepare(str(tmp_path / "other")).id

    @pytest.mark.parametrize("name", ['a "stick"', "a\\b", "Zürich", "tab\there", "del\x7f"])
    def test_any_name_reads_back(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()
        assert prepare(str(tmp_path / name)) == look(str(tmp_path / name))
        assert look(str(tmp_path / name)).name == name

    def test_without_one_nothing_is_written_and_the_sentence_says_why(self, store: Store, decide: Decide, stick: Path) -> None:
        happen(store, decide)
        error = deliver(store, stick).error
        assert "the empty folder beneath it: mount it" in str(error)
        assert f"`muster sync --prepare {stick}`. Nothing is lost" in str(error)
        assert error.retryable, "the share may be mounted in a moment"
        assert list(stick.iterdir()) == []

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"id = ",
            b"\xff",
            b'id = "1"',
            b"id = 1",
            b'name = "stick"',
            b"x" * 2_000_000,
            b"a = " + b"[" * 3000,
            b"a" + b".a" * 400_000 + b" = 1",
        ],
        ids=["empty", "torn", "no text", "no UUID", "a number", "no id", "too long", "endless brackets", "endless dots"],
    )
    def test_a_damaged_one_is_refused_and_can_be_made_anew(
        self, store: Store, decide: Decide, stick: Path, content: bytes
    ) -> None:
        happen(store, decide)
        (stick / MARKER).write_bytes(content)
        error = deliver(store, stick).error
        assert not error.retryable
        assert not (stick / NOVEMBER).exists()
        if len(content) < 1_000_000:
            assert f"Begin again, which doubles no row: `muster sync --prepare {stick}`" in str(error)
            prepare(str(stick))
            assert deliver(store, stick).error is None

    def test_without_one_not_even_a_lock_is_laid_there(self, store: Store, decide: Decide, stick: Path) -> None:
        """The folder beneath a share may be somebody's; who has a lock there is not asked."""
        happen(store, decide)
        with (stick / LOCK_NAME).open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            assert "the empty folder beneath it" in str(deliver(store, stick).error)

    def test_a_link_in_its_place_is_not_followed(self, store: Store, decide: Decide, tmp_path: Path, stick: Path) -> None:
        (tmp_path / "elsewhere").write_bytes(Marker.new("stick").content())
        (stick / MARKER).symlink_to(tmp_path / "elsewhere")
        happen(store, decide)
        assert "not a file" in str(deliver(store, stick).error)

    def test_who_names_it_by_hand_prepares_it(self, store: Store, decide: Decide, stick: Path) -> None:
        happen(store, decide)
        assert (deliver(store, stick, prepare=True).is_new, deliver(store, stick, prepare=True).is_new) == (True, False)
        assert ids(stick) == stored(store)

    def test_a_folder_that_is_not_there_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(SyncError, match="it is not there"):
            prepare(str(tmp_path / "stick"))
        (tmp_path / "file").touch()
        with pytest.raises(SyncError, match="not a folder"):
            prepare(str(tmp_path / "file"))


class TestCursor:
    def test_another_stick_at_the_same_path_gets_everything(
        self, store: Store, decide: Decide, tmp_path: Path, stick: Path
    ) -> None:
        prepare(str(stick))
        happen(store, decide)
        deliver(store, stick)
        stick.rename(tmp_path / "first")
        stick.mkdir()
        prepare(str(stick))
        assert deliver(store, stick).n_events == 3
        assert ids(stick) == stored(store)

    def test_the_same_stick_at_another_path_goes_on(self, store: Store, decide: Decide, tmp_path: Path, stick: Path) -> None:
        prepare(str(stick))
        happen(store, decide)
        deliver(store, stick)
        (stick / NOVEMBER).unlink()  # carried away
        moved = stick.rename(tmp_path / "stick1")
        assert deliver(store, moved).n_events == 0
        assert not (moved / NOVEMBER).exists()

    def test_the_cursor_of_a_path_of_before_counts_where_its_last_row_is_found(
        self, store: Store, decide: Decide, stick: Path
    ) -> None:
        self.delivered_before_there_were_markers(store, decide, stick)
        written = (stick / NOVEMBER).stat().st_mtime_ns
        prepare(str(stick))
        assert deliver(store, stick) == Delivery(str(stick))
        assert (stick / NOVEMBER).stat().st_mtime_ns == written
        assert store.last_delivered(str(stick)) is None, "nobody else inherits it"

    def test_an_empty_stick_at_a_path_of_before_gets_everything(
        self, store: Store, decide: Decide, tmp_path: Path, stick: Path
    ) -> None:
        self.delivered_before_there_were_markers(store, decide, stick)
        stick.rename(tmp_path / "old")
        stick.mkdir()
        prepare(str(stick))
        assert deliver(store, stick).n_events == 3
        assert store.last_delivered(str(stick)), "the old one may come yet"

    def test_a_months_outage_is_made_up_for_at_once_and_once(
        self, store: Store, decide: Decide, tmp_path: Path, stick: Path
    ) -> None:
        prepare(str(stick))
        happen(store, decide, day=1)
        deliver(store, stick)
        away = stick.rename(tmp_path / "away")
        for day in range(2, 31):
            stick.mkdir()  # the folder beneath the share
            happen(store, decide, day=day)
            assert not deliver(store, stick).n_events
            stick.rmdir()  # and it is still empty
        away.rename(stick)
        assert (deliver(store, stick).n_events, deliver(store, stick).n_events) == (29 * 3, 0)
        assert sorted(ids(stick)) == sorted(stored(store))

    def test_again_means_everything(self, store: Store, decide: Decide, stick: Path) -> None:
        prepare(str(stick))
        happen(store, decide)
        deliver(store, stick)
        (stick / NOVEMBER).unlink()
        assert deliver(store, stick, again=True).n_events == 3

    @staticmethod
    def delivered_before_there_were_markers(store: Store, decide: Decide, stick: Path) -> None:
        """As a Muster of before left it: rows there, and a cursor under the path."""
        happen(store, decide)
        deliver(store, stick, prepare=True)
        store.carry_over(look(str(stick)).id, str(stick))
        (stick / MARKER).unlink()


MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 27 8:1 / /media/office\\040stick rw,nosuid shared:1 master:2 - vfat /dev/sda1 rw
31 27 0:40 / /mnt/share rw - autofs systemd-1 rw
32 27 0:41 / /mnt/later rw - autofs systemd-1 rw
33 32 0:42 / /mnt/later rw - cifs //server/share rw
34 27 254:0 /srv /mnt/bound rw - ext4 /dev/root rw
35 27 0:43 / /mnt/late rw - tmpfs none rw
"""


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind", "is_one"),
    [
        ("/media/office stick", "vfat", True),
        ("/media/office stick/attendance", "vfat", True),
        ("/media/office stick 2", "ext4", False),
        ("/mnt/share", "autofs", False),
        ("/mnt/later", "cifs", True),
        ("/mnt/later/deep/er", "cifs", True),
        ("/mnt/bound", "ext4", True),
        ("/mnt/bound/folder", "ext4", False),
        ("/mnt", "ext4", False),
        ("/", "ext4", False),
    ],
)
def test_what_is_mounted_is_told_from_the_units_own_disk(mountinfo: Path, folder: str, kind: str, is_one: bool) -> None:
    assert (mount_of(Path(folder), mountinfo).kind, is_mounted(Path(folder), mountinfo)) == (kind, is_one)


def test_the_mounts_of_this_system_are_read() -> None:
    assert mount_of(Path("/proc")).kind == "proc"
    assert is_mounted(Path("/proc/self"))
    assert not is_mounted(Path("/"))


def test_a_system_without_mountinfo_is_one_disk(tmp_path: Path) -> None:
    assert mount_of(tmp_path, tmp_path / "missing").kind == ""
    assert not is_mounted(tmp_path, tmp_path / "missing")


def test_a_folder_of_the_units_own_disk_is_refused_where_a_mount_is_demanded(
    store: Store, decide: Decide, tmp_path: Path
) -> None:
    if is_mounted(tmp_path):
        pytest.skip("the folder of the tests is on a disk of its own")
    happen(store, decide)
    with pytest.raises(SyncError, match="nothing is mounted there"):
        prepare(str(tmp_path), terms=Terms(must_be_mounted=True))
    prepare(str(tmp_path))
    assert "nothing is mounted there" in str(deliver(store, tmp_path, must_be_mounted=True).error)
    assert deliver(store, tmp_path).error is None
