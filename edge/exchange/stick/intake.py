"""What a stick brings is taken in: first who leaves, then what is new about people, then photographs."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.errors import ConfigError, EnrolError, ModelError, MusterError
from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.enrolment.desk import Desk
from edge.exchange.enrolment.enrol import hand_in
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.enrolment.receipt import GOOD, Line
from edge.exchange.enrolment.roll import receipt
from edge.exchange.names import Label
from edge.exchange.stick import people_table, removals
from edge.exchange.stick.content import TOP, Content
from edge.exchange.stick.means import Means
from edge.exchange.stick.people_table import apply_people, people_sheet
from edge.exchange.stick.removals import apply_removals, removal_sheet, remover
from edge.exchange.stick.sheet import Outcome, Row, Sheet, TableLine
from edge.store import Store

CHANGES = {Outcome.ADDED, Outcome.CHANGED, Outcome.REMOVED}
LEAVES = "remove.csv of the same stick removes this code; take the photographs away, or the line"

_NOBODY = Label("", "")


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of everything on a stick.

    Attributes:
        photographs: a line for each.
        tables: a line for each line.
        errors: what failed on this unit.
        is_whole: whether nothing is left for another visit.
    """

    photographs: list[Line] = field(default_factory=list)
    tables: list[TableLine] = field(default_factory=list)
    errors: list[MusterError] = field(default_factory=list)
    is_whole: bool = True

    @property
    def has_changed(self) -> bool:
        """Whether people are not as they were."""
        return any(line.outcome in CHANGES for line in self.tables) or any(
            line.verdict is Verdict.ENROLLED for line in self.photographs
        )

    @property
    def n_left_out(self) -> int:
        """People and lines that were not taken: of whom not one photograph is good, or who cannot be told."""
        good = {line.label for line in self.photographs if line.verdict in GOOD}
        nobody = {line.label if line.label.code else line.photograph for line in self.photographs if line.label not in good}
        return len(nobody) + sum(line.outcome in {Outcome.REFUSED, Outcome.WAITS} for line in self.tables)


def take_in(content: Content, store: Store, means: Means) -> Intake:
    """Take in all of it.

    Raises:
        DeviceError: the stick was pulled.
        StoreError: the database fails.
    """
    leaving, rows = _read(removals.FILE, removal_sheet(means.bounds.n_people), content)
    remove = remover(store, at_utc=means.at_utc, clock_ok=means.clock_ok)
    tables = [*leaving, *apply_removals(rows, store, remove=remove, is_over=content.is_over)]
    barred = set(removals.codes(rows))
    faults, rows = _read(people_table.FILE, people_sheet(means.bounds.n_people), content)
    lines = list(apply_people(rows, store, barred=barred, is_over=content.is_over))
    were_here = {person.code for person in store.people()}
    errors: list[MusterError] = []
    photographs: list[Line] = []
    try:
        photographs = _enrol(_without(content.candidates(), barred), content, store, means)
    except (EnrolError, ModelError, ConfigError) as error:  # the networks are missing: the tables are in all the same
        errors.append(error)
    newcomers = {person.code for person in store.people()} - were_here  # their lines gave no name; the photographs do
    theirs = [row for row in rows if isinstance(row, Row) and row.code in newcomers]
    applied = {line.number: line for line in apply_people(theirs, store, barred=barred, is_over=content.is_over)}
    tables += [*faults, *(applied.get(line.number, line) for line in lines)]
    return Intake(photographs, tables, errors, is_whole=content.is_whole and not errors)


def unlisted(content: Content) -> Intake:
    """What lies on a stick and is not in its manifest, or in none, or not as listed; nothing of it is taken in.

    Raises:
        DeviceError: the stick was pulled.
    """
    tables = [line for name in (removals.FILE, people_table.FILE) for line in _strangers(name, content)]
    return Intake([_refused(each) for each in content.strays()], tables)


def _strangers(name: str, content: Content) -> Iterator[TableLine]:
    if why := content.stray_table(name):
        yield TableLine(name, 0, "", Outcome.REFUSED, why)


def _read(name: str, sheet: Sheet, content: Content) -> tuple[list[TableLine], list[Row | TableLine]]:
    """A table's lines; or, as the first of the two, why there are none."""
    try:
        table = content.table(name)
    except EnrolError as error:
        return [TableLine(name, 0, "", Outcome.REFUSED, str(error))], []
    return [], list(sheet.read(table)) if table is not None else []


def _without(candidates: Sequence[Candidate], barred: Container[str]) -> list[Candidate]:
    """Photographs of people who are to leave are not looked at."""
    return [
        replace(each, fault=LEAVES) if each.label and each.label.code in barred and not each.fault else each
        for each in candidates
    ]


def _enrol(found: list[Candidate], content: Content, store: Store, means: Means) -> list[Line]:
    """A line for each photograph; networks are loaded only where there is one to look at."""
    if all(each.fault for each in found):
        return [_refused(each) for each in found]
    recogniser = means.recogniser()
    desk = Desk(store, recogniser, means.terms, read=content.photograph)
    lines = _settled(found, hand_in(found, desk, top=TOP, progress=means.progress), desk)
    return list(receipt(lines, store=store, model=recogniser.model, policy=means.terms.policy).lines)


def _settled(found: Sequence[Candidate], lines: Sequence[Line], desk: Desk) -> list[Line]:
    """Hand in doubtful folders again as long as somebody is enrolled: who came later may tell whose the others' photographs are.

    Else the same stick once more would take in another one.
    """
    told = latest = dict(zip(found, lines, strict=True))
    while any(line.verdict is Verdict.ENROLLED for line in latest.values()):
        doubtful = {_folder(each) for each, line in told.items() if line.verdict not in GOOD and not each.fault}
        again = [each for each in found if _folder(each) in doubtful]
        latest = dict(zip(again, hand_in(again, desk, top=TOP), strict=True))
        told |= {each: line for each, line in latest.items() if told[each].verdict not in GOOD}
    return list(told.values())


def _folder(each: Candidate) -> Path:
    return each.path if each.path.parent == TOP else each.path.parent


def _refused(each: Candidate) -> Line:
    return Line(each.shown, each.label or _NOBODY, Verdict.REFUSED, each.fault)
