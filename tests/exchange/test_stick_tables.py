"""Tables from spreadsheets and editors of the whole world: what can be read is, and what is wrong harms no other line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plug import NOW

from edge.exchange.stick.people_table import COLUMNS, apply_people, people_sheet
from edge.exchange.stick.removals import apply_removals, removal_sheet, remover
from edge.exchange.stick.sheet import Outcome, Row, Sheet, TableLine
from edge.store import Removal, Store
from edge.store.people import PersonDetails
from edge.types import Validity

TEXT = "code,name\n1042,Zoë 'Ada' Byron\n7,山田\u3000太郎\n"
NAMES = {"1042": "Zoë 'Ada' Byron", "7": "山田\u3000太郎"}


def rows(content: bytes, *, n_rows: int = 100) -> list[Row | TableLine]:
    return list(Sheet("people.csv", COLUMNS, n_rows=n_rows).read(content))


def names(content: bytes) -> dict[str, str]:
    return {row.code: row.cells["name"] for row in rows(content) if isinstance(row, Row)}


def reasons(content: bytes) -> dict[int, str]:
    return {row.number: row.reason for row in rows(content) if isinstance(row, TableLine)}


def put(store: Store, text: str, *, barred: frozenset[str] = frozenset(), is_over: bool = False) -> list[TableLine]:
    found = people_sheet(100).read(text.encode())
    return list(apply_people(found, store, barred=barred, is_over=lambda: is_over))


def facts(store: Store, code: str) -> tuple[str, Validity, PersonDetails]:
    person = store.find_person(code)
    assert person
    return person.name, store.validity().get(person.id, Validity()), store.details().get(person.id, PersonDetails())


class TestSheet:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_as_spreadsheets_write_it(self, encoding: str, separator: str, end: str) -> None:
        text = TEXT.replace(",", separator).replace("\n", end)
        bom = encoding.endswith("-bom")
        content = ("\ufeff" + text).encode(encoding.removesuffix("-bom")) if bom else text.encode(encoding)
        assert names(content) == NAMES

    def test_blank_lines_and_capital_letters_and_quotation_marks(self) -> None:
        content = b'\n,\nCode , "Valid from",NAME\n;;\n 1 ,,"Byron, ""Ada"""\n\n,,\n'
        assert [row for row in rows(content) if isinstance(row, Row)] == [
            Row(5, "1", {"code": "1", "valid_from": "", "name": 'Byron, "Ada"'})
        ]

    def test_what_is_wrong_in_one_line_harms_no_other(self) -> None:
        content = (
            b'code,name,team\n1,Ada,x\n2,"Bob,x\n3\n4,Eve,x,y\n5,\0,x\n,Tim,x\n6,Andr\xe9,x\n1,Again,x\n7,Joe,x\n8,'
            + b"x" * 11_000
        )
        assert names(content) == {"1": "Ada", "5": "\0", "7": "Joe"}, "the name itself is looked at by whoever needs it"
        told = reasons(content)
        assert list(told) == [1, 3, 4, 5, 7, 8, 9, 11]
        assert "'team' is not known" in told[1]
        assert "quotation marks" in told[3]
        assert "half a line" in told[4]
        assert "no code" in told[7]
        assert "not UTF-8" in told[8]
        assert "line 2 has the same code" in told[9]
        assert "longer than 10,000" in told[11]

    def test_only_the_end_of_a_line_ends_a_line(self) -> None:
        """Python knows eight more."""
        name = "A\u2028B\x0bC\x85D\x1cE"
        assert names(f"code,name\n1,{name}\n".encode()) == {"1": name}

    @pytest.mark.parametrize(
        "content",
        [b"", b"\n\n", b"name\nAda\n", b"1042,Ada\n", b"\xff\xfe\x00", b"code,name,NAME\n", b"\0" * 99, b"code," + b"x" * 10_000],
    )
    def test_a_table_without_columns_is_refused_as_a_whole(self, content: bytes) -> None:
        (line,) = rows(content)
        assert isinstance(line, TableLine)
        assert (line.number, line.outcome) == (0, Outcome.REFUSED)

    def test_it_has_an_end(self) -> None:
        *read, last = rows(b"code,name\n" + b"".join(b"%d,x\n" % n for n in range(50)), n_rows=20)
        assert len(read) == 20
        assert isinstance(last, TableLine)
        assert "more than 20 lines" in last.reason

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read(self, content: bytes) -> None:
        for row in rows(b"code,name\n" + content):
            assert isinstance(row, Row) or row.reason

    @given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
    def test_any_lines_are_read_one_by_one(self, lines: list[str]) -> None:
        text = "\n".join(["code,name", *lines, "9999,Ada"])
        assert names(text.encode(errors="surrogatepass"))["9999"] == "Ada"


