"""The part of the store that gives a person what there is of them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from edge.errors import EnrolError
from edge.store.events import Events
from edge.store.people import People, PersonDetails
from edge.store.sealing import of_template
from edge.types import Event, Person, Validity


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A template as it is kept.

    Attributes:
        model: that made it.
        photo_sha256: of the file of its photograph, 64 hexadecimal digits.
        numbers: one signed byte a value; only their direction counts.
    """

    model: str
    photo_sha256: str
    numbers: bytes


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is kept of somebody.

    Attributes:
        code: whose.
        person: None where they were removed, and rows of theirs stay.
        validity: when they may be recognised.
        details: what the office knows beside it.
        templates: of every model.
        aside: model and fingerprint of photographs that were looked at and not needed.
        events: their rows in the ledger as they were written, those that take one back or correct its time among them. Where
            somebody else had the code before and was removed, not that one's.
    """

    code: str
    person: Person | None
    validity: Validity
    details: PersonDetails
    templates: list[KeptTemplate]
    aside: list[tuple[str, str]]
    events: list[Event]


class Dossiers(People, Events):
    """What there is of a person."""

    def dossier(self, code: str) -> Dossier:
        """Everything that is kept under a code.

        Raises:
            EnrolError: nothing is.
        """
        code = unicodedata.normalize("NFC", code)
        person = self.find_person(code)
        events = self._rows_since_erased(person) if person else self.events(code=code)
        if person is None and not events:
            raise EnrolError(f"nobody has the code {code!r}, and no row. `muster people list` shows who is enrolled.")
        who = person.id if person else 0
        aside = self._database.rows("SELECT model, photo_sha256 FROM aside WHERE person_id = ? ORDER BY id", [who])
        validity, details = self.validity().get(who, Validity()), self.details().get(who, PersonDetails())
        return Dossier(code, person, validity, details, self._kept_templates(who, code), aside, events)

    def _rows_since_erased(self, person: Person) -> list[Event]:
        """Rows of a code that are somebody's, or have a name: those of whoever had the code before have neither any more."""
        own = {seq for (seq,) in self._database.rows("SELECT seq FROM event WHERE person_id = ?", [person.id])}
        return [event for event in self.events(code=person.code) if event.seq in own or event.person_name]

    def _kept_templates(self, person_id: int, code: str) -> list[KeptTemplate]:
        sql = "SELECT model, photo_sha256, vector FROM template WHERE person_id = ? ORDER BY id"
        rows = self._database.rows(sql, [person_id])
        with self._opening():
            return [
                KeptTemplate(model, photo, self._seal.opened_blob(kept, of_template(code, model, photo)))
                for model, photo, kept in rows
            ]
