"""Exported files against the chain, with the database and without: whatever somebody did to a file is told, and nothing else."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cli import main
from edge.exchange.cells import guard
from edge.exchange.ledger.check import Check
from edge.exchange.ledger.table import Row, read_csv, to_csv
from edge.ledger import FIELDS, canonical, link, name_digest
from edge.store import Store
from edge.types import Direction, Draft, EventKind

VIENNA = ZoneInfo("Europe/Vienna")
NOVEMBER = "attendance-2026-11.csv"
START = datetime(2026, 10, 31, 20, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "ledger.md"


def filled(store: Store, n: int = 12, *, start: datetime = START, name: str = "=Jane, Doe") -> Store:
    """An hour apart, from October into November in Vienna: rows 1 to 3 are October's."""
    store.append(
        *(
            Draft("1042", name, start + timedelta(hours=hour), Direction.IN, distance=0.4375, boot_id="b", monotonic_s=hour / 3)
            for hour in range(n - 1)
        ),
        Draft(
            "1042",
            name,
            start + timedelta(hours=n),
            Direction.BREAK_OUT,
            EventKind.ENTRY,
            corrects="c0",
            by="Ada",
            why="forgot, again",
        ),
    )
    return store


def rows_of(store: Store, month: str = "") -> list[Row]:
    return [row for row in (Row.of(event, VIENNA) for event in store.events()) if row.month.startswith(month)]


def remarks(store: Store | None, files: dict[str, bytes | list[Row]]) -> list[str]:
    check = Check(store, VIENNA)
    for name, content in files.items():
        check.read(name, content if isinstance(content, bytes) else to_csv(content).encode(), name=name)
    check.follow()
    return [str(remark) for remark in check.remarks]


@pytest.fixture(scope="module")
def ledger() -> Store:
    """Twelve rows; nobody changes it."""
    with Store.open(":memory:", unit="door-1") as store:
        yield filled(store)


@pytest.fixture(scope="module")
def november(ledger: Store) -> list[Row]:
    """Rows 4 to 12."""
    return rows_of(ledger, "2026-11")


OTHERWISE = {
    "event_id": "0b7e2f0e-6d1c-4f38-9a0e-3f6f0c6f5a11",
    "person_name": "=Jane Doe",
    "at_utc": "2026-11-01T02:00:00.001Z",
    "at_local": "2026-11-01T03:00:00.001+01:00",
    "direction": "out",
    "distance": "0.4374",
    "clock_ok": "false",
    "kind": "void",
    "ledger": "5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300",
    "seq": "70",
    "salt": "0" * 32,
    "name_digest": "1" * 64,
    "previous": "2" * 64,
    "chain": "3" * 64,
    "monotonic_s": "2.334",
}