class TestPeople:
    def test_an_empty_cell_leaves_and_none_clears(self, store: Store) -> None:
        head = "code,name,active,valid_from,valid_until,language,basis,retain_until\n"
        full = "1,Ada,no,2026-01-01,2026-12-31,de-AT,contract,2027-05-31\n"
        assert [line.outcome for line in put(store, head + full)] == [Outcome.ADDED]
        before = facts(store, "1")
        assert before == (
            "Ada",
            Validity(False, date(2026, 1, 1), date(2026, 12, 31)),
            PersonDetails("contract", date(2027, 5, 31), "de-AT"),
        )
        revision = store.revision()
        assert [line.outcome for line in put(store, head + full + "\n")] == [Outcome.UNCHANGED]
        assert [line.outcome for line in put(store, head + "1,,,,,,,\n")] == [Outcome.UNCHANGED]
        assert (facts(store, "1"), store.revision()) == (before, revision)
        assert [line.outcome for line in put(store, head + "1,Zoë,none,none,None,none,none,none\n")] == [Outcome.CHANGED]
        assert facts(store, "1") == ("Zoë", Validity(), PersonDetails())

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("2,,yes,,,", "gives no name"),
            ("1,none,,,,", "cannot be cleared"),
            ("1,A\x1b[31m,,,,", "cannot be printed"),
            ("1,A\u202eb,,,,", "cannot be printed"),
            ("1," + "x" * 201 + ",,,,", "longer than 200"),
            ("1,,maybe,,,", "write yes or no"),
            ("1,,,31.02.2026,,", "a date as 2026-11-22"),
            ("1,,,11/22/2026,,", "a date as 2026-11-22"),
            ("1,,,22.11.26,,", "a date as 2026-11-22"),
            ("1.23E+11,Eve,,,,", "a spreadsheet has made"),
            ("01,Ada,,,,", "1 looks like it"),
            ("1,,,20261122,,", "a date as 2026-11-22"),
            ("1,,,2026-11-22,2026-11-21,", "lies before"),
            ("1,Zoë,no,,,german language", "no language"),
            ("3,Eve,,,,!", "no language"),
        ],
    )
    def test_a_line_that_cannot_be_understood_changes_nothing(self, store: Store, line: str, why: str) -> None:
        store.add_person("1", "Ada")
        revision = store.revision()
        (told,) = put(store, f"code,name,active,valid_from,valid_until,language\n{line}\n")
        assert told.outcome is Outcome.REFUSED
        assert why in told.reason
        assert (store.revision(), [person.name for person in store.people()]) == (revision, ["Ada"])

    def test_as_excel_saves_it_in_germany(self, store: Store) -> None:
        store.add_person("0042", "Ada")
        text = "code;name;valid_from;valid_until\r\n42;Ada;1.12.2026;\r\n43;J\xf6rg;;\r\n"
        text += "44;Bob;1.12.2026;09.01.2027\r\n1,23E+11;Eve;;\r\n"
        lines = list(apply_people(people_sheet(9).read(text.encode("cp1252")), store, barred=frozenset(), is_over=lambda: False))
        assert [line.outcome for line in lines] == [Outcome.REFUSED, Outcome.REFUSED, Outcome.ADDED, Outcome.REFUSED]
        for line, why in zip(lines, ("0042 looks like it", "CSV UTF-8", "", "a spreadsheet has made"), strict=True):
            assert why in line.reason
        assert [person.code for person in store.people()] == ["0042", "44"]
        assert facts(store, "44")[1] == Validity(valid_from=date(2026, 12, 1), valid_until=date(2027, 1, 9))

    def test_a_line_that_was_refused_is_no_ones_twin(self, store: Store) -> None:
        lines = put(store, "code,name\n042,\n42,Ada\n0042,Bob\nA-1,Eve\na-1,Tim\n")
        assert [line.outcome.value for line in lines] == ["refused", "added", "refused", "added", "refused"]

    def test_whoever_has_a_code_may_have_one_that_looks_like_anothers(self, store: Store) -> None:
        for code in ("42", "0042"):
            store.add_person(code, "Ada")
        assert [line.outcome.value for line in put(store, "code,name\n42,Zoe\n0042,Bob\n")] == ["changed"] * 2

    def test_a_table_removes_nobody(self, store: Store) -> None:
        store.add_person("1", "Ada")
        put(store, "code,name\n2,Bob\n")
        assert [person.code for person in store.people()] == ["1", "2"]

    def test_letters_and_accents_apart_are_no_other_person(self, store: Store) -> None:
        store.add_person("ZO\u00cb", "Zo\u00eb")
        assert [line.outcome for line in put(store, "code,name\nZOE\u0308,Zoe\u0308\n")] == [Outcome.UNCHANGED]

    def test_when_the_time_is_over_the_rest_waits(self, store: Store) -> None:
        assert [line.outcome for line in put(store, "code,name\n1,Ada\n2\n", is_over=True)] == [Outcome.WAITS, Outcome.REFUSED]

    def test_somebody_else_changes_the_same_person_meanwhile(self, db_path: Path) -> None:
        """What the line does not name is left as it is in the database then, not as it was when the table was read."""
        with Store.open(db_path, unit="door-1") as store, Store.open(db_path, unit="door-1") as office:
            store.add_person("1", "Ada")

            def changed_meanwhile() -> Iterator[Row | TableLine]:
                yield from people_sheet(9).read(b"code,name\n2,Bob\n")
                office.set_validity("1", Validity(active=False))
                yield from people_sheet(9).read(b"code,name,language\n1,Zoe,de\n")

            _, *lines = apply_people(changed_meanwhile(), store, barred=frozenset(), is_over=lambda: False)
            assert [line.outcome for line in lines] == [Outcome.CHANGED]
            assert facts(store, "1") == ("Zoe", Validity(active=False), PersonDetails(language="de"))


