"""A month in other programs' words: the golden files, and what is written again when somebody puts a row right."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from decisions import accepted
from test_sync_fat import NONE_IS_WHOLE, ONE_IS_WHOLE, Cut, PowerCut, Quick

from edge.exchange.delivery.destination import OURS
from edge.exchange.delivery.sidefile import SideFile
from edge.exchange.delivery.terms import Terms
from edge.exchange.ledger.dialects import FORMS
from edge.exchange.ledger.months import months_of
from edge.exchange.sync import Delivery, prepare, sync
from edge.store import Store
from edge.types import Direction, Draft, Event, EventKind

GOLDEN = Path(__file__).parent / "golden"
VIENNA = ZoneInfo("Europe/Vienna")
BY_HAND = {"kind": EventKind.ENTRY, "distance": None}


def event(number: int, at_utc: str, direction: Direction = Direction.IN, **changes: object) -> Event:
    fields = {
        "seq": number,
        "event_id": f"0b7e2f0e-6d1c-4f38-9a0e-{number:012}",
        "unit": "door-2",
        "person_code": "1042",
        "person_name": "Jane Doe",
        "at_utc": datetime.fromisoformat(at_utc),
        "direction": direction,
        "distance": 0.4,
        "clock_ok": True,
    }
    return Event(**(fields | changes))


DAY = [
    event(1, "2026-10-24T06:58:59.999Z"),
    event(2, "2026-10-24T10:00:00Z", Direction.BREAK_OUT),
    event(3, "2026-10-24T10:30:00Z", Direction.BREAK_IN),
    event(4, "2026-10-24T15:00:00Z", Direction.OUT),
    event(5, "2026-10-24T16:00:00Z", Direction.OVERTIME_IN),
    event(6, "2026-10-24T18:00:00Z", Direction.OVERTIME_OUT),
    event(7, "2026-10-25T00:30:00Z", person_code="jane-doe", person_name="Zoë, \N{SNOWMAN}"),
    event(8, "2026-10-25T01:30:00Z", Direction.OUT, person_code="jane-doe", clock_ok=False),
    event(9, "2026-10-26T07:00:00Z", person_code="HR-EMP-00001", by="Ada", why="forgot", **BY_HAND),
    event(10, "2026-10-26T07:00:01Z", person_code="=1+1", unit="@home, left"),
    event(11, "2026-10-26T07:00:02Z", person_code="7\t8\r\n9", unit="Tür\u2028 2\n"),
]
"""All states; the hour that comes twice; an entry; cells that a spreadsheet would run, and such as would end a cell or a line."""


@pytest.mark.parametrize("form", FORMS)
def test_as_the_other_program_sees_it(form: str) -> None:
    """Somebody who changes these files changes what payroll reads."""
    assert FORMS[form].render(DAY, VIENNA) == (GOLDEN / f"{form}{FORMS[form].suffix}").read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_a_month_of_nothing_is_a_file_of_nothing(form: str) -> None:
    assert FORMS[form].render([], UTC) == (b"" if form == "attlog" else FORMS[form].render(DAY, UTC).splitlines(keepends=True)[0])


def test_every_line_of_attlog_has_its_six_cells() -> None:
    lines = FORMS["attlog"].render(DAY, VIENNA).decode().split("\r\n")
    assert lines.pop() == ""
    cells = [line.split("\t") for line in lines]
    assert len(cells) == len(DAY)
    assert {len(row) for row in cells} == {6}
    assert [datetime.fromisoformat(row[1]) for row in cells]
    assert not any(c in "".join(lines) for c in "\n\r\u2028")


def test_frappe_reads_back_with_a_byte_order_mark_or_as_one_who_does_not_know_it() -> None:
    content = FORMS["frappe"].render(DAY, VIENNA)
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert [row["Muster Event"] for row in rows] == [one.event_id for one in DAY]
    assert {row["Log Type"] for row in rows} == {"IN", "OUT"}
    ignorant = next(csv.reader(content.decode("utf-8").splitlines()))
    assert ignorant[1:] == ["Employee", "Log Type", "Time", "Location / Device ID"]


@pytest.mark.parametrize(
    ("unit", "plain"),
    [
        ("door-1", "door-1"),
        ("Haupteingang", "haupteingang"),
        ("../../etc/passwd", "etc-passwd"),
        ("Tür 2", "tur-2"),
        ("CON: a\\b|c*?.", "con-a-b-c"),
        ("\N{SNOWMAN}", "unit"),
        ("x" * 300, "x" * 40),
    ],
)
def test_a_unit_of_any_name_has_a_file_on_any_file_system(unit: str, plain: str) -> None:
    assert FORMS["attlog"].file_of(unit, "5d2c1c34-9f5e-4a2b", "2026-11") == f"attlog-{plain}-5d2c1c34-2026-11.dat"


def test_what_is_left_of_an_interrupted_delivery_is_known_by_its_name() -> None:
    assert {f"{form}-" for form in FORMS} | {"attendance-", "muster-destination."} == set(OURS)


@pytest.mark.parametrize(
    ("hour", "zone", "months"),
    [
        ("2026-10-31T22:00Z", VIENNA, ["2026-10"]),
        ("2026-10-31T23:00Z", VIENNA, ["2026-11"]),
        ("2026-10-31T18:00Z", ZoneInfo("Asia/Kathmandu"), ["2026-10", "2026-11"]),
        ("2026-03-01T04:00Z", ZoneInfo("America/New_York"), ["2026-02"]),
    ],
)
def test_an_hour_is_in_the_month_of_its_place(hour: str, zone: tzinfo, months: list[str]) -> None:
    assert months_of([datetime.fromisoformat(hour)], zone) == months


START = datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    prepare(str(folder))
    return folder


@pytest.fixture(params=["a folder", "FAT"])
def deliver(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Delivery]:
    mountinfo = tmp_path / "mountinfo"
    kind = "vfat" if request.param == "FAT" else "ext4"
    mountinfo.write_text(f"27 1 254:0 / / rw - {kind} /dev/sda1 rw\n")

    def run(store: Store, share: Path, *, dialect: str = "attlog", again: bool = False) -> Delivery:
        terms = Terms(mountinfo=mountinfo, dialect=dialect, again=again)
        return sync(store, [str(share)], timezone=VIENNA, terms=terms)[0]

    return run


def punch(store: Store, at_utc: datetime = START, code: str = "1042", *, clock_ok: bool = True) -> Event:
    person = store.find_person(code) or store.add_person(code, "Jane Doe")
    return store.record(person, accepted(at_utc, clock_ok=clock_ok))


def put_right(store: Store, old: Event, kind: EventKind, at_utc: datetime | None = None) -> None:
    moment = at_utc or old.at_utc
    corrects = {"corrects": old.event_id, "by": "the office", "why": "a test"}
    store.append(Draft(old.person_code, old.person_name, moment, old.direction, kind=kind, **corrects))


def months(share: Path) -> dict[str, list[str]]:
    """What an importer finds: month -> PIN and time of each line."""
    files = sorted(share.glob("attlog-*.dat"))
    return {path.stem[-7:]: [line.strip()[:24] for line in path.read_text().splitlines()] for path in files}


def test_it_is_beside_the_table_and_twice_changes_nothing(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    punch(store)
    attlog = f"attlog-door-1-{store.ledger_id()[:8]}-2026-11.dat"
    assert deliver(store, share).files == ["attendance-2026-11.csv", attlog]
    written = (share / attlog).stat().st_mtime_ns
    assert deliver(store, share).files == []
    assert (share / attlog).stat().st_mtime_ns == written
    assert months(share) == {"2026-11": ["1042\t2026-11-22 08:00:00"]}


def test_each_row_is_in_the_month_of_its_place_and_in_no_other(
    store: Store, share: Path, deliver: Callable[..., Delivery]
) -> None:
    for minute in (0, 59, 60, 61):
        punch(store, datetime(2026, 10, 31, 22, tzinfo=UTC) + timedelta(minutes=minute))
    deliver(store, share)
    assert {month: len(lines) for month, lines in months(share).items()} == {"2026-10": 2, "2026-11": 2}


def test_without_a_dialect_there_is_the_table_alone_and_who_chooses_one_later_gets_every_month(
    store: Store, share: Path, deliver: Callable[..., Delivery]
) -> None:
    punch(store, START - timedelta(days=31))
    punch(store)
    deliver(store, share, dialect="")
    assert not list(share.glob("attlog*"))
    assert [name[-11:] for name in deliver(store, share).files] == ["2026-10.dat", "2026-11.dat"]
    assert [name[-11:] for name in deliver(store, share, dialect="frappe").files] == ["2026-10.csv", "2026-11.csv"]


def test_a_row_that_is_taken_back_leaves_the_file_of_its_month(
    store: Store, share: Path, deliver: Callable[..., Delivery]
) -> None:
    wrong = punch(store, START - timedelta(days=31))
    punch(store)
    deliver(store, share)
    put_right(store, wrong, EventKind.VOID, START)  # in November
    put_right(store, wrong, EventKind.ENTRY, START + timedelta(hours=1))
    deliver(store, share)
    assert months(share) == {"2026-10": [], "2026-11": ["1042\t2026-11-22 08:00:00", "1042\t2026-11-22 09:00:00"]}
    assert deliver(store, share).files == []


def test_a_row_from_before_the_clock_was_set_moves_to_its_true_month(
    store: Store, share: Path, deliver: Callable[..., Delivery]
) -> None:
    early = punch(store, datetime(1970, 1, 1, 0, 5, tzinfo=UTC), clock_ok=False)
    deliver(store, share)
    assert list(months(share)) == ["1970-01"]
    put_right(store, early, EventKind.TIME, START)
    deliver(store, share)
    assert months(share) == {"1970-01": [], "2026-11": ["1042\t2026-11-22 08:00:00"]}
    put_right(store, early, EventKind.TIME, START + timedelta(days=31))
    deliver(store, share)
    assert months(share) == {"1970-01": [], "2026-11": [], "2026-12": ["1042\t2026-12-23 08:00:00"]}
    put_right(store, early, EventKind.VOID, datetime(2027, 1, 1, 12, tzinfo=UTC))
    deliver(store, share)
    assert months(share) == {"1970-01": [], "2026-11": [], "2026-12": []}


def test_a_unit_that_is_called_otherwise_within_a_month_doubles_nothing(
    tmp_path: Path, share: Path, deliver: Callable[..., Delivery]
) -> None:
    with Store.open(tmp_path / "muster.db", unit="door-1") as store:
        first = punch(store)
        deliver(store, share)
    with Store.open(tmp_path / "muster.db", unit="East") as store:
        punch(store, START + timedelta(hours=1))
        put_right(store, first, EventKind.VOID)
        deliver(store, share)
    assert sorted((path.name[7:11], path.read_text().count("\n")) for path in share.glob("attlog*.dat")) == [
        ("door", 0),
        ("east", 1),
    ]


def test_two_units_of_one_name_do_not_write_over_each_other(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    with Store.open(":memory:", unit="door-1") as second:
        for _ in range(2):
            for number, unit in enumerate((store, second)):
                punch(unit, START + timedelta(hours=number))
                assert deliver(unit, share).error is None
    assert sorted(path.read_text().count("\n") for path in share.glob("attlog*.dat")) == [2, 2]


def test_what_changes_nothing_in_the_end_writes_nothing(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    punch(store)
    attlog = share / deliver(store, share).files[1]
    written = attlog.stat().st_mtime_ns
    put_right(store, punch(store, START + timedelta(hours=1)), EventKind.VOID)
    assert deliver(store, share).files == ["attendance-2026-11.csv"]
    assert attlog.stat().st_mtime_ns == written


@pytest.mark.parametrize("deliver", ["FAT"], indirect=True)
def test_a_side_file_that_names_another_content_is_mended(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    punch(store)
    attlog = share / deliver(store, share).files[1]
    side = attlog.with_name(f"{attlog.name}.sum")
    side.write_bytes((share / "attendance-2026-11.csv.sum").read_bytes())
    put_right(store, punch(store, START + timedelta(hours=1)), EventKind.VOID)
    deliver(store, share)
    assert SideFile.parse(side.read_bytes()).names(attlog.read_bytes())


def test_again_writes_what_was_carried_away(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    punch(store)
    (share / deliver(store, share).files[1]).unlink()
    assert deliver(store, share).files == []
    deliver(store, share, again=True)
    assert list(months(share)) == ["2026-11"]


def test_a_file_that_cannot_be_written_is_written_the_next_time(
    store: Store, share: Path, deliver: Callable[..., Delivery]
) -> None:
    punch(store)
    name = deliver(store, share).files[1]
    (share / name).unlink()
    (share / name).mkdir()
    punch(store, START + timedelta(hours=1))
    assert "not a file" in str(deliver(store, share).error)
    (share / name).rmdir()
    assert deliver(store, share).files == [name]
    assert len(months(share)["2026-11"]) == 2


def test_a_cut_at_any_step_leaves_the_month_before_or_the_month_now(store: Store, share: Path, tmp_path: Path) -> None:
    """On FAT, with everything that may become of a name that is put in another's place."""
    (tmp_path / "mountinfo").write_text("27 1 254:0 / / rw - vfat /dev/sda1 rw\n")
    terms = Terms(mountinfo=tmp_path / "mountinfo", dialect="attlog")
    marker = prepare(str(share)).id
    cursor = punch(store).seq
    sync(store, [str(share)], timezone=UTC, terms=terms)
    before = {path.name: path.read_bytes() for path in share.iterdir()}
    punch(store, START + timedelta(hours=1))
    sync(store, [str(share)], timezone=UTC, terms=terms)
    (attlog,) = share.glob("attlog*.dat")
    legal = {before[attlog.name], attlog.read_bytes()}
    for damage in [*ONE_IS_WHOLE, *NONE_IS_WHOLE]:
        for at_step in range(1, 100):
            for path in share.iterdir():
                path.unlink()
            for name, content in before.items():
                (share / name).write_bytes(content)
            for known_as in (marker, f"{marker} attlog"):
                store.forget_deliveries(known_as)
                store.mark_delivered(known_as, cursor)
            try:
                sync(store, [str(share)], timezone=UTC, files=Cut(at_step, damage), terms=terms)
            except PowerCut:
                side = share / f"{attlog.name}.sum"
                sums = SideFile.parse(side.read_bytes()) if side.exists() else None
                content = attlog.read_bytes() if attlog.exists() else None
                assert content in {None, *legal} or (sums and not sums.names(content)), (damage, at_step)
                (delivery,) = sync(store, [str(share)], timezone=UTC, files=Quick(), terms=terms)
                assert delivery.error is None
                assert attlog.read_bytes() == max(legal, key=len), (damage, at_step)
                assert not list(share.glob(".*"))
            else:
                break
        assert 15 < at_step < 99, "the last step was reached"


def test_one_that_is_torn_is_whole_after_the_next_row(store: Store, share: Path, deliver: Callable[..., Delivery]) -> None:
    punch(store)
    name = deliver(store, share).files[1]
    (share / name).write_bytes((share / name).read_bytes()[:10])
    (share / f".{name}.part").write_bytes(b"half")
    punch(store, START + timedelta(hours=1))
    delivery = deliver(store, share)
    assert len(months(share)["2026-11"]) == 2
    assert not list(share.glob(".attlog*"))
    is_fat = (share / f"{name}.sum").exists()
    assert len(delivery.set_aside) == (1 if is_fat else 0), "nobody but the side file can tell"
    if is_fat:
        assert SideFile.parse((share / f"{name}.sum").read_bytes()).before is None, "no side file names what was torn"
