"""What was wrong is put right by rows that name it, with who and why; and whoever has no face is entered by hand."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from decisions import Decide
from hypothesis import given
from hypothesis import strategies as st

from edge import wiring
from edge.arguments import build_parser
from edge.arguments.ledger import STATES
from edge.attendance import Attendance, Moment, Opinion, Rules
from edge.cli import main
from edge.commands import corrections
from edge.config import Config
from edge.corrections import Answerable, Change, as_it_stands, entered, moment, put_right, taken_back
from edge.errors import CorrectionError
from edge.known import Known
from edge.store import FILE_NAME, Store
from edge.store.audit import ROW_CORRECTED
from edge.types import Direction, Draft, Event, EventKind, Outcome, Stamp
from edge.wiring import Now

VIENNA = ZoneInfo("Europe/Vienna")
MORNING = datetime(2025, 10, 22, 7, tzinfo=UTC)
EVENING = Now(datetime(2025, 10, 22, 17, tzinfo=UTC), clock_ok=True)
UNSET = Now(datetime(1970, 1, 1, tzinfo=UTC), clock_ok=False)
SAID = Answerable("Eve", "the twin")
BY_EVE = ("--by", "Eve", "--why", "the twin")

Muster = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decide: Decide) -> Path:
    """A unit in Vienna with two people: row 1 and row 3 are Jane's, row 2 is John's, of a clock that nobody had set."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "muster.toml").write_text('[unit]\nname = "door-1"\ntimezone = "Europe/Vienna"', encoding="utf-8")
    monkeypatch.setenv("MUSTER_DATA", str(data))
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        jane, john = store.add_person("1042", "Jane Doe"), store.add_person("7", "John Roe")
        store.record(jane, decide(MORNING))
        store.record(john, decide(datetime(1970, 1, 1, tzinfo=UTC), clock_ok=False))
        store.record(jane, decide(MORNING + timedelta(hours=9), Direction.OUT))
    return data


@pytest.fixture
def muster(data: Path, capsys: pytest.CaptureFixture[str]) -> Muster:
    """Runs a command: exit code, what it printed, what it complained."""

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return run


def rows(data: Path) -> list[Event]:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        return store.events()


def standing(data: Path) -> list[tuple[int, str, Direction, str]]:
    """Number, code, state and local time of what stands."""
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        events = store.standing()
    return [(e.seq, e.person_code, e.direction, f"{e.at_utc.astimezone(VIENNA):%H:%M}") for e in events]


def do(*words: str, now: Now = EVENING) -> int:
    """A command at a time of its own."""
    return corrections.run(build_parser().parse_args(words), now=now)