class TestRemovals:
    def remove(self, store: Store, text: str, *, is_over: bool = False) -> list[TableLine]:
        found = list(removal_sheet(100).read(text.encode()))
        remove = remover(store, at_utc=NOW, clock_ok=True)
        return list(apply_removals(found, store, remove=remove, is_over=lambda: is_over))

    def test_only_whom_it_names(self, store: Store) -> None:
        for code in ("1", "2", "3"):
            store.add_person(code, "Ada")
        lines = self.remove(store, "code;why\n2;left\n9;\n2;again\n")
        assert [(line.number, line.outcome) for line in lines] == [
            (2, Outcome.REMOVED),
            (3, Outcome.NOT_HERE),
            (4, Outcome.REFUSED),
        ]
        assert [person.code for person in store.people()] == ["1", "3"]

    @pytest.mark.parametrize("text", ["1\n2\n", "2\n9\n1\n"])
    def test_never_everybody(self, store: Store, text: str) -> None:
        for code in ("1", "2"):
            store.add_person(code, "Ada")
        whole, *lines = self.remove(store, f"code\n{text}")
        assert (whole.number, whole.outcome, len(store.people())) == (0, Outcome.REFUSED, 2)
        assert {line.outcome for line in lines if line.code != "9"} == {Outcome.REFUSED}

    def test_of_nobody_nobody_is_everybody(self, store: Store) -> None:
        assert [line.outcome for line in self.remove(store, "code\n9\n")] == [Outcome.NOT_HERE]

    def test_whom_somebody_else_removes_meanwhile_is_not_here(self, store: Store) -> None:
        for code in ("1", "2"):
            store.add_person(code, "Ada")

        def too_late(code: str) -> Removal:
            store.remove_person(code)
            return store.remove_person(code)

        found = list(removal_sheet(100).read(b"code\n1\n"))
        lines = apply_removals(found, store, remove=too_late, is_over=lambda: False)
        assert [line.outcome for line in lines] == [Outcome.NOT_HERE]

    @pytest.mark.parametrize("code", ["42", "042", "00042"])
    def test_a_code_without_its_zeros_is_told_and_removes_nobody(self, store: Store, code: str) -> None:
        """Else the office takes somebody for gone who is not."""
        for each in ("0042", "1"):
            store.add_person(each, "Ada")
        (line,) = self.remove(store, f"code\n{code}\n")
        assert (line.outcome, len(store.people())) == (Outcome.REFUSED, 2)
        assert "0042 looks like it" in line.reason

    @pytest.mark.parametrize("text", ["1\n2\n", "name\nAda\n", "", "code,why\n1\n"])
    def test_a_table_that_is_none_removes_nobody(self, store: Store, text: str) -> None:
        for code in ("1", "2"):
            store.add_person(code, "Ada")
        assert {line.outcome for line in self.remove(store, text)} == {Outcome.REFUSED}
        assert len(store.people()) == 2

    def test_a_backup_that_still_holds_somebody_is_told(self, store: Store) -> None:
        store.add_person("1", "Ada")
        store.add_person("2", "Bob")
        store._database.rows(
            "INSERT INTO backup (backup_id, file, made_utc, n_rows) VALUES (?, 'b', '2026-11-22T08:15:00.000Z', 0)", ["x" * 36]
        )
        (line,) = self.remove(store, "code\n1\n")
        assert "1 backup" in line.reason

    def test_when_the_time_is_over_the_rest_waits(self, store: Store) -> None:
        for code in ("1", "2"):
            store.add_person(code, "Ada")
        assert [line.outcome for line in self.remove(store, "code\n1\n", is_over=True)] == [Outcome.WAITS]
        assert len(store.people()) == 2
