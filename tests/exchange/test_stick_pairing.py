"""A stick becomes one of this unit's by an act of whoever stands at it, and stops being one the same way."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from office import NOW, SECRET, STICK_ID, TOOL, blank, known, put

from edge.cli import main
from edge.errors import MusterError, StickError
from edge.exchange.files import Files
from edge.exchange.stick.hardware import hardware_at
from edge.exchange.stick.pairing import README, Wishes, pair, unpair
from edge.exchange.stick.pairing import TOOL as TOOL_NAME
from edge.exchange.stick.trust import KEY, STICK, examine
from edge.store import Store
from edge.store.sealing import Seal

WISHES = Wishes(None, "", NOW, clock_ok=True, tool=TOOL)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A new stick."""
    (tmp_path / "OFFICE").mkdir()
    return tmp_path / "OFFICE"


def contents(stick: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stick.iterdir() if path.is_file()}


def is_known(stick: Path, store: Store) -> bool:
    return examine(stick, store, policy="paired", hardware="").stick is not None


class TestPairing:
    def test_a_new_stick_gets_an_id_a_key_and_what_the_office_needs(self, stick: Path, store: Store) -> None:
        paired, written = pair(stick, store, WISHES)

        assert (str(uuid.UUID(paired.id)), paired.name, len(set(paired.key)) > 8) == (paired.id, "OFFICE", True)
        assert sorted(contents(stick)) == sorted([KEY, STICK, README, TOOL_NAME]) == sorted(written)
        assert (stick / "enrol").is_dir()
        assert (stick / TOOL_NAME).read_bytes() == TOOL.read_bytes()
        assert store.sticks() == [paired]
        assert is_known(stick, store)
        assert (stick / KEY).stat().st_mode & 0o777 == 0o600
        assert paired.key.hex() not in repr(paired)

    def test_twice_is_the_same_as_once(self, stick: Path, store: Store) -> None:
        first, _ = pair(stick, store, WISHES)
        before = contents(stick)
        store.take_up(first.id, serial=7, mac="0" * 64)
        again, written = pair(stick, store, replace(WISHES, at_utc=NOW.replace(year=2027)))
        assert (again, written, contents(stick)) == (replace(first, serial=7, mac="0" * 64), [], before)
        assert [line.what for line in store.audit()] == ["stick paired"]

    def test_no_two_sticks_are_alike(self, tmp_path: Path, store: Store) -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            pair(tmp_path / name, store, WISHES)
        one, other = store.sticks()
        assert one.id != other.id
        assert one.key != other.key

    def test_another_units_stick_becomes_ours_too_and_stays_theirs(self, stick: Path, store: Store) -> None:
        with Store.open(":memory:", unit="door-2") as theirs:
            there, _ = pair(stick, theirs, WISHES)
            here, written = pair(stick, store, WISHES)
            assert (here, written) == (there, [])
            assert is_known(stick, store)
            assert is_known(stick, theirs)

    def test_a_stick_whose_key_is_kept_elsewhere_has_to_bring_it(self, tmp_path: Path, store: Store) -> None:
        stick = blank(tmp_path / "stick", key=None)
        with pytest.raises(StickError, match="--give-key"):
            pair(stick, store, WISHES)
        assert sorted(contents(stick)) == [STICK]
        assert store.sticks() == []

    def test_one_that_this_unit_knows_need_not_bring_it_again(self, tmp_path: Path, store: Store) -> None:
        known(store)
        paired, _ = pair(blank(tmp_path / "stick", key=None), store, WISHES)
        assert paired.key == SECRET
        assert KEY not in contents(tmp_path / "stick")

    def test_a_name_is_kept_until_another_is_given(self, stick: Path, store: Store) -> None:
        pair(stick, store, replace(WISHES, name='the "blue" one'))
        assert pair(stick, store, WISHES)[0].name == 'the "blue" one'
        assert pair(stick, store, replace(WISHES, name="red"))[0].name == "red"
        assert pair(stick, store, WISHES)[0].name == "red"

    @pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb", "x" * 101])
    def test_a_name_is_a_name(self, stick: Path, store: Store, name: str) -> None:
        with pytest.raises(StickError, match="no name for a stick"):
            pair(stick, store, replace(WISHES, name=name))
        assert contents(stick) == {}

    def test_a_damaged_stick_is_not_made_another(self, stick: Path, store: Store) -> None:
        (stick / STICK).write_bytes(b"id = ")
        with pytest.raises(StickError, match="damaged"):
            pair(stick, store, WISHES)
        assert contents(stick) == {STICK: b"id = "}

    def test_nothing_is_written_through_a_link(self, stick: Path, tmp_path: Path, store: Store) -> None:
        for name in (KEY, README, TOOL_NAME):
            put(tmp_path, {f"mine/{name}": b"mine"})
            (stick / name).symlink_to(tmp_path / "mine" / name)
            (stick / f".{name}.part").symlink_to(tmp_path / "mine" / name)
        (stick / "enrol").symlink_to(tmp_path / "nowhere")
        pair(stick, store, WISHES)
        assert set(contents(tmp_path / "mine").values()) == {b"mine"}
        assert not (tmp_path / "nowhere").exists()

    @pytest.mark.parametrize("place", ["nothing", "file"])
    def test_what_is_no_folder_is_said(self, tmp_path: Path, store: Store, place: str) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(MusterError, match="cannot be written"):
            pair(tmp_path / place, store, WISHES)

    @pytest.mark.parametrize("step", range(18))
    def test_a_stick_that_is_pulled_at_any_step_is_paired_the_next_time(self, stick: Path, store: Store, step: int) -> None:
        try:
            pair(stick, store, WISHES, files=Pulled(step))
        except MusterError:
            assert store.sticks() == []
        else:
            assert step >= 16
        paired, _ = pair(stick, store, WISHES)
        assert is_known(stick, store)
        assert (stick / KEY).read_text().strip() == paired.key.hex()
        assert store.sticks() == [paired]


