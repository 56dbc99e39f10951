"""A stick is plugged in: what comes of it, what is left of it when it is pulled, and that twice is the same as once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from decisions import accepted
from office import STICK_ID, blank, known, put
from plug import NOW, Panel, bring, means, ready, receipt, tree
from studio import face, portrait

from edge.errors import DeviceError, ModelError, StickError, SyncError
from edge.exchange.delivery.marker import MARKER
from edge.exchange.delivery.report import Delivery
from edge.exchange.delivery.terms import Terms
from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.files import Files
from edge.exchange.stick.bounds import Bounds
from edge.exchange.stick.serve import Served, rehearse, serve
from edge.exchange.stick.sheet import Outcome
from edge.exchange.stick.trust import KEY
from edge.exchange.sync import sync
from edge.store import Seal, Store
from edge.store.audit import MANIFEST_REFUSED, PERSON_REMOVED, STICK_REFUSED, STICK_SERVED
from edge.types import Signal
from edge.vision.recogniser import Recogniser

ADA, BOB = "enrol/1042 Ada Byron/1.png", "enrol/1043 Bob Noyce/1.png"


@pytest.fixture(name="store")
def paired(store: Store) -> Store:
    """A unit that knows the stick."""
    known(store)
    return store


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return blank(tmp_path / "stick")


def codes(store: Store) -> list[str]:
    return [person.code for person in store.people()]


def memory(store: Store) -> list[str]:
    """All that is in the database."""
    return list(store._database.conn.iterdump())


def told(store: Store, what: str) -> list[str]:
    return [line.detail for line in store.audit() if line.what == what]


def no_networks() -> Recogniser:
    raise AssertionError("there is no photograph to look at")


class TestOnce:
    def test_people_come_rows_go_and_it_may_be_pulled(self, stick: Path, store: Store) -> None:
        store.record(store.add_person("7", "Joe Bloggs"), accepted(NOW - timedelta(hours=1)))
        bring(stick, ADA, "enrol/1042 Ada Byron/2.png", BOB)
        put(stick, {"people.csv": b"code,name,active,valid_until\n7,,no,2026-12-31\n8,Eve,,\n"})
        panel = Panel()
        served = serve(ready(stick), store, means(store, panel=panel))
        assert (served.exit_code, served.errors, served.reason) == (0, (), "")
        assert codes(store) == ["1042", "1043", "7", "8"]
        assert [str(limits) for limits in store.validity().values()] == ["not active, until 2026-12-31"]
        assert [(line["photograph"], line["verdict"]) for line in receipt(stick, "enrol")] == [
            ("1042 Ada Byron/1.png", "enrolled"),
            ("1042 Ada Byron/2.png", "enrolled"),
            ("1043 Bob Noyce/1.png", "enrolled"),
        ]
        assert [(line["line"], line["person_code"], line["outcome"]) for line in receipt(stick, "people")] == [
            ("2", "7", "changed"),
            ("3", "8", "added"),
        ]
        assert b"Joe Bloggs" in (stick / "attendance-2026-11.csv").read_bytes()
        assert panel.shown == [Signal.STICK_AT_WORK, Signal.SAFE_TO_PULL]
        assert sorted(path.name for path in (stick / "receipts").iterdir()) == [
            "20261122T081500Z-door-1-enrol.csv",
            "20261122T081500Z-door-1-people.csv",
        ]
        assert len(told(store, STICK_SERVED)) == 2
        assert not any(name in line for line in told(store, STICK_SERVED) for name in ("Ada", "Bob", "Joe", "Eve"))

    def test_letters_and_accents_apart_are_found_and_called_as_they_lie_there(self, stick: Path, store: Store) -> None:
        bring(stick, "enrol/1042 Zoe\u0308/e\u0301.png")
        assert serve(ready(stick), store, means(store)).exit_code == 0
        assert [(person.code, person.name) for person in store.people()] == [("1042", "Zo\u00eb")]
        assert [line["photograph"] for line in receipt(stick, "enrol")] == ["1042 Zoe\u0308/e\u0301.png"]

    def test_a_file_that_was_taken_away_is_told(self, stick: Path, store: Store) -> None:
        bring(stick, ADA, BOB)
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        ready(stick)
        for name in (BOB, "people.csv"):
            (stick / name).unlink()
        assert serve(stick, store, means(store)).exit_code == 65
        assert "not on the stick" in receipt(stick, "enrol")[1]["reason"]
        assert "not on the stick" in receipt(stick, "people")[0]["reason"]

    def test_a_stick_without_photographs_needs_no_networks(self, stick: Path, store: Store) -> None:
        assert serve(ready(stick), store, means(store, recogniser=no_networks)).exit_code == 0
        assert not (stick / "receipts").exists()

    def test_who_is_not_taken_has_a_line_and_the_code_is_65(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        put(stick, {BOB: b"no picture", "enrol/1044 Eve/deep/er/1.png": b"x", "people.csv": b"code,name\n9\n"})
        served = serve(ready(stick), store, means(store))
        assert (served.exit_code, served.n_left_out, codes(store)) == (65, 3, ["1042"])
        assert [line["verdict"] for line in receipt(stick, "enrol")] == ["enrolled", "unreadable", "refused"]
        assert "half a line" in receipt(stick, "people")[0]["reason"]
        assert served.released, "what is refused keeps nobody from pulling it"

    def test_the_stick_of_another_is_refused_and_not_touched(self, tmp_path: Path, store: Store) -> None:
        forged = blank(tmp_path / "forged", key=bytes(32))
        bring(forged, ADA)
        before, panel = tree(forged), Panel()
        for _ in range(2):
            with pytest.raises(StickError, match="does not prove"):
                serve(forged, store, means(store, panel=panel))
        assert (tree(forged), codes(store), panel.shown) == (before, [], [Signal.STICK_REFUSED] * 2)
        assert len(told(store, STICK_REFUSED)) == 1, "at most one a minute"

    def test_nothing_there(self, tmp_path: Path, store: Store) -> None:
        with pytest.raises(DeviceError, match="cannot be read"):
            serve(tmp_path / "nowhere", store, means(store))


class TestTwice:
    def test_the_same_stick_changes_nothing(self, stick: Path, store: Store) -> None:
        store.record(store.add_person("7", "Joe Bloggs"), accepted(NOW - timedelta(hours=1)))
        bring(stick, ADA, BOB)
        put(stick, {"people.csv": b"code,name\n8,Eve\n9\n", "remove.csv": b"code\n7\n", "enrol/x/1.png": b"", "enrol/y.png": b""})
        ready(stick)
        put(stick, {"enrol/y.png": b"changed", "enrol/unlisted.png": b"x"})
        serve(stick, store, means(store))
        before = tree(stick), memory(store)
        times = {path: path.stat().st_mtime_ns for path in stick.rglob("*") if path.is_file()}
        served = serve(stick, store, means(store, recogniser=no_networks, at_utc=NOW + timedelta(days=1)))
        assert (tree(stick), memory(store), served.receipts) == (*before, ())
        assert times == {path: path.stat().st_mtime_ns for path in stick.rglob("*") if path.is_file()}

    def test_neither_does_an_open_one(self, stick: Path, store: Store) -> None:
        bring(stick, ADA, BOB, "enrol/1042 Ada Byron/2.png")
        put(stick, {"people.csv": b"code,name\n8,Eve\n9\n", "remove.csv": b"code\n8\n", "enrol/x/1.png": b""})
        serve(stick, store, means(store, policy="open"))
        before = tree(stick), memory(store)
        served = serve(stick, store, means(store, policy="open", at_utc=NOW + timedelta(days=1)))
        assert (tree(stick), memory(store), served.receipts, codes(store)) == (*before, (), ["1042", "1043"])

    def test_who_comes_last_says_whose_the_first_photographs_are_and_not_only_the_next_time(
        self, stick: Path, store: Store
    ) -> None:
        """Two people in one folder are told apart once one of them is known by a folder of their own."""
        portrait(stick / "enrol/1 Ada/1.png", face(1))
        portrait(stick / "enrol/1 Ada/2.png", face(2))
        portrait(stick / "enrol/2 Bob/1.png", face(2))
        first = serve(stick, store, means(store, policy="open"))
        assert [line.verdict for line in first.photographs] == [Verdict.ENROLLED, Verdict.REFUSED, Verdict.ENROLLED]
        before, people = tree(stick / "receipts"), store.n_templates()
        serve(stick, store, means(store, policy="open"))
        assert tree(stick / "receipts") == before
        assert store.n_templates() == people

    def test_a_line_without_a_name_is_for_who_comes_with_photographs_too(self, stick: Path, store: Store) -> None:
        bring(stick, "enrol/1042 Ada/1.png")
        put(stick, {"people.csv": b"code,name,language\r\n1042,,de\r\n1043,,de\r\n"})
        served = serve(stick, store, means(store, policy="open"))
        assert [line.outcome for line in served.tables] == [Outcome.CHANGED, Outcome.REFUSED]
        (person,) = store.people()
        assert store.details()[person.id].language == "de"
        before = tree(stick / "receipts")
        serve(stick, store, means(store, policy="open"))
        assert tree(stick / "receipts") == before

    def test_an_older_manifest_brings_nothing_in_and_rows_still_go_out(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        serve(ready(stick, serial=20), store, means(store))
        store.remove_person("1042")
        store.record(store.add_person("7", "Joe"), accepted(NOW))
        served = serve(ready(stick, serial=19), store, means(store))
        assert (codes(store), served.exit_code) == (["7"], 65)
        assert "older" in served.reason
        assert served.delivery
        assert served.delivery.n_events == 1
        serve(stick, store, means(store))
        assert len(told(store, MANIFEST_REFUSED)) == 1, "at most one a minute"

    def test_a_stick_that_only_takes_rows_away_needs_no_manifest(self, stick: Path, store: Store) -> None:
        served = serve(stick, store, means(store))
        assert (served.reason, served.exit_code, told(store, MANIFEST_REFUSED)) == ("", 0, [])

    def test_what_was_added_and_not_prepared_is_told(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        serve(ready(stick), store, means(store))
        bring(stick, BOB)
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        served = serve(stick, store, means(store))
        assert (codes(store), served.exit_code) == (["1042"], 65)
        assert "Prepare it again" in served.reason
        assert served.receipts == ("receipts/unprepared-door-1-enrol.csv", "receipts/unprepared-door-1-people.csv")
        assert serve(stick, store, means(store)).receipts == ()
        serve(ready(stick, serial=1795335301), store, means(store))
        assert codes(store) == ["1042", "1043", "8"]
        assert not list((stick / "receipts").glob("unprepared*")), "what was told there does not hold any more"

    def test_what_was_changed_and_not_prepared_is_told_also_of_a_stick_that_was_taken_in(self, stick: Path, store: Store) -> None:
        """Most of all a table to which somebody has added a line: it has lines in the receipt already."""
        bring(stick, ADA, BOB)
        put(stick, {"people.csv": b"code,name,valid_until\n8,Eve,2026-12-31\n9\n"})
        serve(ready(stick), store, means(store))
        before = memory(store)
        put(stick, {ADA: b"another", "people.csv": b"code,name,valid_until\n8,Eve,2027-01-31\n9\n"})
        served = serve(stick, store, means(store, recogniser=no_networks))
        assert (served.exit_code, "Prepare it again" in served.reason, memory(store)) == (65, True, before)
        changed = "changed since the stick was prepared; prepare it again with prepare-stick"
        assert [(line.photograph, line.reason) for line in served.photographs] == [("1042 Ada Byron/1.png", changed)]
        assert [(line.file, line.reason) for line in served.tables] == [("people.csv", changed)]
        assert served.receipts == ("receipts/unprepared-door-1-enrol.csv", "receipts/unprepared-door-1-people.csv")
        serve(ready(stick, serial=1795335301), store, means(store))
        assert [str(limits) for limits in store.validity().values()] == ["until 2027-01-31"]

    def test_what_was_not_as_listed_the_first_time_is_told_once(self, stick: Path, store: Store) -> None:
        """In the same words, whatever lies there now: the receipt of the second visit is that of the first."""
        bring(stick, ADA, BOB)
        ready(stick)
        (stick / ADA).unlink()
        os.mkfifo(stick / ADA)
        put(stick, {BOB: b"x" * 10})
        first = serve(stick, store, means(store))
        assert {line.reason for line in first.photographs} == {
            "changed since the stick was prepared; prepare it again with prepare-stick"
        }
        before = sorted(stick.rglob("*"))
        assert serve(stick, store, means(store, recogniser=no_networks)).receipts == ()
        assert sorted(stick.rglob("*")) == before

    def test_photographs_that_are_in_may_be_taken_off_the_stick(self, stick: Path, store: Store) -> None:
        bring(stick, ADA, BOB)
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        serve(ready(stick), store, means(store))
        for name in (ADA, BOB, "people.csv"):
            (stick / name).unlink()
        served = serve(stick, store, means(store))
        assert (served.exit_code, served.reason, served.photographs, served.tables) == (0, "", (), ())

    def test_a_stick_that_nobody_prepared_says_so(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        put(stick, {"enrol/\udcff.png": b"x"})
        served = serve(stick, store, means(store, recogniser=no_networks))
        assert (codes(store), served.exit_code) == ([], 65)
        first, *others = receipt(stick, "enrol")
        assert "prepare-stick" in first["reason"]
        assert [line["photograph"] for line in others] == ["1042 Ada Byron/1.png", "\\udcff.png"]

    def test_one_with_a_table_alone_has_no_receipt_of_photographs(self, stick: Path, store: Store) -> None:
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        assert serve(stick, store, means(store)).receipts == ("receipts/unprepared-door-1-people.csv",)

    def test_one_whose_photographs_are_a_link_says_so_too(self, stick: Path, store: Store) -> None:
        (stick / "enrol").symlink_to("/etc")
        assert [line.reason for line in serve(stick, store, means(store)).photographs] == ["a link or a file, not a folder"]


class TestMarker:
    """Each stick has its own memory of what went out: a marker is only a file, and anybody can copy it."""

    @pytest.fixture
    def share(self, tmp_path: Path, store: Store) -> Path:
        """A destination that has one of two rows."""
        joe, share = store.add_person("7", "Joe Bloggs"), tmp_path / "share"
        share.mkdir()
        store.record(joe, accepted(NOW - timedelta(hours=2)))
        sync(store, [str(share)], timezone=UTC, terms=Terms(prepare=True))
        store.record(joe, accepted(NOW - timedelta(hours=1)))
        return share

    @pytest.mark.parametrize("policy", ["paired", "open"])
    def test_a_stick_that_copies_a_shares_takes_no_row_from_the_share(
        self, stick: Path, share: Path, store: Store, policy: str
    ) -> None:
        put(stick, {MARKER: (share / MARKER).read_bytes()})
        served = serve(ready(stick), store, means(store, policy=policy))
        assert served.delivery
        assert served.delivery.n_events == 2, "the stick has neither of them yet"
        (delivery,) = sync(store, [str(share)], timezone=UTC, terms=Terms(dialect="attlog"))
        assert (delivery.error, delivery.n_events) == (None, 1)

    def test_neither_from_a_share_in_another_dialect(self, stick: Path, share: Path, store: Store) -> None:
        put(stick, {MARKER: (share / MARKER).read_bytes()})
        sync(store, [str(stick)], timezone=UTC, terms=Terms(stick=STICK_ID, dialect="attlog"))
        sync(store, [str(share)], timezone=UTC, terms=Terms(dialect="attlog"))
        assert [path.read_bytes().count(b"\n") for path in share.glob("attlog-*.dat")] == [2]

    def test_neither_from_a_path_of_before_there_were_markers(self, stick: Path, share: Path, store: Store) -> None:
        """Whoever knows the last row could say that they are the one at this path."""
        (last,) = store.events()[:1]
        store.mark_delivered(str(stick), last.seq)
        put(stick, {path.name: path.read_bytes() for path in share.glob("attendance-*.csv")})
        serve(ready(stick), store, means(store))
        assert store.last_delivered(str(stick)), "the one to whom it belongs goes on from there"

    def test_the_marker_of_another_stick_takes_no_row_from_that_stick(
        self, stick: Path, tmp_path: Path, share: Path, store: Store
    ) -> None:
        serve(ready(stick), store, means(store))
        copy = blank(tmp_path / "copy")
        put(copy, {MARKER: (stick / MARKER).read_bytes()})
        store.record(store.find_person("7") or store.add_person("7", "Joe"), accepted(NOW))
        assert rehearse(copy, store, means(store, policy="open")).delivery
        serve(copy, store, means(store, policy="open"))
        assert rehearse(copy, store, means(store, policy="open")).delivery is None
        assert rehearse(stick, store, means(store)).delivery
        served = serve(stick, store, means(store))
        assert served.delivery
        assert served.delivery.n_events == 1

    def test_a_stick_that_was_emptied_gets_everything_anew(self, stick: Path, share: Path, store: Store) -> None:
        serve(ready(stick), store, means(store))
        for path in (stick / MARKER, *stick.glob("attendance-*.csv")):
            path.unlink()
        served = serve(stick, store, means(store))
        assert served.delivery
        assert served.delivery.n_events == 2


class TestNames:
    def test_a_folder_with_the_old_name_is_told_how_to_call_it(self, stick: Path, store: Store) -> None:
        store.add_person("1042", "Ada Byron")
        bring(stick, ADA)
        put(stick, {"people.csv": b"code,name\n1042,Ada Lovelace\n"})
        served = serve(ready(stick), store, means(store))
        assert ([person.name for person in store.people()], served.exit_code) == (["Ada Lovelace"], 65)
        assert "name the folder '1042 Ada Lovelace'" in receipt(stick, "enrol")[0]["reason"]

    def test_somebody_who_was_removed_comes_back_with_the_next_manifest(self, stick: Path, store: Store) -> None:
        store.add_person("7", "Joe")
        bring(stick, ADA)
        serve(ready(stick, serial=20), store, means(store))
        put(stick, {"remove.csv": b"code\n1042\n"})
        assert serve(ready(stick, serial=21), store, means(store)).exit_code == 65
        assert codes(store) == ["7"]
        (stick / "remove.csv").unlink()
        assert serve(ready(stick, serial=22), store, means(store)).exit_code == 0
        assert codes(store) == ["1042", "7"]

    def test_what_systems_leave_behind_is_no_photograph(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        left = (".DS_Store", "1042 Ada Byron/.DS_Store", "1042 Ada Byron/._1.png", "1042 Ada Byron/Thumbs.db", "__MACOSX/1.png")
        put(stick, {f"enrol/{name}": b"\0" for name in left})
        ready(stick)
        put(stick, {f"enrol/{name}": b"\1\1" for name in left})
        served = serve(stick, store, means(store))
        assert ([line.verdict.value for line in served.photographs], served.exit_code) == (["enrolled"], 0)


class TestRemovals:
    def test_who_is_listed_goes_and_nobody_else(self, stick: Path, store: Store) -> None:
        for code in ("1", "2", "3"):
            store.add_person(code, f"Person {code}")
        put(stick, {"remove.csv": b"code,why\n2,left\n4,\n", "people.csv": b"code,name\n1,Person 1\n"})
        served = serve(ready(stick), store, means(store))
        assert codes(store) == ["1", "3"]
        assert [(line.code, line.outcome) for line in served.tables] == [
            ("2", Outcome.REMOVED),
            ("4", Outcome.NOT_HERE),
            ("1", Outcome.UNCHANGED),
        ]
        assert told(store, PERSON_REMOVED) == ["code 2"]
        assert b"Person 2" not in b"".join(tree(stick).values())

    def test_everybody_at_once_is_refused(self, stick: Path, store: Store) -> None:
        store.add_person("1", "Ada")
        store.add_person("2", "Bob")
        put(stick, {"remove.csv": b"code\n1\n2\n3\n"})
        served = serve(ready(stick), store, means(store))
        assert (codes(store), served.exit_code) == (["1", "2"], 65)
        assert "everybody" in receipt(stick, "people")[0]["reason"]

    def test_who_is_removed_and_brought_by_one_stick_is_removed(self, stick: Path, store: Store) -> None:
        store.add_person("1042", "Ada Byron")
        store.add_person("2", "Bob")
        bring(stick, ADA)
        put(stick, {"remove.csv": b"code\n1042\n", "people.csv": b"code,name\n1042,Ada\n"})
        served = serve(ready(stick), store, means(store, recogniser=no_networks))
        assert (codes(store), served.exit_code) == (["2"], 65)
        assert "remove.csv" in receipt(stick, "enrol")[0]["reason"]


class Pulled(BaseException):
    """Nothing runs after it."""


class TestInterrupted:
    @pytest.mark.parametrize("n_seen", range(5))
    def test_it_goes_on_where_it_was(self, stick: Path, store: Store, n_seen: int) -> None:
        bring(stick, ADA, "enrol/1042 Ada Byron/2.png", BOB, "enrol/1044 Eve/1.png")
        ready(stick)
        panel = Panel()

        def pulled(found: Sequence[Candidate]) -> Iterator[Candidate]:
            yield from found[:n_seen]
            raise Pulled

        with pytest.raises(Pulled):
            serve(stick, store, means(store, progress=pulled, panel=panel))
        assert panel.shown[-1] is Signal.STICK_FAILED
        assert codes(store) == ["1042", "1043", "1044"][: max(0, n_seen - 1)], "each person whole, or not at all"
        assert not store.sticks()[0].is_done
        assert serve(stick, store, means(store)).exit_code == 0
        assert sorted(store.n_templates().values()) == [1, 1, 2]
        assert len(receipt(stick, "enrol")) == 4

    @pytest.mark.parametrize("step", ["create", "rename", "settle"])
    def test_receipts_that_cannot_be_written_leave_it_undone(self, stick: Path, store: Store, step: str) -> None:
        bring(stick, ADA)
        ready(stick)

        class Full(Files):
            pass

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        setattr(Full, step, full)
        panel = Panel()
        served = serve(stick, store, means(store, files=Full(), panel=panel))
        assert (served.exit_code, panel.shown[-1], store.sticks()[0].is_done) == (74, Signal.STICK_FAILED, False)
        assert str(served.errors[0]).endswith("plug it in again; nothing is taken in twice.")
        assert not list((stick / "receipts").glob("*.part"))
        assert serve(stick, store, means(store)).exit_code == 0
        assert store.sticks()[0].is_done
        assert receipt(stick, "enrol")[0]["photograph"] == "1042 Ada Byron/1.png"

    def test_when_the_time_is_over_the_rest_waits_person_by_person(self, stick: Path, store: Store) -> None:
        bring(stick, ADA, "enrol/1042 Ada Byron/2.png", BOB)
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        ready(stick)
        ticks = iter(range(100))
        served = serve(stick, store, means(store, bounds=Bounds(limit_s=2.5, now_s=lambda: float(next(ticks)))))
        assert (codes(store), served.exit_code, store.sticks()[0].is_done) == (["1042", "8"], 65, False)
        assert "Plug it in again" in served.reason
        assert sorted(store.n_templates().values()) == [2]
        assert serve(stick, store, means(store)).exit_code == 0
        assert codes(store) == ["1042", "1043", "8"]
        assert "not looked at" not in "".join(line["reason"] for line in receipt(stick, "enrol")), (
            "the receipt says what came of it"
        )

    def test_networks_that_are_missing_leave_the_photographs_for_later(self, stick: Path, store: Store) -> None:
        def missing() -> Recogniser:
            raise ModelError("there are no networks. Run make models.")

        bring(stick, ADA)
        put(stick, {"people.csv": b"code,name\n8,Eve\n"})
        served = serve(ready(stick), store, means(store, recogniser=missing))
        assert (codes(store), served.exit_code, store.sticks()[0].is_done) == (["8"], 65, False)
        assert serve(stick, store, means(store)).exit_code == 0
        assert codes(store) == ["1042", "8"]

    def test_rows_that_do_not_go_out_keep_nobody_from_coming_in(self, stick: Path, store: Store) -> None:
        bring(stick, ADA)
        panel = Panel()

        def fails(*_: object) -> Delivery:
            raise SyncError("it has not answered")

        served = serve(ready(stick), store, means(store, deliver=fails, panel=panel))
        assert (codes(store), served.exit_code, panel.shown[-1]) == (["1042"], 75, Signal.STICK_FAILED)
        assert store.sticks()[0].is_done

    def test_the_first_thing_that_failed_says_how_it_ends(self, stick: Path, store: Store) -> None:
        def fails(*_: object) -> Delivery:
            raise SyncError("it has not answered")

        bring(stick, ADA)
        put(stick, {"receipts": b""})
        served = serve(ready(stick), store, means(store, deliver=fails))
        assert ([error.exit_code for error in served.errors], served.exit_code) == ([65, 75], 65)

    def test_who_unmounts_it_says_that_it_may_be_pulled(self, stick: Path, store: Store) -> None:
        panel = Panel()
        serve(ready(stick), store, means(store, panel=panel, stays_mounted=True))
        assert panel.shown == [Signal.STICK_AT_WORK]

    def test_a_stick_that_cannot_be_flushed_must_not_be_pulled(self, stick: Path, store: Store) -> None:
        panel = Panel()

        def fails(_: Path) -> str:
            raise DeviceError("not everything is on the stick yet")

        served = serve(ready(stick), store, means(store, release=fails, panel=panel))
        assert (served.exit_code, served.released, panel.shown[-1]) == (69, "", Signal.STICK_FAILED)

    def test_nothing_is_written_beneath_a_stick_that_was_pulled(self, stick: Path, tmp_path: Path, store: Store) -> None:
        bring(stick, ADA)
        ready(stick)

        def pulled(found: Sequence[Candidate]) -> Iterable[Candidate]:
            stick.rename(tmp_path / "pulled")
            stick.mkdir()
            return found

        served = serve(stick, store, means(store, progress=pulled))
        assert (list(stick.iterdir()), served.exit_code != 0, store.sticks()[0].is_done) == ([], True, False)


class TestRehearsal:
    @pytest.mark.parametrize("seal", [Seal.none(), Seal.of(bytes(32))])
    def test_it_says_what_would_happen_and_writes_nothing(self, stick: Path, db_path: Path, seal: Seal) -> None:
        with Store.open(db_path, unit="door-1", seal=seal) as store:
            known(store)
            bring(stick / "before", "enrol/1050 Tim Lee/1.png")
            serve(stick / "before", store, means(store, policy="open"))
            store.record(store.add_person("7", "Joe"), accepted(NOW))
            values = ["x" * 36, "2026-11-22T08:15:00.000Z"]
            store._database.rows("INSERT INTO backup (backup_id, file, made_utc, n_rows) VALUES (?, 'b', ?, 0)", values)
        bring(stick, ADA, "enrol/1050 Tim Lee/2.png")
        put(stick, {"people.csv": b"code,name\n8,Eve\n9\n", "remove.csv": b"code\n7\n"})
        ready(stick)
        before = tree(stick)
        with Store.open(db_path, unit="door-1", seal=seal) as store:
            kept = memory(store)
            rehearsed = rehearse(stick, store, means(store))
            assert (tree(stick), memory(store)) == (before, kept)
            assert rehearsed.delivery, "a row would go out"
            served = serve(stick, store, means(store))
            assert rehearse(stick, store, means(store)).delivery is None
        assert (rehearsed.photographs, rehearsed.tables) == (served.photographs, served.tables)
        assert (rehearsed.exit_code, rehearsed.released) == (65, "")

    def test_a_stick_that_would_be_refused_leaves_no_word(self, stick: Path, store: Store) -> None:
        (stick / KEY).unlink()
        before = memory(store)
        with pytest.raises(StickError):
            rehearse(stick, store, means(store))
        assert memory(store) == before


class TestHostile:
    def serve(self, stick: Path, store: Store, **bounds: int) -> Served:
        return serve(stick, store, means(store, policy="open", bounds=Bounds(**bounds)))

    def test_links_pipes_and_folders_are_told_and_not_opened(self, stick: Path, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "outside" / "1.png")
        (stick / "enrol").mkdir()
        (stick / "enrol" / "1042 Ada").symlink_to(tmp_path / "outside")
        (stick / "enrol" / "1043 Bob.png").symlink_to(tmp_path / "outside" / "1.png")
        os.mkfifo(stick / "enrol" / "1044 Eve.png")
        os.mkfifo(stick / "people.csv")
        (stick / "remove.csv").mkdir()
        served = self.serve(stick, store)
        assert (codes(store), served.exit_code) == ([], 65)
        assert {line["verdict"] for line in receipt(stick, "enrol")} == {"unreadable"}
        assert [line["file"] for line in receipt(stick, "people")] == ["remove.csv", "people.csv"]

    def test_a_linked_folder_of_photographs_is_told(self, stick: Path, store: Store) -> None:
        (stick / "enrol").symlink_to("/etc")
        assert [line.reason for line in self.serve(stick, store).photographs] == ["a link or a file, not a folder"]

    @pytest.mark.parametrize("name", ["receipts", "receipts/open-door-1-enrol.csv", "receipts/.open-door-1-enrol.csv.part"])
    def test_no_receipt_is_written_through_a_link(self, stick: Path, tmp_path: Path, store: Store, name: str) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "file").write_bytes(b"mine")
        (stick / name).parent.mkdir(exist_ok=True)
        (stick / name).symlink_to(outside if name == "receipts" else outside / "file")
        bring(stick, ADA)
        served = self.serve(stick, store)
        assert tree(outside) == {"file": b"mine"}
        assert bool(served.errors) == (name == "receipts")

    @pytest.mark.parametrize("name", ["receipts", "receipts/open-door-1-enrol.csv", "receipts/.open-door-1-enrol.csv.part"])
    def test_what_stands_in_the_way_of_a_receipt_is_told(self, stick: Path, store: Store, name: str) -> None:
        put(stick, {name if name == "receipts" else f"{name}/x": b""})
        bring(stick, ADA)
        served = self.serve(stick, store)
        assert ([type(error).__name__ for error in served.errors], served.exit_code) == (["EnrolError"], 65)
        assert codes(store) == ["1042"]

    def test_more_than_can_be_looked_at_is_told(self, stick: Path, store: Store) -> None:
        bring(stick, *(f"enrol/1042 Ada Byron/{n}.png" for n in range(4)), BOB, "enrol/1044 Eve/1.png")
        served = self.serve(stick, store, n_of_one=3, n_people=2)
        assert [line.reason.split(";")[0] for line in served.photographs if line.verdict.value == "refused"] == [
            "more than 3 photographs of one person",
            "more than 2 people",
        ]
        assert any(
            "more than 3 files and folders" in line.reason for line in self.serve(stick, store, n_files=2, n_people=1).photographs
        )

    def test_a_receipt_has_an_end_and_refusals_come_first(self, stick: Path, store: Store) -> None:
        bring(stick, ADA, BOB)
        put(stick, {f"enrol/zz{n} X/1.png": b"" for n in range(30)})
        self.serve(stick, store, n_lines=20)
        lines = receipt(stick, "enrol")
        assert [line["verdict"] for line in lines[:-1]] == ["unreadable"] * 20
        assert lines[-1]["other_code"] == "and 12 lines more, 10 of them refused"
        put(stick, {"enrol/zz31 X/1.png": b""})
        self.serve(stick, store, receipt_bytes=500)
        (path,) = (stick / "receipts").iterdir()
        assert path.stat().st_size < 700

    def test_a_receipt_that_is_as_long_as_may_be_is_not_written_anew(self, stick: Path, store: Store) -> None:
        put(stick, {f"enrol/zz{n} X/1.png": b"" for n in range(40)})
        assert self.serve(stick, store, receipt_bytes=2_000).receipts
        (path,) = (stick / "receipts").iterdir()
        assert path.stat().st_size > 1_500
        assert self.serve(stick, store, receipt_bytes=2_000).receipts == ()

    def test_a_name_is_harmless_in_a_receipt(self, stick: Path, store: Store) -> None:
        put(stick, {"enrol/=1+1 A\nB\x1b[31m/1.png": b"x", "people.csv": b'"=cmd()",x\ncode,name\n@1,"Ada"\n'})
        self.serve(stick, store)
        (line,) = receipt(stick, "enrol")
        assert line["photograph"] == "'=1+1 A\\nB\\x1b[31m/1.png"
        assert all(cell.isprintable() for cell in line.values())

    def test_a_sparse_file_of_4_gb_is_not_read(self, stick: Path, store: Store) -> None:
        for name in ("people.csv", "enrol/1042 Ada.png"):
            put(stick, {name: b""})
            os.truncate(stick / name, 1 << 32)
        served = self.serve(stick, store)
        assert [line.reason for line in served.tables] == ["larger than 5 MB"]
        assert [line.reason for line in served.photographs] == ["larger than 100 MB"]

    def test_a_file_is_read_once_and_that_is_what_was_hashed(self, stick: Path, store: Store) -> None:
        """Whoever exchanges a photograph while the stick is at work gets nobody else enrolled."""
        bring(stick, ADA, BOB)
        ready(stick)

        def exchanged(found: Sequence[Candidate]) -> Iterator[Candidate]:
            for candidate in found:
                if candidate.label and candidate.label.code == "1043":
                    portrait(stick / BOB, face(3))
                yield candidate

        served = serve(stick, store, means(store, progress=exchanged))
        assert codes(store) == ["1042"]
        assert ["changed" in line.reason or "bytes, not" in line.reason for line in served.photographs] == [False, True]


def test_a_stick_that_was_unpaired_meanwhile_brings_nothing_in(stick: Path, db_path: Path) -> None:
    with Store.open(db_path, unit="door-1") as store:
        known(store)
        bring(stick, ADA)
        ready(stick)

        class Unpairing(Panel):
            def show(self, signal: Signal) -> None:
                with sqlite3.connect(db_path) as other:
                    other.execute("DELETE FROM stick")
                other.close()

        served = serve(stick, store, means(store, panel=Unpairing()))
        assert (codes(store), served.exit_code) == ([], 65)
        assert "unpaired" in served.reason