@pytest.mark.parametrize("has_database", [True, False], ids=["with the database", "alone"])
class TestOneFile:
    @pytest.fixture
    def store(self, ledger: Store, has_database: bool) -> Store | None:
        return ledger if has_database else None

    def test_as_it_was_written_is_in_order(self, store: Store | None, november: list[Row]) -> None:
        assert len(november) == 9
        assert remarks(store, {NOVEMBER: november}) == []

    def test_saved_by_an_editor_in_another_order_is_in_order(self, store: Store | None, november: list[Row]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            [Row._fields, *(map(guard, row) for row in reversed(november))]
        )
        assert remarks(store, {NOVEMBER: b"\xef\xbb\xbf" + text.getvalue().encode()}) == []

    @pytest.mark.parametrize("row", [0, 4, 8])
    @pytest.mark.parametrize("column", Row._fields)
    def test_any_edited_cell_is_found_and_its_line_told(
        self, store: Store | None, november: list[Row], column: str, row: int
    ) -> None:
        edited = [*november]
        edited[row] = edited[row]._replace(**{column: OTHERWISE.get(column, "x")})
        told = remarks(store, {NOVEMBER: edited})
        assert f"{NOVEMBER}, line {row + 2}: " in "\n".join(told)
        assert all(re.match(rf"{NOVEMBER}(, line ({row + 2}|{row + 3}))?: ", line) for line in told), told
        assert len(told) <= (3 if column == "seq" else 2)
        if store and column in {"person_name", "direction", "distance", "why"}:
            assert told == [
                f"{NOVEMBER}, line {row + 2}: row {row + 4} (event {november[row].event_id}): {column} is "
                f"{OTHERWISE.get(column, 'x')!r}, in the database {getattr(november[row], column)!r}"
            ]

    @pytest.mark.parametrize("column", Row._fields)
    def test_any_emptied_cell_is_found(self, store: Store | None, november: list[Row], column: str) -> None:
        emptied = [row._replace(**{column: ""}) if row.kind == "entry" else row for row in november]
        told = remarks(store, {NOVEMBER: emptied})
        assert bool(told) == (emptied != november)

    @pytest.mark.parametrize("column", ["person_name", "why"])
    def test_an_apostrophe_in_front_is_an_edit(self, store: Store | None, november: list[Row], column: str) -> None:
        content = to_csv(november).replace("forgot, again", "'forgot, again").encode()
        assert len(remarks(store, {NOVEMBER: content})) == 1

    @pytest.mark.parametrize("row", range(1, 8))
    def test_a_row_taken_out_between_two_others_is_found(self, store: Store | None, november: list[Row], row: int) -> None:
        told = remarks(store, {NOVEMBER: november[:row] + november[row + 1 :]})
        assert len(told) == 1
        assert f"row {row + 4} is missing" in told[0]

    def test_a_row_that_was_rewritten_with_its_hash_does_not_fit_the_next(self, store: Store | None, november: list[Row]) -> None:
        row = november[4]._replace(direction="out")
        digest = name_digest(row.salt, row.person_name)
        text = canonical(digest if field == "name_digest" else getattr(row, field) for field in FIELDS)
        forged = row._replace(chain=link(row.previous, text))
        told = remarks(store, {NOVEMBER: [*november[:4], forged, *november[5:]]})
        if store:
            assert f"line 6: row 8 (event {row.event_id}): direction is 'out', in the database 'in'; chain is" in told[0]
        else:
            assert told == [
                f"{NOVEMBER}, line 7: row 9 (event {november[5].event_id}): it does not follow row 8 in {NOVEMBER}, line 6"
            ]

    def test_a_name_that_was_moved_into_its_salt_is_found(self, store: Store | None, november: list[Row]) -> None:
        row = november[4]
        for edited in (
            row._replace(person_name=row.salt + row.person_name, salt=""),
            row._replace(person_name="June", name_digest=name_digest(row.salt, row.person_name)),
        ):
            (told,) = remarks(store, {NOVEMBER: [*november[:4], edited, *november[5:]]})
            assert told.startswith(f"{NOVEMBER}, line 6: row 8 ")

    def test_an_entry_that_was_made_a_punch_without_a_chain_is_found(self, store: Store | None, november: list[Row]) -> None:
        bare = november[8]._replace(
            kind="punch", corrects="", **dict.fromkeys(("ledger", "seq", "salt", "previous", "chain"), "")
        )
        (told,) = remarks(store, {NOVEMBER: [*november[:8], bare]})
        assert told.startswith(f"{NOVEMBER}, line 10: ")

    def test_a_month_of_which_every_row_was_taken_out_is_found(self, store: Store | None) -> None:
        (told,) = remarks(store, {NOVEMBER: to_csv([]).encode()})
        assert told.startswith(f"{NOVEMBER}: there is no row in it")
        assert remarks(store, {"events.csv": to_csv([]).encode()}) == [], "a list of nobody's rows"

    def test_a_row_copied_in_is_found(self, store: Store | None, november: list[Row]) -> None:
        told = remarks(store, {NOVEMBER: [*november[:4], november[2], *november[4:]]})
        assert told == [
            f"{NOVEMBER}, line 6: row 6 (event {november[2].event_id}): another row 6 is in {NOVEMBER}, line 4",
        ]

    def test_a_row_made_up_is_found(self, store: Store | None, november: list[Row]) -> None:
        chained = november[8]._replace(event_id=OTHERWISE["event_id"], seq="13", previous=november[8].chain)
        assert len(remarks(store, {NOVEMBER: [*november, chained]})) == 1
        unchained = Row(*november[8][:10])._replace(event_id=OTHERWISE["event_id"])
        told = remarks(store, {NOVEMBER: [*november, unchained]})
        assert [line.split(":")[0] for line in told] == [f"{NOVEMBER}, line 11"]
        assert "1 row from here on without a chain" in told[0]

    def test_a_row_whose_chain_was_emptied_is_found(self, store: Store | None, november: list[Row]) -> None:
        bare = Row(*november[4][:10])
        told = remarks(store, {NOVEMBER: [*november[:4], bare._replace(direction="out"), *november[5:]]})
        assert any("line 6" in line for line in told)

    @pytest.mark.parametrize(
        "harm",
        [
            lambda b: b[:-40],
            lambda b: b.replace(b",", b";"),
            lambda _: b"",
            lambda b: b + b"\xff\xfe,\r\n",
            lambda b: b.replace(b"Jane", b"J\xe4ne", 1),
            lambda b: b.replace(b"2026-11-01T02", b"2026-11-41T02", 1),
            lambda b: b.replace(b",5,", b"," + b"9" * 30 + b",", 1),
            lambda b: b.replace(b"1042", b"10\x0042", 1),
        ],
        ids=["torn", "semicolons", "empty", "bytes", "Latin-1", "no date", "a large number", "NUL"],
    )
    def test_a_damaged_file_is_told(self, store: Store | None, november: list[Row], harm: Callable[[bytes], bytes]) -> None:
        assert remarks(store, {NOVEMBER: harm(to_csv(november).encode())})