class Pulled(Files):
    """A stick that is pulled before one step."""

    def __init__(self, n_steps: int) -> None:
        self.n_left = n_steps

    def _step(self) -> None:
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError(5, "Input/output error")

    def create(self, path: Path, content: bytes) -> None:
        self._step()
        super().create(path, content)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def settle(self, folder: Path) -> None:
        self._step()
        super().settle(folder)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


class TestKeyInTheDatabase:
    @pytest.mark.parametrize("seal", [None, Seal.of(bytes(32))])
    def test_after_unpairing_its_bytes_are_gone(self, stick: Path, db_path: Path, seal: Seal | None) -> None:
        with Store.open(db_path, unit="door-1", seal=seal) as store:
            paired, _ = pair(stick, store, WISHES)
            assert store.find_stick(paired.id) == paired
            assert (paired.key in raw(db_path)) == (seal is None)
            unpair(paired.id, store, at_utc=NOW, clock_ok=True)
            assert paired.key not in raw(db_path)
            assert [line.what for line in store.audit()] == ["stick paired", "stick unpaired"]

    def test_unpairing_by_its_place_revokes_and_pairing_makes_it_known_again(self, stick: Path, store: Store) -> None:
        paired, _ = pair(stick, store, WISHES)
        assert unpair(str(stick), store, at_utc=NOW, clock_ok=True) == paired.id
        with pytest.raises(StickError, match="not paired"):
            is_known(stick, store)
        pair(stick, store, WISHES)
        assert is_known(stick, store)

    @pytest.mark.parametrize("named", [STICK_ID, "/nowhere", "nonsense"])
    def test_who_is_not_paired_cannot_be_unpaired(self, store: Store, named: str) -> None:
        with pytest.raises(StickError, match="muster stick list"):
            unpair(named, store, at_utc=NOW, clock_ok=True)
        assert store.audit() == []


