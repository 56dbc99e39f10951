"""On FAT nothing happens in one step. The plug is pulled after each, and what was under way is left in every state."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from decisions import accepted

from edge.exchange.delivery.sidefile import SideFile
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import Files
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import Delivery, prepare, sync
from edge.store import Store

NOVEMBER = "attendance-2026-11.csv"
SUM = f"{NOVEMBER}.sum"
START = datetime(2026, 11, 22, 7, tzinfo=UTC)


class PowerCut(BaseException):
    """Nothing runs after it, no ``except OSError`` either."""


Damage = Callable[[Path, Path], None]
"""What is left of a name that was being put in another's place."""


def _torn(path: Path) -> None:
    """Its first lines only: a table that looks whole."""
    if path.exists():
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))


def _both_gone(source: Path, target: Path) -> None:
    source.unlink()
    target.unlink(missing_ok=True)


def _old_torn_new_gone(source: Path, target: Path) -> None:
    source.unlink()
    _torn(target)


def _new_torn(source: Path, target: Path) -> None:
    _torn(source)
    source.replace(target)


def _zeros(source: Path, target: Path) -> None:
    length = source.stat().st_size
    source.unlink()
    target.write_bytes(bytes(length))


def _old_gone(_: Path, target: Path) -> None:
    target.unlink(missing_ok=True)


def _old_torn(_: Path, target: Path) -> None:
    _torn(target)


