"""The key: where it is found, how it is made, what is said of where it lies, and that every command brings it."""

from __future__ import annotations

import csv
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from decisions import Decide

from edge.cli import main
from edge.config import parse
from edge.doctor import State
from edge.doctor.sealing import sealing
from edge.errors import ConfigError, StoreError
from edge.store import FILE_NAME, Store
from edge.store.audit import KEY_CHANGED
from edge.store.key import CREDENTIAL, doubts, find_seal, make_key, read_seal
from edge.store.resealing import key_id_of
from edge.store.sealing import Seal

Muster = Callable[..., tuple[int, str, str]]
KEY = Seal.of(bytes(range(32)))
DIGITS = bytes(range(32)).hex()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the environment names."""
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    for name in ("MUSTER_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def muster(data: Path, capsys: pytest.CaptureFixture[str]) -> Muster:
    """Runs a command: exit code, what it printed, what it complained."""

    def run(*words: str) -> tuple[int, str, str]:
        return main(words), *capsys.readouterr()

    return run


@pytest.fixture
def populated(data: Path, decide: Decide) -> Path:
    """Somebody with a row, not sealed."""
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        store.record(store.add_person("1042", "Ada Lovelace"), decide())
    return data


def keyed(data: Path, key: Path) -> Path:
    """The configuration names this key."""
    (data / "muster.toml").write_text(f'[privacy]\nkey_file = "{key}"\n', encoding="utf-8")
    return key


def kept_name(data: Path) -> str:
    connection = sqlite3.connect(data / FILE_NAME)
    ((name,),) = connection.execute("SELECT name FROM person").fetchall()
    connection.close()
    return str(name)


@contextmanager
def unit_at_work(data: Path) -> Iterator[None]:
    """A process that holds the lock of a unit."""
    lock = (
        "import sys, pathlib; from edge.device.lock import alone\n"
        "with alone(pathlib.Path(sys.argv[1])): print(flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", lock, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as unit:
        unit.stdout.readline()
        yield
        unit.communicate(b"\n", timeout=20)


class TestFound:
    def test_a_pipe_in_its_place_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "key")
        with pytest.raises(ConfigError, match="a pipe or a device"):
            read_seal(tmp_path / "key")

    @pytest.mark.parametrize(
        "content", [DIGITS.encode(), DIGITS.upper().encode() + b"\r\n", f"  {DIGITS}\n\n".encode(), bytes(range(32))]
    )
    def test_as_digits_or_as_bytes(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "key").write_bytes(content)
        assert read_seal(tmp_path / "key") == KEY

    @pytest.mark.parametrize(
        "content", [b"", b"\n", DIGITS.encode()[:-1], DIGITS.encode() + b"0", b"x" * 64, bytes(31), bytes(33), bytes(100_000)]
    )
    def test_what_is_no_key_is_told(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(ConfigError, match="is no key: it should be 64 hexadecimal digits"):
            read_seal(tmp_path / "key")

    @pytest.mark.parametrize("content", [bytes(32), b"\xff" * 32, b"0" * 64])
    def test_what_a_power_cut_leaves_of_one_is_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(ConfigError, match="Put the copy of the key"):
            read_seal(tmp_path / "key")

    def test_one_that_cannot_be_read_is_told_and_not_taken_for_none(self, tmp_path: Path) -> None:
        for path in (tmp_path / "gone", tmp_path):
            with pytest.raises(ConfigError, match="cannot be read"):
                find_seal(str(path), environ={})

    def test_the_configured_one_before_the_credential_before_none(self, tmp_path: Path) -> None:
        other = make_key(tmp_path / "configured")
        environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
        assert find_seal("", environ=environ) == find_seal("", environ={}) == Seal.none()
        (tmp_path / CREDENTIAL).write_text(DIGITS)
        assert find_seal("", environ=environ) == KEY
        assert find_seal(str(tmp_path / "configured"), environ=environ) == other

    def test_a_file_of_that_name_where_somebody_stands_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / CREDENTIAL).write_text(DIGITS)
        monkeypatch.chdir(tmp_path)
        assert find_seal("", environ={}) == Seal.none()


class TestMade:
    def test_for_its_owner_alone_and_never_twice_the_same(self, tmp_path: Path) -> None:
        os.umask(0o000)
        one, two = make_key(tmp_path / "one"), make_key(tmp_path / "two")
        os.umask(0o022)
        assert one != two
        assert read_seal(tmp_path / "one") == one
        assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600

    def test_nothing_is_written_over(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("precious")
        with pytest.raises(ConfigError, match="ever written over"):
            make_key(tmp_path / "key")
        assert (tmp_path / "key").read_text() == "precious"

    def test_where_nothing_can_be_written_that_is_told(self) -> None:
        with pytest.raises(ConfigError, match="no key can be written there"):
            make_key(Path("/dev/full/key"))

    def test_half_of_one_is_taken_away(self, tmp_path: Path) -> None:
        make = (
            "import pathlib, resource, signal, sys; from edge.store.key import make_key; from edge.errors import ConfigError\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
            "try: make_key(pathlib.Path(sys.argv[1]))\n"
            "except ConfigError as error: print(error)"
        )
        command = [sys.executable, "-c", make, tmp_path / "key"]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        assert "no key can be written there (No space left" in told
        assert not (tmp_path / "key").exists()

    def test_beside_no_database(self, muster: Muster, data: Path) -> None:
        (data / "deep").mkdir()
        (data.parent / "link").symlink_to(data)
        for path in (data / "key", data / "deep" / "key", data.parent / "link" / "key"):
            code, _, error = muster("key", "make", str(path))
            assert (code, "beside the database" in error, path.exists()) == (78, True, False)


class TestDoubts:
    def disks(self, sysfs: Path, **blocks: str) -> None:
        """The kernel's list: number of a file system -> its place; what ends in a digit is a partition."""
        for number, place in blocks.items():
            folder = sysfs / "devices" / place
            folder.mkdir(parents=True, exist_ok=True)
            if folder.name[-1].isdigit():
                (folder / "partition").touch()
            link = sysfs / "dev" / "block" / number.replace("_", ":")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)

    def here(self, path: Path) -> str:
        device = path.stat().st_dev
        return f"{os.major(device)}_{os.minor(device)}"

    @pytest.fixture
    def elsewhere(self) -> Path:
        """A folder on another file system, in memory."""
        folder = Path("/dev/shm")  # noqa: S108  only looked at
        if not folder.is_dir() or folder.stat().st_dev == Path(__file__).stat().st_dev:
            pytest.skip("no second file system is here")
        return folder

    def test_on_one_file_system(self, tmp_path: Path) -> None:
        make_key(tmp_path / "key")
        (tmp_path / "data").mkdir()
        assert doubts(tmp_path / "key", tmp_path / "data", sysfs=tmp_path) == [
            "it lies on the disk of the database, and whoever takes that has both"
        ]

    @pytest.mark.parametrize(("place", "n_doubts"), [("mmc0/mmcblk0/mmcblk0p1", 1), ("usb1/sda/sda1", 0), ("usb1/sda", 0)])
    def test_on_two_partitions_of_one_card_and_on_another_medium(
        self, tmp_path: Path, elsewhere: Path, place: str, n_doubts: int
    ) -> None:
        make_key(tmp_path / "key")
        self.disks(tmp_path, **{self.here(tmp_path): place, self.here(elsewhere): "mmc0/mmcblk0/mmcblk0p2"})
        assert len(doubts(tmp_path / "key", elsewhere, sysfs=tmp_path)) == n_doubts

    def test_that_others_may_read(self, tmp_path: Path, elsewhere: Path) -> None:
        make_key(tmp_path / "key")
        (tmp_path / "key").chmod(0o640)
        assert doubts(tmp_path / "key", elsewhere, sysfs=tmp_path) == ["others than its owner may read it"]