class TestTheDatabaseKnowsMore:
    def test_the_first_rows_of_a_month_that_were_taken_out(self, ledger: Store, november: list[Row]) -> None:
        told = remarks(ledger, {NOVEMBER: november[2:]})
        assert told == [f"{NOVEMBER}: rows 4 to 5 are missing; the database has them (from event {november[0].event_id} on)"]
        assert remarks(ledger, {"part.csv": november[2:]}) == [], "a part of the ledger says by its name that it is one"

    def test_a_file_that_is_older_than_the_last_rows(self, ledger: Store, november: list[Row]) -> None:
        assert remarks(ledger, {NOVEMBER: november[:6]}) == []

    def test_a_row_of_this_ledger_that_it_never_wrote(self, november: list[Row]) -> None:
        """An earlier export finds what was taken out of the database together with the chain behind it."""
        with Store.open(":memory:", unit="door-1") as store:
            filled(store)
            rows = rows_of(store, "2026-11")
            for trigger in ("event_stays", "event_stays_as_it_is"):
                store._database.execute(f"DROP TRIGGER {trigger}")
            store._database.execute("DELETE FROM event WHERE seq > 10")
            store._database.execute("UPDATE sqlite_sequence SET seq = 10 WHERE name = 'event'")
            told = remarks(store, {NOVEMBER: rows})
        assert [line.rsplit(": ", 1)[1] for line in told] == ["the database has no such row"] * 2
        assert remarks(store=None, files={NOVEMBER: november}) == []

    def test_a_name_that_was_erased_since_and_one_that_was_taken_out_of_the_file(self) -> None:
        with Store.open(":memory:", unit="door-1") as store:
            before = rows_of(filled(store), "2026-11")
            taken = [row._replace(person_name="", salt="", name_digest="4" * 64) for row in before[:1]] + before[1:]
            assert len(remarks(store, {NOVEMBER: taken})) == 1
            store._database.execute("UPDATE event SET person_name = '', salt = ''")
            after = rows_of(store, "2026-11")
            assert {(row.person_name, row.salt, len(row.name_digest)) for row in after} == {("", "", 64)}
            for file in (before, after):
                assert remarks(store, {NOVEMBER: file}) == remarks(None, {NOVEMBER: file}) == []
            renamed = [before[0]._replace(person_name="John Roe"), *before[1:]]
            assert len(remarks(store, {NOVEMBER: renamed})) == 1, "the digest still tells"

    def test_rows_of_before_the_chain_are_confirmed_or_told(self, ledger: Store, november: list[Row]) -> None:
        before = to_csv(row for row in november if row.kind == "punch").encode()
        before = b"".join(b",".join(line.rsplit(b",", 12)[:1]) + b"\r\n" for line in before.splitlines())
        assert len(read_csv(before).rows) == 8
        assert remarks(ledger, {NOVEMBER: before}) == []
        told = remarks(ledger, {NOVEMBER: before.replace(b"Jane", b"June", 1)})
        assert told == [
            f"{NOVEMBER}, line 2: row - (event {november[0].event_id}): person_name is '=June, Doe', in the database '=Jane, Doe'"
        ]
        (told,) = remarks(None, {NOVEMBER: before})
        assert "8 rows from here on without a chain" in told
        twice = before + before.splitlines(keepends=True)[3]
        assert remarks(ledger, {NOVEMBER: twice}) == [
            f"{NOVEMBER}, line 10: row - (event {november[2].event_id}): it is in line 4, too"
        ]