def raw(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


class TestHardware:
    @pytest.fixture
    def system(self, tmp_path: Path) -> dict[str, Path]:
        """A stick on a partition of a USB disk, as the kernel shows it."""
        usb = tmp_path / "sys" / "devices" / "usb1" / "1-2"
        block = usb / "1-2:1.0" / "host0" / "block" / "sda" / "sda1"
        block.mkdir(parents=True)
        for name, text in {"idVendor": "0781\n", "idProduct": "5567\n", "serial": "4C53\x1b 0001\n"}.items():
            (usb / name).write_text(text)
        by_number = tmp_path / "sys" / "dev" / "block"
        by_number.mkdir(parents=True)
        (by_number / "8:1").symlink_to(os.path.relpath(block, by_number))
        (tmp_path / "stick").mkdir()
        mounts = f"20 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n30 20 8:1 / {tmp_path}/stick rw - vfat /dev/sda1 rw\n"
        (tmp_path / "mountinfo").write_text(mounts)
        return {"mountinfo": tmp_path / "mountinfo", "sys": tmp_path / "sys"}

    def test_it_is_what_the_usb_device_says(self, tmp_path: Path, system: dict[str, Any]) -> None:
        assert hardware_at(tmp_path / "stick", **system) == "0781:5567:4C530001"

    def test_without_a_number_of_its_own_it_is_the_model(self, tmp_path: Path, system: dict[str, Any]) -> None:
        (tmp_path / "sys/devices/usb1/1-2/serial").unlink()
        assert hardware_at(tmp_path / "stick", **system) == "0781:5567:"

    def test_what_is_on_no_usb_device_has_none(self, tmp_path: Path, system: dict[str, Any]) -> None:
        assert hardware_at(tmp_path, **system) == ""
        (tmp_path / "mountinfo").write_text("20 1 0:45 / / rw - btrfs /dev/sda rw\n")
        assert hardware_at(tmp_path / "stick", **system) == ""
        (tmp_path / "mountinfo").write_text("20 1 ../../devices/usb1/1-2 / / rw - btrfs /dev/sda rw\n")
        assert hardware_at(tmp_path / "stick", **system) == ""
        assert hardware_at(tmp_path / "stick", mountinfo=tmp_path / "none", sys=tmp_path / "sys") == ""


class TestCommands:
    @pytest.fixture
    def muster(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
        def run(*words: str) -> tuple[int, str, str]:
            code = main(["--data", str(tmp_path / "data"), *words])
            return code, *capsys.readouterr()

        return run

    def test_a_stick_is_paired_listed_and_unpaired(self, stick: Path, muster: Any) -> None:
        code, out, _ = muster("stick", "pair", str(stick), "--name", "blue")
        assert code == 0
        key = (stick / KEY).read_text().strip()
        assert "stick 'blue'" in out
        assert "hardware that cannot be told" in out
        assert "nothing is mounted" in out
        assert "keep it elsewhere" in out

        stick_id = json.loads(muster("stick", "list", "--json")[1])[0]["id"]
        assert f"{stick_id}  blue" in muster("stick", "list")[1]
        assert "stays so" in muster("stick", "pair", str(stick))[1]
        assert muster("stick", "unpair", str(stick))[0] == 0
        assert muster("stick", "list")[1] == "0 sticks.\n"
        assert key not in out

        lines = muster("audit")[1].splitlines()
        assert [words in line for words, line in zip(("stick paired", "stick unpaired", "2 lines."), lines, strict=True)]
        assert [line["detail"] for line in json.loads(muster("audit", "--json")[1])] == [stick_id] * 2
        assert muster("audit", "--since", "2999-01-01")[1] == "0 lines.\n"

    def test_nobody_reads_the_key_from_the_list(self, stick: Path, muster: Any) -> None:
        muster("stick", "pair", str(stick))
        key = (stick / KEY).read_text().strip()
        assert key not in muster("stick", "list")[1] + muster("stick", "list", "--json")[1]

    def test_what_is_not_known_is_77(self, stick: Path, muster: Any) -> None:
        muster("stick", "pair", str(stick))
        code, _, err = muster("stick", "unpair", STICK_ID)
        assert (code, "not paired with this unit" in err) == (77, True)
