"""A real exFAT on a loop device: the medium is copied at each step, as a pulled stick would have it, and delivered to again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from decisions import accepted

from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.mounts import is_mounted, mount_of
from edge.exchange.delivery.sidefile import SideFile
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import Files
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import prepare, sync
from edge.store import Store

NOVEMBER = "attendance-2026-11.csv"
TOOLS = ("mkfs.exfat", "mount.exfat-fuse", "losetup", "umount")
MOUNTED = Terms(must_be_mounted=True)


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    """The file system of an image, through FUSE."""
    point.mkdir()
    device = run("losetup", "--find", "--show", image)
    try:
        run("mount.exfat-fuse", device, point)
        try:
            yield point
        finally:
            run("umount", point)
    finally:
        run("losetup", "--detach", device)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or os.geteuid() or not Path("/dev/fuse").exists():
        pytest.skip(f"mounting exFAT takes root, /dev/fuse, exfatprogs and exfat-fuse; missing: {missing or 'root or /dev/fuse'}")
    folder = tmp_path_factory.mktemp("exfat")
    image = folder / "stick.img"
    with image.open("wb") as file:
        file.truncate(4 << 20)
    run("mkfs.exfat", image)
    try:
        with mounted(image, folder / "try"):
            pass
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this system does not let us mount: {error.stderr.strip()}")
    return image


def happen(store: Store, hour: int) -> None:
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    store.record(person, accepted(datetime(2026, 11, 22, 7, tzinfo=UTC) + timedelta(hours=hour)))


def ids(store: Store) -> set[str]:
    return {event.event_id for event in store.events()}


def whole(point: Path) -> set[str] | None:
    """The rows of the table that is there, where the side file says that it is whole."""
    table = point / NOVEMBER
    side = SideFile.parse((point / f"{NOVEMBER}.sum").read_bytes()) if (point / f"{NOVEMBER}.sum").exists() else None
    if not table.exists() or (side and not side.names(table.read_bytes())):
        return None
    found = read_csv(table.read_bytes())
    return None if found.faults else {row.event_id for row in found.rows}


class Filmed(Files):
    """Copies the medium before each step."""

    def __init__(self, image: Path) -> None:
        self._image = image
        self.pictures: list[Path] = []

    def _film(self) -> None:
        picture = self._image.with_name(f"picture-{len(self.pictures)}.img")
        shutil.copyfile(self._image, picture)
        self.pictures.append(picture)

    def create(self, path: Path, content: bytes) -> None:
        self._film()
        super().create(path, content)

    def rename(self, source: Path, target: Path) -> None:
        self._film()
        super().rename(source, target)
        self._film()

    def settle(self, folder: Path) -> None:
        super().settle(folder)
        self._film()


def test_a_stick_that_is_pulled_at_any_step_has_a_whole_table_or_none(blank: Path, tmp_path: Path, store: Store) -> None:
    image = Path(shutil.copyfile(blank, tmp_path / "stick.img"))
    with mounted(image, tmp_path / "stick") as stick:
        assert (mount_of(stick).kind, is_mounted(stick)) == ("fuseblk", True)
        marker = prepare(str(stick), terms=MOUNTED)
        happen(store, 0)
        assert sync(store, [str(stick)], timezone=UTC, terms=MOUNTED)[0].error is None
        before, cursor = ids(store), store.events()[-1].seq
        os.sync()
        happen(store, 1)
        files = Filmed(image)
        assert sync(store, [str(stick)], timezone=UTC, files=files, terms=MOUNTED)[0].error is None
        assert whole(stick) == ids(store)
    assert len(files.pictures) == 9
    for number, picture in enumerate(files.pictures):
        with mounted(picture, tmp_path / f"pulled-{number}") as pulled:
            assert whole(pulled) in (None, before, ids(store))
            store.forget_deliveries(marker.id)
            store.mark_delivered(marker.id, cursor)
            assert sync(store, [str(pulled)], timezone=UTC, terms=MOUNTED)[0].error is None
            assert whole(pulled) == ids(store)
            assert not list(pulled.glob(".attendance*"))


def served_by(point: Path) -> int:
    """The process that is the file system."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"mount.exfat-fuse" in (line := (folder / "cmdline").read_bytes()) and str(point).encode() in line:
                return int(folder.name)
    raise AssertionError("nobody serves it")


def test_a_file_system_that_hangs_is_given_up_and_the_others_are_reached(blank: Path, tmp_path: Path) -> None:
    image = Path(shutil.copyfile(blank, tmp_path / "stick.img"))
    (tmp_path / "share").mkdir()
    share = prepare(str(tmp_path / "share"))
    with mounted(image, tmp_path / "stick") as stick:
        prepare(str(stick))
        os.kill(served_by(stick), signal.SIGSTOP)
        try:
            answers = run_errands([Order("look", str(folder)) for folder in (stick, tmp_path / "share")], limit_s=4.0)
        finally:
            os.kill(served_by(stick), signal.SIGCONT)
    assert answers == [None, {"id": share.id, "name": "share"}]