def numbered_anew(rows: list[Row], seqs: list[int]) -> list[Row]:
    """Chained by hand, as a ledger that had a gap in its numbers before there was a chain."""
    chained: list[Row] = []
    for row, seq in zip(rows, seqs, strict=True):
        new = row._replace(seq=str(seq), previous=chained[-1].chain if chained else row.previous)
        digest = name_digest(row.salt, row.person_name)
        text = canonical(digest if field == "name_digest" else getattr(new, field) for field in FIELDS)
        chained.append(new._replace(chain=link(new.previous, text)))
    return chained


class TestSeveralFiles:
    def test_a_number_that_was_never_given_is_not_told_as_missing(self, november: list[Row]) -> None:
        leaping = numbered_anew(november, [4, 5, 8, 9, 10, 11, 14, 15, 16])
        assert remarks(None, {NOVEMBER: leaping}) == []
        (told,) = remarks(None, {NOVEMBER: [*leaping[:3], *leaping[5:]]})
        assert "rows 9 to 10 are missing" in told

    def test_of_two_months_follow_each_other(self, ledger: Store, november: list[Row]) -> None:
        october = rows_of(ledger, "2026-10")
        files = {NOVEMBER: november, "attendance-2026-10.csv": october}
        assert remarks(None, files) == remarks(ledger, files) == []
        (told,) = remarks(None, files | {"attendance-2026-10.csv": october[:2]})
        assert "between it and row 2 in attendance-2026-10.csv, line 3 row 3 is missing" in told

    def test_of_one_month_twice_are_in_order_as_long_as_they_agree(self, november: list[Row]) -> None:
        assert remarks(None, {NOVEMBER: november, "copy.csv": november[:5]}) == []

    def test_two_ledgers_of_one_unit_that_went_apart_are_told(self, db_path: Path, tmp_path: Path) -> None:
        """A backup was restored, and the rows written since were written again, otherwise."""
        with Store.open(db_path, unit="door-1") as store:
            filled(store, 3)
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "muster.db").write_bytes(db_path.read_bytes())
        files = {}
        for path in (db_path, tmp_path / "copy" / "muster.db"):
            with Store.open(path, unit="door-1") as store:
                filled(store, 2, start=START + timedelta(days=2))
                files[f"{path.parent.name}.csv"] = rows_of(store)
        told = remarks(None, files)
        assert [re.sub(r" \(event .*?\)", "", line) for line in told] == [
            "data.csv, line 5: row 4: another row 4 is in copy.csv, line 5",
            "data.csv, line 6: row 5: another row 5 is in copy.csv, line 6",
        ]

    def test_two_units_in_one_file_are_each_followed(self, ledger: Store, november: list[Row]) -> None:
        with Store.open(":memory:", unit="door-2") as other:
            theirs = rows_of(filled(other, name="李雷"), "2026-11")
        both = [row for pair in zip(november, theirs, strict=True) for row in pair]
        assert remarks(ledger, {NOVEMBER: both}) == remarks(None, {NOVEMBER: both}) == []
        (told,) = remarks(ledger, {NOVEMBER: [row for row in both if row != theirs[3]]})
        assert "row 7 is missing" in told
        (told,) = remarks(ledger, {NOVEMBER: [row._replace(direction="out") if row == theirs[3] else row for row in both]})
        assert told == f"{NOVEMBER}, line 9: row 7 (event {theirs[3].event_id}): it is not as it was written"


@given(st.binary(max_size=300), st.integers(0, 4000))
def test_any_bytes_can_be_checked(ledger: Store, november: list[Row], content: bytes, place: int) -> None:
    whole = to_csv(november).encode()
    for store in (ledger, None):
        remarks(store, {NOVEMBER: content})
        remarks(store, {NOVEMBER: whole[:place] + content + whole[place:]})