def _both_names(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _nothing(_source: Path, _target: Path) -> None:
    pass


def _done(source: Path, target: Path) -> None:
    source.replace(target)


ONE_IS_WHOLE = [_nothing, _old_gone, _old_torn, _both_names, _done]
NONE_IS_WHOLE = [_old_torn_new_gone, _both_gone, _new_torn, _zeros]


class Quick(Files):
    """Does not wait for the medium."""

    def create(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)

    def settle(self, folder: Path) -> None:
        pass


class Cut(Quick):
    """The plug is pulled at the n-th step; what this step was about is left damaged."""

    def __init__(self, at_step: int, damage: Damage) -> None:
        self.steps_left = at_step
        self._damage = damage

    def _step(self) -> bool:
        self.steps_left -= 1
        return self.steps_left == 0

    def create(self, path: Path, content: bytes) -> None:
        if self._step():
            path.write_bytes(content[: len(content) // 2])
            raise PowerCut
        super().create(path, content)

    def rename(self, source: Path, target: Path) -> None:
        if self._step():
            self._damage(source, target)
            raise PowerCut
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        if self._step():
            _torn(path)
            raise PowerCut
        super().remove(path)

    def settle(self, folder: Path) -> None:
        if self._step():
            raise PowerCut


N_STEPS = 10
"""One more than a delivery into a file that is there takes; a test makes sure of it."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stick on FAT, with a month in which another unit and the office have their rows as well."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "stick").mkdir()
    (folder / "mountinfo").write_text(f"27 1 254:0 / / rw - ext4 /dev/root rw\n30 27 8:1 / {'/'} rw - vfat /dev/sda1 rw\n")
    return folder


@pytest.fixture
def stick(original: Path, tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    prepare(str(tmp_path / "stick"))
    return tmp_path / "stick"


@pytest.fixture
def deliver(original: Path) -> Callable[..., Delivery]:
    """Delivers to a folder that the system calls FAT."""
    terms = Terms(mountinfo=original / "mountinfo")

    def run(store: Store, stick: Path, files: Files | None = None) -> Delivery:
        return sync(store, [str(stick)], timezone=UTC, files=files or Quick(), terms=terms)[0]

    return run


def happen(store: Store, n: int = 1, *, hour: int = 0) -> None:
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    for number in range(n):
        store.record(person, accepted(START + timedelta(hours=hour + number)))


@pytest.fixture
def other() -> Iterator[Store]:
    with Store.open(":memory:", unit="door-2") as opened:
        happen(opened, 1, hour=1)
        yield opened


def rows_of(path: Path) -> set[str]:
    return {row.event_id for row in read_csv(path.read_bytes()).rows}


def ids(store: Store) -> set[str]:
    return {event.event_id for event in store.events()}


def seen_as_whole(stick: Path) -> bytes | None:
    """What a reader who keeps to the rule takes for a whole table: the side file's word, and without one the table's own."""
    table = stick / NOVEMBER
    content = table.read_bytes() if table.exists() else None
    side = SideFile.parse((stick / SUM).read_bytes()) if (stick / SUM).exists() else None
    if content is None or (side is None and read_csv(content).faults):
        return None
    return content if side is None or side.names(content) else None


class Scene:
    """A stick that has a month, and one row more to come; set back between the tries."""

    def __init__(self, store: Store, other: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
        self.store, self.other, self.stick, self.deliver = store, other, stick, deliver
        happen(store, 2)
        deliver(store, stick)
        deliver(other, stick)
        self.cursor, self.marker = store.events()[-1].seq, prepare(str(stick)).id
        happen(store, 1, hour=2)
        self.files = self.snapshot()
        self.legal = {self.files[NOVEMBER], self.after_it_all()}

    def after_it_all(self) -> bytes:
        self.deliver(self.store, self.stick)
        return (self.stick / NOVEMBER).read_bytes()

    def set_back(self, files: dict[str, bytes]) -> None:
        for path in self.stick.iterdir():
            path.unlink()
        for name, content in files.items():
            (self.stick / name).write_bytes(content)
        self.store.forget_deliveries(self.marker)
        self.store.mark_delivered(self.marker, self.cursor)

    def cut(self, at_step: int, damage: Damage) -> None:
        files = Cut(at_step, damage)
        try:
            self.deliver(self.store, self.stick, files)
        except PowerCut:
            self.no_reader_is_fooled()
        self.steps = at_step - files.steps_left

    def snapshot(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.stick.iterdir()}

    def no_reader_is_fooled(self) -> None:
        """Whatever passes for whole is one of the tables that were written on purpose, or all that was left of them."""
        seen = seen_as_whole(self.stick)
        assert seen is None or seen in self.legal or ids(self.store) <= rows_of(self.stick / NOVEMBER)

    def all_is_well(self) -> None:
        delivery = self.deliver(self.store, self.stick)
        assert delivery.error is None
        assert seen_as_whole(self.stick) is not None
        assert ids(self.store) <= rows_of(self.stick / NOVEMBER)
        assert not list(self.stick.glob(".*"))
        assert self.deliver(self.store, self.stick) == Delivery(str(self.stick))


@pytest.fixture
def scene(store: Store, other: Store, stick: Path, deliver: Callable[..., Delivery]) -> Scene:
    return Scene(store, other, stick, deliver)


def test_a_delivery_takes_fewer_steps_than_are_cut(scene: Scene) -> None:
    scene.set_back(scene.files)
    scene.cut(1000, _done)
    assert scene.steps == N_STEPS - 1


@pytest.mark.parametrize("damage", [*ONE_IS_WHOLE, *NONE_IS_WHOLE])
def test_a_cut_at_any_step_fools_nobody_and_is_repaired(scene: Scene, damage: Damage) -> None:
    for at_step in range(1, N_STEPS):
        scene.set_back(scene.files)
        scene.cut(at_step, damage)
        if damage is _nothing:
            assert seen_as_whole(scene.stick), "the old one is still the whole one"
        scene.all_is_well()
        if damage in {_nothing, _done}:
            assert not list(scene.stick.glob("*set-aside*")), "nothing was torn"
        if damage in ONE_IS_WHOLE:
            assert ids(scene.other) <= rows_of(scene.stick / NOVEMBER), "another unit's rows are saved out of what is whole"


@pytest.mark.parametrize("first", [_old_torn_new_gone, _zeros])
def test_a_cut_during_the_repair_fools_nobody_either(scene: Scene, first: Damage) -> None:
    scene.set_back(scene.files)
    scene.cut(N_STEPS - 2, first)  # the last but one: the table is put in place
    spoilt = scene.snapshot()
    assert seen_as_whole(scene.stick) is None, "the table itself is torn"
    for damage in [*ONE_IS_WHOLE, *NONE_IS_WHOLE]:
        for at_step in range(1, 2 * N_STEPS):
            scene.set_back(spoilt)
            scene.cut(at_step, damage)
            scene.all_is_well()


def test_half_a_first_delivery_takes_no_place(store: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
    """Nothing names it, and nothing else has been there."""
    (stick / f".{NOVEMBER}.part").write_bytes(b"event_id,unit,person")
    happen(store)
    assert deliver(store, stick).set_aside == []
    assert sorted(path.name for path in stick.glob("*attendance*")) == [NOVEMBER, SUM]


class CutWithoutTable(Quick):
    """The plug is pulled when a torn table was taken away, and before anything names the one that is to come."""

    def __init__(self) -> None:
        self._is_away = False

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._is_away |= path.name == NOVEMBER

    def settle(self, folder: Path) -> None:
        if self._is_away:
            raise PowerCut


def test_what_was_saved_of_others_comes_back_out_of_the_temporary_file(scene: Scene) -> None:
    scene.set_back(scene.files | {NOVEMBER: scene.files[NOVEMBER] + b"0b7e2f"})
    with pytest.raises(PowerCut):
        scene.deliver(scene.store, scene.stick, CutWithoutTable())
    assert not (scene.stick / NOVEMBER).exists()
    for aside in scene.stick.glob("*set-aside*"):
        aside.unlink()  # it is not needed
    scene.all_is_well()
    assert ids(scene.other) <= rows_of(scene.stick / NOVEMBER)


def test_the_side_file_is_one_that_sha256sum_reads(store: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
    happen(store)
    deliver(store, stick)
    content = (stick / NOVEMBER).read_bytes()
    assert (stick / SUM).read_text().splitlines() == [
        f"{sha256(content).hexdigest()}  {NOVEMBER}",
        f"# length {len(content)}",
        "# end",
    ]
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUM], cwd=stick, check=True)
        happen(store, hour=1)
        deliver(store, stick)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUM], cwd=stick, check=True)


def test_any_part_of_a_side_file_is_none(store: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
    for hour in range(2):
        happen(store, hour=hour)
        deliver(store, stick)
    content = (stick / SUM).read_bytes()
    assert SideFile.parse(content).content(NOVEMBER) == content
    assert not [n for n in range(len(content)) if SideFile.parse(content[:n])]
    assert SideFile.parse(None) is None


def test_a_table_that_was_cut_between_two_rows_is_kept_aside(store: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
    happen(store, 3)
    deliver(store, stick)
    _torn(stick / NOVEMBER)
    assert not read_csv((stick / NOVEMBER).read_bytes()).faults, "nothing else would show it"
    happen(store, hour=3)
    assert deliver(store, stick).set_aside == ["attendance-2026-11.set-aside-1.csv"]
    assert rows_of(stick / NOVEMBER) == ids(store)


def test_what_the_office_corrected_stays_and_a_copy_is_kept(store: Store, stick: Path, deliver: Callable[..., Delivery]) -> None:
    """The side file cannot tell a hand from a torn write."""
    happen(store)
    deliver(store, stick)
    corrected = (stick / NOVEMBER).read_bytes().replace(b"Jane Doe", b"Jane Roe")
    (stick / NOVEMBER).write_bytes(corrected)
    happen(store, hour=1)
    (aside,) = deliver(store, stick).set_aside
    assert (stick / aside).read_bytes() == corrected
    assert [row.person_name for row in read_csv((stick / NOVEMBER).read_bytes()).rows] == ["Jane Roe", "Jane Doe"]
    happen(store, hour=2)
    assert deliver(store, stick).set_aside == [], "once"


def test_elsewhere_there_is_no_side_file(store: Store, stick: Path, original: Path) -> None:
    happen(store)
    mountinfo = original / "journal"
    mountinfo.write_text("27 1 254:0 / / rw - ext4 /dev/root rw\n")
    sync(store, [str(stick)], timezone=UTC, terms=Terms(mountinfo=mountinfo))
    assert not (stick / SUM).exists()


def test_a_link_or_pipe_in_place_of_a_temporary_file_is_taken_away(
    store: Store, stick: Path, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    (tmp_path / "secret").write_text("nobody's business")
    happen(store)
    deliver(store, stick)
    for month in ("2026-10", "2026-11"):
        (stick / f".attendance-{month}.csv.part").symlink_to(tmp_path / "secret")
        (stick / f"attendance-{month}.csv.sum").write_bytes((stick / SUM).read_bytes())
    (stick / NOVEMBER).unlink()
    happen(store, hour=1)
    assert deliver(store, stick).error is None
    assert rows_of(stick / NOVEMBER) == ids(store)
    assert not list(stick.glob(".attendance*"))
    assert (tmp_path / "secret").read_text() == "nobody's business"
