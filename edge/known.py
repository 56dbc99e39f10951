"""Who is known: people, their templates and when they are valid, as of the last look into the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import numpy as np

from edge.attendance import Opinion, is_valid
from edge.errors import ModelError
from edge.matching.gallery import Gallery
from edge.matching.matcher import Matcher
from edge.matching.policy import Policy
from edge.store import Store
from edge.types import Floats, Match, Person, Validity
from edge.words import counted

log = logging.getLogger(__name__)

CHECK_S = 1.0
"""How old, in seconds of the camera's clock, the known faces may be; enrolling is another process."""


class WithoutOutsiders:
    """Whom a matcher names, but for those who are not valid: their faces are nobody's.

    They are compared all the same. Were their templates left out, the nearest one left would be somebody else's, a brother's,
    say, and without the true one beside it no margin would forbid that name.
    """

    def __init__(self, matcher: Matcher, outside: frozenset[int]) -> None:
        self._matcher = matcher
        self._outside = outside

    def match(self, probe: Floats) -> Match:
        """As `edge.matching.matcher.Matcher` says."""
        match = self._matcher.match(probe)
        is_outside = match.person_id in self._outside
        return replace(match, person_id=None, outside=match.person_id) if is_outside else match


class Known:
    """Who is enrolled, and who of them may be recognised today.

    Args:
        store: the database.
        model: templates of any other are left out.
        policy: how names are given.
        today: the day at a time of the camera's clock; None while nobody knows it.

    Raises:
        ConfigError: the method of matching cannot name so many.
        ModelError: every template is another model's, so nobody would be known.
        StoreError: the database cannot be read.
    """

    def __init__(self, store: Store, model: str, policy: Policy, *, today: Callable[[float], date | None]) -> None:
        stale = store.stale(model)
        if stale and stale.is_everybody:
            raise ModelError(f"{stale}; {stale.ADVICE}")
        policy.check(len(store.n_templates(model)))
        self._store = store
        self._model = model
        self._policy = policy
        self._revision = -1
        self._looked_s: float | None = None
        self._today = today
        self._day: date | None = None
        self._people: dict[int, Person] = {}
        self._validity: Mapping[int, Validity] = {}
        self._outside: frozenset[int] = frozenset()
        self._told: dict[int, date | None] = {}
        self._everybody: Matcher = policy.matcher(Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64)))
        self.matcher = self._everybody

    def look(self, at_s: float) -> bool:
        """Read people and templates again if they have changed, and see who is valid; asks at most every `CHECK_S`.

        A new day needs no database: whoever is valid from or until then is so even while that cannot be read.

        Returns:
            Whether the database was asked.

        Raises:
            ConfigError: the method of matching cannot name so many; whoever was known stays known.
            StoreError: the database cannot be read; likewise.
        """
        if self._looked_s is not None and at_s - self._looked_s < CHECK_S:
            return False
        self._looked_s = at_s
        day = self._today(at_s)
        if day != self._day:
            self._see_who_is_valid(day)
        revision = self._store.revision()
        if revision != self._revision:
            people, validity = {person.id: person for person in self._store.people()}, self._store.validity()
            gallery = Gallery(*self._store.templates(self._model))
            self._everybody = self._policy.matcher(gallery)
            self._people, self._validity, self._revision = people, validity, revision
            self._see_who_is_valid(day)
            self._tell(gallery)
        return True

    def _see_who_is_valid(self, day: date | None) -> None:
        self._day = day
        self._outside = frozenset(who for who, validity in self._validity.items() if not is_valid(validity, day))
        self.matcher = WithoutOutsiders(self._everybody, self._outside) if self._outside else self._everybody
        n_dated = sum(1 for validity in self._validity.values() if validity.valid_from or validity.valid_until)
        if n_dated and day is None:
            log.warning("nothing has set the clock, so the dates of %s keep nobody out", counted(n_dated, "person"))

    def note_outside(self, person_id: int) -> None:
        """Somebody who is not valid was answered as a stranger: the log names the code, once a day."""
        person, validity = self._people.get(person_id), self._validity.get(person_id)
        if person and validity and self._told.get(person_id, date.max) != self._day:
            log.warning("%r came and was answered as a stranger: %s", person.code, validity)
            self._told[person_id] = self._day

    def _tell(self, gallery: Gallery) -> None:
        """Say in the log who is known now, and what strangers have to expect."""
        promise, stale = self._policy.promise_of(gallery), self._store.stale(self._model)
        who = f"{counted(len(self._people), 'person')}, {counted(len(gallery), 'template')}"
        log.info("%s of %s; distance %.3f", who, self._model, promise.max_distance)
        log.info("%s", promise)
        if self._policy.caveat:
            log.info("%s", self._policy.caveat)
        if promise.shortfall:
            log.warning("%s", promise.shortfall)
        if stale:
            log.warning("%s; %s", stale, stale.ADVICE)

    def person(self, opinion: Opinion | None) -> Person | None:
        """Whom an opinion names; None for nobody, and for somebody who was removed or is not valid any more."""
        if opinion is None or opinion.person_id is None or opinion.person_id in self._outside:
            return None
        return self._people.get(opinion.person_id)
