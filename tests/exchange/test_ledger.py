"""Events as CSV: every text comes back, no cell is a formula, and what is not ours is noticed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.exchange.ledger.table import Row, Table, merged, read_csv, to_csv
from edge.ledger import backends_text
from edge.types import NETWORKS, Backend, Direction, Event, EventKind

RAN = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
SALT = "5a17" * 8
VIENNA = ZoneInfo("Europe/Vienna")


def event(**changes: object) -> Event:
    fields = {
        "seq": 7,
        "event_id": "0b7e2f0e-6d1c-4f38-9a0e-3f6f0c6f5a11",
        "unit": "door-1",
        "person_code": "1042",
        "person_name": "Jane Doe",
        "at_utc": datetime(2026, 11, 22, 7, 0, 1, 250_000, tzinfo=UTC),
        "direction": Direction.IN,
        "distance": 0.43751,
        "clock_ok": True,
        "backends": RAN,
        "boot_id": "6c1f7a3e-0f0e-4a53-8a4e-0d8c0a5a7b11",
        "monotonic_s": 123.4567,
        "ledger": "5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300",
        "salt": SALT,
        "previous": "1" * 64,
        "chain": "2" * 64,
    }
    return Event(**(fields | changes))


def columns(content: bytes, n: int) -> bytes:
    """The first n columns of a table in which no cell has a comma."""
    return b"".join(b",".join(line.split(b",")[:n]) + b"\r\n" for line in content.splitlines())


def test_a_row_as_the_office_sees_it() -> None:
    assert to_csv([Row.of(event(), VIENNA)]) == (
        "event_id,unit,person_code,person_name,at_utc,at_local,direction,distance,clock_ok,backends,"
        "kind,corrects,by,why,boot_id,monotonic_s,ledger,seq,salt,name_digest,previous,chain\r\n"
        "0b7e2f0e-6d1c-4f38-9a0e-3f6f0c6f5a11,door-1,1042,Jane Doe,"
        "2026-11-22T07:00:01.250Z,2026-11-22T08:00:01.250+01:00,in,0.4375,true,pnet=cpu rnet=cpu onet=cpu facenet=edgetpu,"
        "punch,,,,6c1f7a3e-0f0e-4a53-8a4e-0d8c0a5a7b11,123.457,5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300,7,"
        f"{SALT},,{'1' * 64},{'2' * 64}\r\n"
    )


def test_a_manager_s_entry_has_no_distance_and_says_who_and_why() -> None:
    made = event(kind=EventKind.ENTRY, distance=None, monotonic_s=None, by="Ada", why="forgot, on the 1st", corrects="0b7e2f0e")
    row = Row.of(made, VIENNA)
    assert (row.kind, row.distance, row.monotonic_s, row.by, row.why) == ("entry", "", "", "Ada", "forgot, on the 1st")
    assert read_csv(to_csv([row]).encode()) == Table([row], [])


def test_an_erased_name_leaves_its_digest() -> None:
    row = Row.of(event(person_name="", salt="", name_digest="3" * 64), VIENNA)
    assert (row.person_name, row.salt, row.name_digest) == ("", "", "3" * 64)
    assert read_csv(to_csv([row]).encode()) == Table([row], [])


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-10-25T00:30:00+00:00", "2026-10-25T02:30:00.000+02:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T02:30:00.000+01:00"),
        ("2026-03-29T01:00:00+00:00", "2026-03-29T03:00:00.000+02:00"),
        ("2026-11-30T23:30:00+00:00", "2026-12-01T00:30:00.000+01:00"),
    ],
)
def test_local_time_carries_its_offset_through_summer_time(utc: str, local: str) -> None:
    row = Row.of(event(at_utc=datetime.fromisoformat(utc)), VIENNA)
    assert (row.at_local, row.month) == (local, local[:7])


def test_without_a_zone_local_time_is_the_systems_own() -> None:
    moment = event().at_utc
    assert datetime.fromisoformat(Row.of(event(), None).at_local).utcoffset() == moment.astimezone().utcoffset()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    st.lists(
        st.builds(
            event,
            person_code=TEXTS,
            person_name=st.one_of(
                TEXTS, st.sampled_from(["=1+1", "'=1", "''", 'say "hi", all\r\nof\nyou', "@x", "-", "李雷 🙂"])
            ),
            unit=TEXTS,
            at_utc=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  with UTC
            direction=st.sampled_from(Direction),
            clock_ok=st.booleans(),
            backends=st.builds(
                lambda places: backends_text(dict(zip(NETWORKS, places, strict=True))),
                st.tuples(*[st.sampled_from(Backend)] * 4),
            )
            | st.just(""),
        ),
        max_size=4,
    )
)
def test_every_name_comes_back_exactly(events: list[Event]) -> None:
    rows = [Row.of(one, VIENNA) for one in events]
    assert read_csv(to_csv(rows).encode()) == Table(rows, [])


@given(TEXTS)
def test_no_spreadsheet_sees_a_formula(name: str) -> None:
    cells = list(csv.reader(io.StringIO(to_csv([Row.of(event(person_name=name), VIENNA)]), newline="")))[1]
    assert not cells[3].lstrip().startswith(("=", "+", "-", "@"))
    assert not cells[3].startswith(("\t", "\r", "\n"))


def test_a_byte_order_mark_from_an_editor_does_no_harm() -> None:
    rows = [Row.of(event(), VIENNA)]
    assert read_csv(b"\xef\xbb\xbf" + to_csv(rows).encode()) == Table(rows, [])


WHOLE = to_csv(
    Row.of(event(event_id=f"0b7e2f0e-6d1c-4f38-9a0e-{n:012}", backends="" if n == 1 else RAN), VIENNA) for n in range(4)
).encode()
UNCHAINED, BEFORE = columns(WHOLE, 10), columns(WHOLE, 9)
"""The same table as it was written before rows were chained, and before there was a column `backends`."""


@pytest.mark.parametrize(
    ("content", "n_rows"),
    [
        (b"", 0),
        (WHOLE.replace(b",", b";"), 0),
        (WHOLE.replace(b"distance,", b""), 0),
        (WHOLE[:-8], 3),
        (WHOLE.replace(b",true", b",WAHR"), 0),
        (WHOLE.replace(b",in,", b",kommt,", 1), 3),
        (WHOLE.replace(b"2026-11-22T08:00:01.250+01:00", b"22.11.2026 08:00", 2), 2),
        (WHOLE.replace(b"facenet=edgetpu", b"facenet=gpu", 1), 3),
        (WHOLE.replace(b"facenet=edgetpu", b"facenet=edgetpu 2", 1), 3),
        (WHOLE.replace(b"pnet=cpu ", b"", 1), 3),
        (WHOLE.replace(b",punch,", b",lunch,", 1), 3),
        (WHOLE.replace(b",0.4375,", b",,", 1), 3),
        (WHOLE.replace(b",7,5a17", b",7,5a1", 1), 3),
        (WHOLE.replace(b",7,5a17", b",,5a17", 1), 3),
        (BEFORE + WHOLE.splitlines()[1], 4),
        (WHOLE + BEFORE.splitlines()[1], 4),
        (WHOLE.replace(b"Jane Doe", b"Andr\xe9", 1), 3),
        (WHOLE.replace(b"Jane Doe", b'"Jane Doe', 2), 0),
        (WHOLE + b"total,,,4\r\n", 4),
    ],
    ids=[
        "empty",
        "semicolons",
        "a column less",
        "torn",
        "German",
        "a word",
        "dates",
        "a GPU",
        "a second Edge TPU",
        "a network less",
        "another kind",
        "a punch without a distance",
        "a short salt",
        "no number",
        "a new row under the old header",
        "an old row under the new header",
        "Latin-1",
        "a quote",
        "a sum",
    ],
)
def test_what_is_not_as_it_was_written_is_noticed_and_the_rest_is_kept(content: bytes, n_rows: int) -> None:
    table = read_csv(content)
    assert table.faults
    assert len(table.rows) == n_rows


def test_of_a_file_in_which_everything_is_wrong_not_everything_is_told() -> None:
    """A hundred million lines on a stick would take all the memory of a unit."""
    header, *rows = WHOLE.splitlines(keepends=True)
    table = read_csv(header + b"x\n" * 1_500 + b"".join(rows))
    assert (len(table.faults), table.faults[-1]) == (1_001, "and more that is not told one by one")
    assert len(table.rows) == 4


@pytest.mark.parametrize(
    ("at_the_end_of_a_chunk", "fault"),
    [
        ("\N{SNOWMAN}".encode(), None),
        (b"\xe2\x98A", "byte 999999: not UTF-8"),
        (b"AAA\xff", "byte 1000002: not UTF-8"),
        (b"\xe2\x98", "byte 999999: not UTF-8"),
    ],
)
def test_where_a_long_file_is_no_text(at_the_end_of_a_chunk: bytes, fault: str | None) -> None:
    faults = read_csv(b"x" * 999_999 + at_the_end_of_a_chunk).faults
    assert [each for each in faults if "UTF-8" in each] == ([fault] if fault else [])


@pytest.mark.parametrize("whole", [WHOLE, UNCHAINED, BEFORE], ids=["today's", "of before the chain", "of before backends"])
def test_wherever_it_is_torn_no_row_comes_out_changed(whole: bytes) -> None:
    rows = read_csv(whole).rows
    assert len(rows) == 4
    for end in range(len(whole)):
        left = read_csv(whole[:end]).rows
        assert left == rows[: len(left)], whole[:end]


@pytest.mark.parametrize("before", [UNCHAINED, BEFORE])
def test_a_table_of_before_is_ours_and_its_rows_do_not_say_what_it_did_not_know(before: bytes) -> None:
    table = read_csv(before)
    n_columns = len(before.splitlines()[0].split(b","))
    assert table == Table([Row(*row[:n_columns]) for row in read_csv(WHOLE).rows], [])
    assert not any(row.is_chained for row in table.rows)
    assert read_csv(to_csv(table.rows).encode()) == table


@pytest.mark.parametrize("before", [UNCHAINED, BEFORE])
def test_a_row_of_before_is_chained_unless_somebody_changed_it(before: bytes) -> None:
    own = read_csv(WHOLE).rows
    changed, *rest = read_csv(before.replace(b"Jane Doe", b"J. Doe", 1)).rows
    assert merged(own, [changed, *rest]) == {row.event_id: row for row in [changed, *own[1:]]}


def test_a_chained_row_that_somebody_changed_stays_as_it_is_in_the_file() -> None:
    own = read_csv(WHOLE).rows
    changed = own[0]._replace(person_name="J. Doe")
    stranger = own[1]._replace(event_id="0b7e2f0e-6d1c-4f38-9a0e-3f6f0c6f5a99")
    assert list(merged(own, [changed, stranger]).values()) == [changed, *own[1:], stranger]


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(content: bytes) -> None:
    read_csv(content)
    read_csv(WHOLE + content)


def test_months_do_not_depend_on_the_clocks_year() -> None:
    assert Row.of(event(at_utc=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=1)), VIENNA).month == "1970-01"
