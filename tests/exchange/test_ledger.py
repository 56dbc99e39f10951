"""Events as CSV: every text comes back, no cell is a formula, and what is not ours is noticed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.exchange.ledger import Row, Table, read_csv, to_csv
from edge.types import NETWORKS, Backend, Direction, Event, backends_text

RAN = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
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
    }
    return Event(**(fields | changes))


def test_a_row_as_the_office_sees_it() -> None:
    assert to_csv([Row.of(event(), VIENNA)]) == (
        "event_id,unit,person_code,person_name,at_utc,at_local,direction,distance,clock_ok,backends\r\n"
        "0b7e2f0e-6d1c-4f38-9a0e-3f6f0c6f5a11,door-1,1042,Jane Doe,"
        "2026-11-22T07:00:01.250Z,2026-11-22T08:00:01.250+01:00,in,0.4375,true,pnet=cpu rnet=cpu onet=cpu facenet=edgetpu\r\n"
    )


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
BEFORE = b"".join(line.rsplit(b",", 1)[0] + b"\r\n" for line in WHOLE.splitlines())
"""The same table as it was written when there was no column `backends`."""


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


@pytest.mark.parametrize("whole", [WHOLE, BEFORE], ids=["today's", "of before"])
def test_wherever_it_is_torn_no_row_comes_out_changed(whole: bytes) -> None:
    rows = read_csv(whole).rows
    assert len(rows) == 4
    for end in range(len(whole)):
        left = read_csv(whole[:end]).rows
        assert left == rows[: len(left)], whole[:end]


def test_a_table_of_before_is_ours_and_its_rows_do_not_say_where_they_were_computed() -> None:
    table = read_csv(BEFORE)
    assert table == Table([row._replace(backends="") for row in read_csv(WHOLE).rows], [])
    assert read_csv(to_csv(table.rows).encode()) == table


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(content: bytes) -> None:
    read_csv(content)
    read_csv(WHOLE + content)


def test_months_do_not_depend_on_the_clocks_year() -> None:
    assert Row.of(event(at_utc=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=1)), VIENNA).month == "1970-01"