class TestCorrect:
    def test_it_was_somebody_else(self, muster: Muster, data: Path) -> None:
        before = rows(data)
        code, out, _ = muster("events", "correct", "1", "--code", "7", *BY_EVE)
        assert (code, out.splitlines()) == (
            0,
            [
                "4  2025-10-22 09:00:00+02:00  in   1042  Jane Doe  takes back row 1 (by Eve: the twin)",
                "5  2025-10-22 09:00:00+02:00  in   7  John Roe  in place of row 1 (by Eve: the twin)",
            ],
        )
        *kept, void, entry = rows(data)
        assert kept == before, "what was written stays as it was written"
        for row, kind in ((void, EventKind.VOID), (entry, EventKind.ENTRY)):
            assert (row.kind, row.corrects, row.by, row.why) == (kind, before[0].event_id, "Eve", "the twin")
        assert (entry.distance, entry.backends, entry.clock_ok) == (None, "", True)
        assert muster("ledger", "verify")[0] == 0

    def test_an_event_id_names_a_row_as_its_number_does(self, muster: Muster, data: Path) -> None:
        first = rows(data)[0]
        assert muster("events", "correct", first.event_id, "--void", *BY_EVE)[0] == 0
        assert [seq for seq, *_ in standing(data)] == [2, 3]
        assert muster("events", "correct", "3", "--void", *BY_EVE)[0] == 0
        assert [seq for seq, *_ in standing(data)] == [2]
        assert (rows(data)[-1].direction, rows(data)[-1].at_utc) == (Direction.OUT, rows(data)[2].at_utc)

    def test_what_is_not_named_stays(self, muster: Muster, data: Path) -> None:
        assert muster("events", "correct", "1", "--at", "2025-10-22T09:15", *BY_EVE)[0] == 0
        assert muster("events", "correct", "3", "--direction", "overtime out", *BY_EVE)[0] == 0
        assert standing(data)[1:] == [(5, "1042", Direction.IN, "09:15"), (7, "1042", Direction.OVERTIME_OUT, "18:00")]

    def test_all_at_once_is_one_correction(self, muster: Muster, data: Path) -> None:
        muster("events", "correct", "1", "--code", "7", "--at", "2025-10-22 10:00", "--direction", "break in", *BY_EVE)
        assert standing(data)[1:] == [(5, "7", Direction.BREAK_IN, "10:00"), (3, "1042", Direction.OUT, "18:00")]

    def test_a_correction_is_corrected_by_the_row_in_its_place(self, muster: Muster, data: Path) -> None:
        muster("events", "correct", "1", "--code", "7", *BY_EVE)
        code, _, err = muster("events", "correct", "1", "--void", *BY_EVE)
        assert (code, err) == (
            65,
            "muster: row 1 was taken back by row 4 (Eve: the twin). Correct row 5, which stands in its place.\n",
        )
        assert muster("events", "correct", "5", "--void", *BY_EVE)[0] == 0
        assert [seq for seq, *_ in standing(data)] == [2, 3]

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["4", "--void"], "there is no row 4"),
            (["9" * 30, "--void"], "there is no row 9"),
            (["0b7e2f0e-0000-4000-a000-000000000000", "--void"], "there is no row 0b7e"),
            (["1", "--code", "8"], "nobody has the code '8'"),
            (["1", "--code", "1042"], "row 1 says all of this already"),
            (["1", "--direction", "in"], "row 1 says all of this already"),
            (["1", "--at", "2025-10-22"], "is a day. Say the time"),
            (["1", "--at", "soon"], "is no time as in"),
            (["1", "--at", "0206-10-22T08:00"], "lies before 2000"),
            (["1", "--at", "2025-03-30T02:30"], "never came"),
            (["1", "--at", "2025-10-26T02:30"], "came twice"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_is_written(
        self, muster: Muster, data: Path, words: list[str], complaint: str
    ) -> None:
        code, _, err = muster("events", "correct", *words, *BY_EVE)
        assert (code, complaint in err) == (65, True), err
        assert len(rows(data)) == 3

    @pytest.mark.parametrize("words", [["--by", " ", "--why", "x"], ["--by", "Eve", "--why", "\t"]])
    def test_somebody_answers_for_it_and_says_why(self, muster: Muster, data: Path, words: list[str]) -> None:
        assert muster("events", "correct", "1", "--void", *words)[0] == 65
        assert muster("events", "correct", "1", "--void", *words[:2])[0] == 2
        assert len(rows(data)) == 3

    @pytest.mark.parametrize("words", [["1"], ["1", "--void", "--code", "7"], ["1", "--void", "--at", "2025-10-22T08:00"]])
    def test_it_must_be_said_what_was_wrong_and_only_once(self, muster: Muster, data: Path, words: list[str]) -> None:
        code, _, err = muster("events", "correct", *words, *BY_EVE)
        assert (code, "say what was wrong" in err) == (2, True)
        assert len(rows(data)) == 3

    def test_a_filter_of_the_list_is_no_correction(self, muster: Muster, data: Path) -> None:
        """``--code 7 correct 1 --void`` reads as if only a row of 7 were meant."""
        assert muster("events", "--code", "7", "correct", "1", "--void", *BY_EVE)[0] == 2
        assert len(rows(data)) == 3

    def test_rows_that_put_others_right_are_no_coming_or_going(self, muster: Muster, data: Path) -> None:
        muster("events", "correct", "1", "--void", *BY_EVE)
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            (time,) = store.append(
                Draft("1042", "Jane Doe", MORNING, Direction.OUT, EventKind.TIME, corrects=rows(data)[2].event_id)
            )
        for row, does in (("4", "takes another row back"), (str(time.seq), "says when another row happened")):
            code, _, err = muster("events", "correct", row, "--void", *BY_EVE)
            assert (code, does in err) == (65, True)
        assert len(rows(data)) == 5

    def test_the_time_that_became_known_later_is_what_stays(self, muster: Muster, data: Path) -> None:
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            for at_utc in (MORNING - timedelta(days=1), MORNING):
                store.append(Draft("7", "John Roe", at_utc, Direction.IN, EventKind.TIME, corrects=rows(data)[1].event_id))
        assert muster("events", "correct", "2", "--direction", "out", *BY_EVE)[0] == 0
        void, entry = rows(data)[-2:]
        assert [(row.at_utc, row.clock_ok) for row in (void, entry)] == [(MORNING, True)] * 2

    def test_two_at_once_take_a_row_back_once(self, data: Path) -> None:
        command = [sys.executable, "-m", "edge", "events", "correct", "1", "--code", "7", *BY_EVE]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for process in both:
            process.communicate(timeout=60)
        assert sorted(process.returncode for process in both) == [0, 65]
        assert len(rows(data)) == 5

    def test_what_the_audit_log_cannot_tell_of_is_not_written(self, data: Path) -> None:
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            store._database.execute("CREATE TRIGGER fails BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
        before = rows(data)
        with pytest.raises(sqlite3.IntegrityError):
            do("events", "correct", "1", "--code", "7", *BY_EVE)
        assert rows(data) == before

    def test_the_audit_log_says_when_and_names_nobody(self, muster: Muster, data: Path) -> None:
        assert do("events", "correct", "1", "--code", "7", *BY_EVE) == 0
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            (line,) = store.audit()
        assert (line.what, line.at_utc, line.clock_ok) == (ROW_CORRECTED, EVENING.at_utc, True)
        assert line.detail == f"row 4 (void, 1042), row 5 (entry, 7), for event {rows(data)[0].event_id}"

    def test_a_name_that_was_erased_is_not_written_again(self, data: Path) -> None:
        """Somebody else may have the code by now."""
        (event, *_) = rows(data)
        erased = Event(1, event.event_id, "door-1", "1042", "", MORNING, Direction.IN, 0.4, clock_ok=True)
        void, entry = put_right(erased, Change(direction=Direction.OUT), SAID)
        assert (void.person_name, entry.person_name) == ("", "")


class TestAdd:
    def test_a_forgotten_punch_is_entered(self, muster: Muster, data: Path) -> None:
        words = ("events", "add", "1042", "--at", "2025-10-22T12:30", "--direction", "break out")
        code, out, _ = muster(*words, "--by", " Eve ", "--why", " forgot ")
        assert (code, out) == (0, "4  2025-10-22 12:30:00+02:00  break out  1042  Jane Doe  entered (by Eve: forgot)\n")
        entry = rows(data)[-1]
        assert (entry.kind, entry.corrects, entry.distance, entry.clock_ok) == (EventKind.ENTRY, "", None, True)

    def test_somebody_without_a_face_comes_and_goes(self, muster: Muster, data: Path) -> None:
        assert muster("people", "add", "9", "Ada Lovelace")[0] == 0
        for hour, state in (("08:00", "in"), ("17:00", "out")):
            words = ("--at", f"2025-10-21T{hour}", "--direction", state, "--by", "Eve", "--why", "no camera")
            assert muster("events", "add", "9", *words)[0] == 0
        out = muster("events", "--standing", "--code", "9")[1].splitlines()
        assert out == [
            "4  2025-10-21 08:00:00+02:00  in   9  Ada Lovelace  entered (by Eve: no camera)",
            "5  2025-10-21 17:00:00+02:00  out  9  Ada Lovelace  entered (by Eve: no camera)",
            "2 events.",
        ]

    @pytest.mark.parametrize("hours", [-1, 1])
    def test_only_what_has_happened_is_entered(self, data: Path, hours: int) -> None:
        at = (EVENING.at_utc + timedelta(hours=hours)).isoformat()
        words = ("events", "add", "7", "--at", at, "--direction", "in", *BY_EVE)
        if hours < 0:
            assert do(*words) == 0
        else:
            with pytest.raises(CorrectionError, match="lies in the future"):
                do(*words)
        assert len(rows(data)) == (4 if hours < 0 else 3)

    def test_a_unit_that_does_not_know_the_time_takes_it_from_the_office(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert do("events", "add", "7", "--at", "2025-10-22T08:00", "--direction", "in", *BY_EVE, now=UNSET) == 0
        assert "the future" in capsys.readouterr().out
        assert do("events", "correct", "4", "--void", *BY_EVE, now=UNSET) == 0
        assert "the future" not in capsys.readouterr().out

    @pytest.mark.parametrize(("minute", "is_told"), [("00:59", True), ("01:00", False)])
    def test_a_double_is_told(self, data: Path, capsys: pytest.CaptureFixture[str], minute: str, is_told: bool) -> None:
        do("events", "add", "1042", "--at", f"2025-10-22T09:{minute}", "--direction", "in", *BY_EVE)
        out = capsys.readouterr().out
        assert ("Take back what is a double" in out, "\n1  2025-10-22 09:00:00" in out) == (is_told, is_told)

    def test_a_double_is_told_also_where_the_door_knows_none(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with (data / "muster.toml").open("a", encoding="utf-8") as file:
            file.write("\n[attendance]\nduplicate_window_s = 0\n")
        do("events", "add", "1042", "--at", "2025-10-22T09:00:30", "--direction", "in", *BY_EVE)
        assert "Take back what is a double" in capsys.readouterr().out

    def test_the_states_of_the_command_line_are_those_of_the_ledger(self) -> None:
        assert tuple(direction.value for direction in Direction) == STATES


class TestList:
    def test_the_list_says_what_each_row_does(self, muster: Muster) -> None:
        muster("events", "correct", "1", "--at", "2025-10-22T09:05", *BY_EVE)
        assert muster("events", "--since", "2025-10-22")[1].splitlines() == [
            "1  2025-10-22 09:00:00+02:00  in   1042  Jane Doe  0.44  (taken back)",
            "3  2025-10-22 18:00:00+02:00  out  1042  Jane Doe  0.44",
            "4  2025-10-22 09:00:00+02:00  in   1042  Jane Doe  takes back row 1 (by Eve: the twin)",
            "5  2025-10-22 09:05:00+02:00  in   1042  Jane Doe  in place of row 1 (by Eve: the twin)",
            "4 events.",
        ]
        assert muster("events", "--since", "2025-10-22", "--standing")[1].splitlines() == [
            "5  2025-10-22 09:05:00+02:00  in   1042  Jane Doe  in place of row 1 (by Eve: the twin)",
            "3  2025-10-22 18:00:00+02:00  out  1042  Jane Doe  0.44",
            "2 events.",
        ]

    def test_what_somebody_answers_for_does_nothing_to_the_terminal(self, muster: Muster) -> None:
        out = muster("events", "correct", "1", "--void", "--by", "E\x1b[2Jve", "--why", "a\nb")[1]
        assert ("\x1b" in out, len(out.splitlines())) == (False, 1)

    def test_what_stands_has_no_chain_of_its_own(self, muster: Muster, tmp_path: Path) -> None:
        """With the time that became known later, the hash of the row would be a wrong one."""
        muster("events", "correct", "1", "--at", "2025-10-22T09:05", "--by", "=Eve", "--why", "late")
        text = muster("events", "--standing", "--csv")[1]
        header, _john, jane, _ = text.splitlines()
        assert (header.endswith(",ledger,seq"), "'=Eve,late" in jane, jane.endswith(",5")) == (True, True, True)
        (tmp_path / "standing.csv").write_text(text, encoding="utf-8")
        assert "the header is not Muster's" in muster("ledger", "verify", str(tmp_path / "standing.csv"))[1]
        table = json.loads(muster("events", "--standing", "--json")[1])
        assert [row["seq"] for row in table] == ["2", "5", "3"]
        assert not {"salt", "previous", "chain", "name_digest"} & table[0].keys()

    def test_a_correction_is_delivered_beside_the_row_and_verifies(self, muster: Muster, data: Path, tmp_path: Path) -> None:
        stick = tmp_path / "stick"
        stick.mkdir()
        assert muster("sync", "--to", str(stick))[0] == 0
        muster("events", "correct", "1", "--code", "7", *BY_EVE)
        muster("events", "add", "7", "--at", "2025-09-01T08:00", "--direction", "in", *BY_EVE)
        assert muster("sync", "--to", str(stick))[0] == 0
        files = sorted(stick.glob("attendance-*.csv"))
        assert [file.name for file in files] == [f"attendance-{month}.csv" for month in ("1970-01", "2025-09", "2025-10")]
        assert files[-1].read_text(encoding="utf-8").count(rows(data)[0].event_id) == 3
        assert muster("ledger", "verify", *map(str, files))[0] == 0


class TestThinking:
    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-10-22T08:00", "2026-10-22T06:00"),
            ("2026-11-22 08:00:30", "2026-11-22T07:00:30"),
            ("2026-03-29T01:59", "2026-03-29T00:59"),
            ("2026-03-29T03:00", "2026-03-29T01:00"),
            ("2026-03-29T02:30+02:00", "2026-03-29T00:30"),
            ("2026-10-25T02:30+02:00", "2026-10-25T00:30"),
            ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
            ("2026-10-25T03:00", "2026-10-25T02:00"),
        ],
    )
    def test_a_local_time_is_one_moment(self, text: str, utc: str) -> None:
        assert moment(text, VIENNA) == datetime.fromisoformat(utc).replace(tzinfo=UTC)

    @pytest.mark.parametrize("zone", ["Europe/Vienna", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"])
    @pytest.mark.parametrize(
        "day", [date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25), date(2026, 11, 1)]
    )
    def test_every_minute_around_a_change_of_summer_time_is_found_or_refused(self, zone: str, day: date) -> None:
        timezone, midnight = ZoneInfo(zone), datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=14)
        shown: dict[str, list[datetime]] = {}
        for minute in range(0, 60 * 38, 15):
            at_utc = midnight + timedelta(minutes=minute)
            shown.setdefault(at_utc.astimezone(timezone).replace(tzinfo=None).isoformat(), []).append(at_utc)
        first, last = (datetime.fromisoformat(text) for text in (min(shown), max(shown)))
        for minute in range(0, int((last - first).total_seconds()) // 60, 15):
            text = (first + timedelta(minutes=minute)).isoformat()
            found = shown.get(text, [])
            if len(found) == 1:
                assert moment(text, timezone) == found[0]
            else:
                with pytest.raises(CorrectionError, match="came twice" if found else "never came"):
                    moment(text, timezone)

    @given(
        text=st.text(max_size=24) | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9](:[0-9]{2}){0,2}", fullmatch=True)
    )
    def test_whatever_is_written_is_a_moment_or_refused(self, text: str) -> None:
        try:
            found = moment(text, VIENNA)
        except CorrectionError:
            return
        assert found.tzinfo is UTC

    def test_an_entry_whose_time_is_not_known_keeps_the_stamp_by_which_it_can_be(self) -> None:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        event = Event(1, "e", "door-1", "7", "John Roe", epoch, Direction.IN, 0.4, False, boot_id="b", monotonic_s=7.5)
        void, entry = put_right(event, Change(direction=Direction.OUT), SAID)
        assert (entry.at_utc, entry.clock_ok, entry.boot_id, entry.monotonic_s) == (epoch, False, "b", 7.5)
        assert (void.boot_id, void.monotonic_s) == ("", None)
        _, entry = put_right(event, Change(at_utc=MORNING), SAID)
        assert (entry.at_utc, entry.clock_ok, entry.boot_id, entry.monotonic_s) == (MORNING, True, "", None)

    def test_what_was_put_right_before_the_clock_was_set_gets_its_time_too(self, store: Store, decide: Decide) -> None:
        """And what was taken back needs none."""
        jane, john = store.add_person("1042", "Jane Doe"), store.add_person("7", "John Roe")
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        event = store.record(john, decide(epoch, clock_ok=False), stamp=Stamp("b", 60.0))
        _, entry = store.append(*put_right(as_it_stands(event, store.named_by(event)), Change(person=jane), SAID))
        assert [row.corrects for row in store.give_times("b", MORNING, n_most=10)] == [entry.event_id]
        (row,) = store.standing()
        assert (row.seq, row.person_code, row.at_utc, row.clock_ok) == (entry.seq, "1042", MORNING + timedelta(minutes=1), True)
        void, latest = put_right(as_it_stands(entry, store.named_by(entry)), Change(direction=Direction.OUT), SAID)
        assert (void.at_utc, latest.at_utc, latest.clock_ok) == (row.at_utc, row.at_utc, True)

    def test_the_door_goes_on_from_what_the_office_put_right(self, store: Store, decide: Decide) -> None:
        """Jane was taken for John, who was in: then he is not, and she is."""
        jane, john = store.add_person("1042", "Jane Doe"), store.add_person("7", "John Roe")
        event = store.record(john, decide(MORNING))
        rules = Rules(1, 3, 60.0, 60.0, None, VIENNA)
        door = Attendance(rules, store.last_events())
        noon = Moment(5.0, MORNING + timedelta(hours=5), clock_ok=True)
        assert [door.decide(opinion(who.id), noon).direction for who in (jane, john)] == [Direction.IN, Direction.OUT]
        store.append(*put_right(as_it_stands(event, store.named_by(event)), Change(person=jane), SAID))
        door.learn(store.last_events())
        assert [door.decide(opinion(who.id), noon).direction for who in (jane, john)] == [Direction.OUT, Direction.IN]
        store.append(entered(john, noon.at_utc, Direction.IN, SAID))
        door.learn(store.last_events())
        assert door.decide(opinion(john.id), noon).outcome is Outcome.ALREADY
        store.append(taken_back(store.events()[-1], SAID))
        door.learn(store.last_events())
        assert door.decide(opinion(john.id), noon).outcome is Outcome.ACCEPTED


def opinion(person_id: int) -> Opinion:
    return Opinion(person_id, 0.4, 1.0, 3)


class TestPeopleWithoutAFace:
    def test_the_first_person_of_a_new_unit_may_be_one(self, muster: Muster, tmp_path: Path) -> None:
        new = ("--data", str(tmp_path / "new"))
        code, out, _ = muster("people", "add", " 9 ", "A\u030asa\x1b", *new)
        assert (code, out.startswith("9 Åsa\\x1b is entered, without a face")) == (0, True), "as one letter, and no command"
        (person,) = json.loads(muster("people", "list", "--json", *new)[1])
        assert (person["code"], person["templates"]) == ("9", 0)

    @pytest.mark.parametrize(
        ("words", "complaint"), [(["1042", "Joe"], "belongs to Jane Doe"), (["9", " "], "name must not be empty")]
    )
    def test_a_code_is_one_persons_and_a_name_is_one(self, muster: Muster, data: Path, words: list[str], complaint: str) -> None:
        code, _, err = muster("people", "add", *words)
        assert (code, complaint in err) == (65, True)
        assert len(json.loads(muster("people", "list", "--json")[1])) == 2

    def test_who_has_a_face_is_known_all_the_same(self, store: Store) -> None:
        """Somebody without a template is no reason to refuse a gallery, and is never its answer."""
        store.add_person("9", "Ada Lovelace")
        vector = np.eye(128, dtype=np.float32)[0]
        jane = store.add_person("1042", "Jane Doe")
        store.add_template(jane.id, vector, model="m", photo_sha256="0" * 64)
        known = Known(store, "m", wiring.policy(Config()), today=lambda _at_s: None)
        known.look(0.0)
        assert known.matcher.match(vector).person_id == jane.id
        assert known.matcher.match(-vector).person_id is None