class TestTheCommand:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        with Store.open(tmp_path / "data" / "muster.db", unit="door-1") as store:
            filled(store)
            (tmp_path / NOVEMBER).write_bytes(to_csv(rows_of(store, "2026-11")).encode())
        (tmp_path / "data" / "muster.toml").write_text('[unit]\nname = "door-1"\ntimezone = "Europe/Vienna"\n')
        return tmp_path / "data"

    def verify(self, data: Path, *files: Path) -> int:
        return main(["ledger", "verify", "--data", str(data), *map(str, files)])

    def test_says_that_all_is_as_it_was_written(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.verify(data) == 0
        assert re.fullmatch(r"muster\.db: 12 rows of ledger \S{36}\nall is as it was written\.\n", capsys.readouterr().out)
        assert self.verify(data, data.parent / NOVEMBER) == 0
        assert capsys.readouterr().out.endswith("9 rows in 1 file: all is as it was written.\n")

    def test_names_what_is_not_and_ends_with_65(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        raw = sqlite3.connect(data / "muster.db")
        raw.execute("DROP TRIGGER event_stays_as_it_is")
        raw.execute("UPDATE event SET direction = 'out' WHERE seq = 6")
        raw.commit()
        raw.close()
        assert self.verify(data, data.parent / NOVEMBER, data.parent / "nowhere.csv") == 65
        lines = capsys.readouterr().out.splitlines()
        assert re.fullmatch(r"muster\.db: 12 rows of ledger \S{36}", lines[1])
        assert re.fullmatch(r"muster\.db: row 6 \(event \S+\): it, or the hash of row 5 before it, is not .*", lines[0])
        assert lines[2].endswith("nowhere.csv: cannot be read (No such file or directory)")
        assert "line 4: row 6" in lines[3]
        assert lines[3].endswith("direction is 'in', in the database 'out'")
        assert lines[-1] == "9 rows in 2 files: 3 findings."

    def test_on_another_computer_checks_the_file_alone_and_makes_no_database(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        elsewhere = tmp_path / "elsewhere"
        assert self.verify(elsewhere, tmp_path / NOVEMBER) == 0
        assert "the files are checked by themselves" in capsys.readouterr().out
        assert not elsewhere.exists()
        assert self.verify(elsewhere) == 74
        assert "there is no database" in capsys.readouterr().err

    def test_says_which_rows_the_database_knows_nothing_of(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Or a whole file that somebody made up would be in order, as one of another unit."""
        with Store.open(":memory:", unit="door-1") as other:
            made_up = rows_of(filled(other), "2026-11")
        (data.parent / NOVEMBER).write_bytes(to_csv(made_up).encode())
        assert self.verify(data, data.parent / NOVEMBER) == 0
        assert f"9 rows of ledger {made_up[0].ledger}, checked without its database\n" in capsys.readouterr().out

    def test_bytes_that_are_no_text_are_told_in_letters(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        raw = sqlite3.connect(data / "muster.db")
        raw.execute("DROP TRIGGER event_stays_as_it_is")
        raw.execute("UPDATE event SET event_id = CAST(x'ff1b5b' AS TEXT) WHERE seq = 6")
        raw.commit()
        raw.close()
        file = data.parent / NOVEMBER
        file.write_bytes(file.read_bytes().replace(b"forgot", b"f\xf6rgot\x1b"))
        assert self.verify(data, file) == 65
        out = capsys.readouterr().out
        out.encode()
        assert "\x1b" not in out

    def test_the_lines_of_python_in_the_documentation_find_the_same(self, data: Path, tmp_path: Path) -> None:
        (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
        whole = (tmp_path / NOVEMBER).read_text(encoding="utf-8")
        for content, expected in (
            (whole, ""),
            (whole.replace(",in,", ",out,", 1), "row 4 is not as it was written\n"),
            (self.renamed(whole, keep_salt=True), "row 4 is not as it was written\n"),
            (self.renamed(whole, keep_salt=False), "row 4 is not as it was written\n"),
            (re.sub(r"\n[^\n]*,6,[^\n]*", "", whole, count=1), "row 7 does not follow the row before it in this file\n"),
        ):
            (tmp_path / "check.csv").write_text(content, encoding="utf-8", newline="")
            command = [sys.executable, "-I", "-c", code, tmp_path / "check.csv"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == (expected, "")

    def renamed(self, content: str, *, keep_salt: bool) -> str:
        """The first row under another name, with the digest that it had: told beside the salt, or got from a longer name."""
        row, *rows = read_csv(content.encode()).rows
        if keep_salt:
            row = row._replace(person_name="June", name_digest=name_digest(row.salt, row.person_name))
        else:
            row = row._replace(person_name=row.salt + row.person_name, salt="")
        return to_csv([row, *rows])
