"""The part of the store that knows who is enrolled."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date

from edge.errors import EnrolError
from edge.store.database import DurableDatabase
from edge.store.sealing import Sealed, looks_sealed, of_person
from edge.types import Person, Validity

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*|")
"""As far as a tag of BCP 47 can be told from something else without a list of all languages."""


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What the office has to know of somebody and the door has not.

    Attributes:
        basis: why this person's face may be kept, in the office's own words; empty where nobody wrote it.
        retain_until: the last day on which everything of this person is kept; None: until somebody removes them.
        language: a tag of BCP 47 as "de" or "pt-BR", or empty.
    """

    basis: str = ""
    retain_until: date | None = None
    language: str = ""


class People(Sealed):
    """Who is enrolled, under which code and name."""

    _database: DurableDatabase

    def people(self) -> list[Person]:
        """Everybody who is enrolled, by code."""
        return [self._person(row) for row in self._database.rows("SELECT id, code, name FROM person ORDER BY code")]

    def find_person(self, code: str) -> Person | None:
        """The person of a code, or None. A Mac writes letters and accents apart; that makes no other code."""
        rows = self._database.rows("SELECT id, code, name FROM person WHERE code = ?", [unicodedata.normalize("NFC", code)])
        return self._person(rows[0]) if rows else None

    def add_person(self, code: str, name: str) -> Person:
        """Enter somebody, without a template yet.

        Raises:
            EnrolError: the code is taken, or code or name is empty.
        """
        code, name = _stripped(code, "code"), _name(name)
        with self._database.writing():
            taken = self.find_person(code)
            if taken:
                raise EnrolError(f"the code {code} belongs to {taken.name}. Give each person a code of their own.")
            sql = "INSERT INTO person (code, name) VALUES (?, ?) RETURNING id, code, name"
            kept = self._seal.text(name, of_person(code))
            return self._person(self._database.rows(sql, [code, kept])[0])

    def rename_person(self, code: str, name: str) -> Person:
        """Correct a name. Events that are in the ledger keep the name of their time.

        Raises:
            EnrolError: nobody has the code, or the name is empty.
        """
        name = _name(name)
        with self._database.writing():
            person = self._existing(code)
            self._database.table("person").update(person.id, {"name": self._seal.text(name, of_person(person.code))})
        return Person(person.id, person.code, name)

    def validity(self, *, of: int | None = None) -> dict[int, Validity]:
        """Person id -> when they may be recognised, of everybody for whom that is limited; or of one person alone."""
        limited = "(NOT active OR valid_from IS NOT NULL OR valid_until IS NOT NULL)"
        sql, one = f"SELECT id, active, valid_from, valid_until FROM person WHERE {limited}", [] if of is None else [of]  # noqa: S608
        rows = self._database.rows(f"{sql} AND id = ?" if one else sql, one)
        return {person_id: Validity(bool(active), _day(since), _day(until)) for person_id, active, since, until in rows}

    def set_validity(self, code: str, validity: Validity) -> Person:
        """Say when somebody may be recognised. The same again changes nothing.

        Raises:
            EnrolError: nobody has the code, or the last day lies before the first.
        """
        since, until = validity.valid_from, validity.valid_until
        if since and until and until < since:
            raise EnrolError(f"until {until} lies before from {since}. Give a last day that is not before the first.")
        with self._database.writing():
            person = self._existing(code)
            if self.validity(of=person.id).get(person.id, Validity()) != validity:
                row = {"active": validity.active, "valid_from": since and str(since), "valid_until": until and str(until)}
                self._database.table("person").update(person.id, row)
        return person

    def details(self, *, of: int | None = None) -> dict[int, PersonDetails]:
        """Person id -> details, of everybody of whom there are any; or of one person alone."""
        known = "(basis <> '' OR retain_until IS NOT NULL OR language <> '')"
        sql, one = f"SELECT id, basis, retain_until, language FROM person WHERE {known}", [] if of is None else [of]  # noqa: S608
        rows = self._database.rows(f"{sql} AND id = ?" if one else sql, one)
        return {who: PersonDetails(basis, _day(until), tag) for who, basis, until, tag in rows}

    def set_details(self, code: str, details: PersonDetails) -> Person:
        """Write down why somebody's face may be kept, until when, and their language. The same again changes nothing.

        Raises:
            EnrolError: nobody has the code, or the language is no tag of BCP 47.
        """
        if not _LANGUAGE.fullmatch(details.language):
            raise EnrolError(f"{details.language!a} is no language; give a tag as in de, en-GB or pt-BR")
        details = replace(details, basis=_text(details.basis.strip(), "basis"))
        with self._database.writing():
            person = self._existing(code)
            if self.details(of=person.id).get(person.id, PersonDetails()) != details:
                until = details.retain_until and str(details.retain_until)
                row = {"basis": details.basis, "retain_until": until, "language": details.language}
                self._database.table("person").update(person.id, row)
        return person

    def expired(self, today: date) -> list[Person]:
        """Whose last day is over, by code."""
        sql = "SELECT id, code, name FROM person WHERE retain_until < ? ORDER BY code"
        return [self._person(row) for row in self._database.rows(sql, [str(today)])]

    def _existing(self, code: str) -> Person:
        person = self.find_person(code)
        if person is None:
            raise EnrolError(f"nobody has the code {code!r}. `muster people list` shows who is enrolled.")
        return person


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _stripped(text: str, what: str) -> str:
    """Code or name without the spaces around it, letters and accents in one (NFC); refuses what SQLite cannot hold as text."""
    if not text.strip():
        raise EnrolError(f"a person's {what} must not be empty")
    return _text(text.strip(), what)


def _name(text: str) -> str:
    """A name that can be told from one that is sealed."""
    name = _stripped(text, "name")
    if looks_sealed(name):
        raise EnrolError(f"{name!a} is no name: it begins as what a key has sealed. Write it otherwise.")
    return name


def _text(text: str, what: str) -> str:
    """What SQLite can hold as text, letters and accents in one (NFC)."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EnrolError(f"a person's {what} must be UTF-8, not {text!a}") from error
    return unicodedata.normalize("NFC", text)