class TestDoctor:
    def test_without_a_key(self, populated: Path) -> None:
        found, seal = sealing(parse({}, origin=""), populated, sysfs=populated)
        assert (found.state, seal) == (State.WARNING, Seal.none())
        assert "whoever takes the card can read them" in found.sentence
        assert "muster key make" in found.advice

    def test_with_a_key_that_cannot_be_read(self, populated: Path, tmp_path: Path) -> None:
        config = parse({"privacy": {"key_file": str(tmp_path / "gone")}}, origin="")
        found, seal = sealing(config, populated, sysfs=populated)
        assert (found.state, seal) == (State.FAULT, None)

    def test_with_another_key(self, populated: Path, tmp_path: Path) -> None:
        with Store.open(populated / FILE_NAME, unit="u", seal=KEY):
            pass
        other = make_key(tmp_path / "key")
        config = parse({"privacy": {"key_file": str(tmp_path / "key")}}, origin="")
        found, _ = sealing(config, populated, sysfs=populated)
        assert found.state is State.FAULT
        assert f"sealed with key {KEY.key_id}, and the key given is {other.key_id}" in found.sentence

    def test_with_the_key_beside_the_database(self, populated: Path, tmp_path: Path) -> None:
        make_key(populated / "key")
        config = parse({"privacy": {"key_file": str(populated / "key")}}, origin="")
        found, _ = sealing(config, populated, sysfs=populated)
        assert (found.state, "in the data folder" in found.sentence) == (State.WARNING, True)


class TestCommand:
    def test_make_use_change_and_take_off(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        assert "not sealed; whoever takes the card" in muster("key", "status")[1]
        assert f'key_file = "{one}"' in muster("key", "make", str(one))[1]
        keyed(populated, one)
        assert "not sealed yet" in muster("key", "status")[1]
        assert "Ada Lovelace" in muster("people", "list")[1]
        assert kept_name(populated).startswith("sealed:")
        assert f"muster key change {two}" in muster("key", "make", str(two))[1]

        code, said, _ = muster("key", "change", str(two))
        assert (code, f"needs key {read_seal(two).key_id}" in said) == (0, True)
        code, _, error = muster("people", "list")
        assert (code, f"the key given is {read_seal(one).key_id}" in error) == (StoreError.exit_code, True)
        assert muster("key", "status")[0] == StoreError.exit_code
        keyed(populated, two)
        assert "already" in muster("key", "change", str(two))[1]
        assert muster("ledger", "verify")[0] == 0

        assert muster("key", "change", "--none")[0] == 0
        (populated / "muster.toml").unlink()
        assert kept_name(populated) == "Ada Lovelace"
        with Store.open(populated / FILE_NAME, unit="u") as store:
            ids = [read_seal(one).key_id, read_seal(two).key_id]
            assert [(line.what, line.detail) for line in store.audit()] == [
                (KEY_CHANGED, f"{ids[0]} to {ids[1]}"),
                (KEY_CHANGED, f"{ids[1]} to none"),
            ]

    def test_a_unit_at_work_keeps_its_key(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        make_key(tmp_path / "key")
        with unit_at_work(populated):
            code, _, error = muster("key", "change", str(tmp_path / "key"))
        assert (code, "Stop it" in error) == (69, True)
        assert key_id_of(populated / FILE_NAME) == ""

    @pytest.mark.parametrize("words", [("people", "list"), ("sync", "--to", "elsewhere")])
    def test_no_command_seals_what_a_unit_at_work_writes_without_a_key(
        self, muster: Muster, populated: Path, tmp_path: Path, words: tuple[str, ...]
    ) -> None:
        make_key(keyed(populated, tmp_path / "key"))
        with unit_at_work(populated):
            code, _, error = muster(*words)
        assert (code, "Start it anew" in error.replace("\n", " ")) == (78, True)
        assert key_id_of(populated / FILE_NAME) == ""
        assert muster("people", "list")[0] == 0
        assert key_id_of(populated / FILE_NAME) != ""


class TestEveryCommand:
    """Each one that opens the database brings the key, from the configuration or from systemd."""

    @pytest.fixture(params=["configured", "credential"])
    def sealed(self, populated: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "credentials"
        folder.mkdir()
        (folder / CREDENTIAL).write_text(DIGITS)
        if request.param == "configured":
            keyed(populated, folder / CREDENTIAL)
        else:
            monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
        with Store.open(populated / FILE_NAME, unit="door-1", seal=KEY):
            pass
        return populated

    def test_a_delivery_has_the_names(self, muster: Muster, sealed: Path, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        code, _, error = muster("sync", "--to", str(tmp_path / "stick"))
        assert (code, error) == (0, "")
        (table,) = (tmp_path / "stick").glob("attendance-*.csv")
        (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
        assert (row["person_name"], len(row["salt"])) == ("Ada Lovelace", 32)
        assert muster("ledger", "verify", str(table))[0] == 0

    def test_events_and_people_are_named(self, muster: Muster, sealed: Path) -> None:
        assert "Ada Lovelace" in muster("events")[1]
        assert "Ada Lovelace" in muster("people", "list")[1]

    def test_the_door_opens(self, muster: Muster, sealed: Path, tmp_path: Path) -> None:
        code, _, error = muster("run", "--camera", f"replay:{tmp_path / 'missing'}")
        assert (code, "is not there" in error) == (69, True)  # of the recording, which comes after the database


def test_without_its_key_neither_door_nor_delivery_opens_it(muster: Muster, populated: Path, tmp_path: Path) -> None:
    with Store.open(populated / FILE_NAME, unit="door-1", seal=KEY):
        pass
    (tmp_path / "stick").mkdir()
    for words in (["run", "--camera", f"replay:{tmp_path / 'missing'}"], ["sync", "--to", str(tmp_path / "stick")], ["events"]):
        code, _, error = muster(*words)
        assert (code, f"sealed with key {KEY.key_id}, and no key is given" in error) == (StoreError.exit_code, True), words
    keyed(populated, tmp_path / "gone")
    for words in (["run", "--camera", f"replay:{tmp_path / 'missing'}"], ["sync", "--to", str(tmp_path / "stick")], ["events"]):
        code, _, error = muster(*words)
        assert (code, "cannot be read" in error) == (ConfigError.exit_code, True), words
