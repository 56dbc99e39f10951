"""Who is known: people and their templates, as of the last look into the database."""

from __future__ import annotations

import logging

import numpy as np

from edge.attendance import Opinion
from edge.errors import ModelError
from edge.matching.gallery import Gallery
from edge.matching.matcher import Matcher
from edge.matching.policy import Policy
from edge.store import Store
from edge.types import Person
from edge.words import counted

log = logging.getLogger(__name__)

CHECK_S = 1.0
"""How old, in seconds of the camera's clock, the known faces may be; enrolling is another process."""


class Known:
    """Who is enrolled.

    Args:
        store: the database.
        model: templates of any other are left out.
        policy: how names are given.

    Raises:
        ConfigError: the method of matching cannot name so many.
        ModelError: every template is another model's, so nobody would be known.
        StoreError: the database cannot be read.
    """

    def __init__(self, store: Store, model: str, policy: Policy) -> None:
        stale = store.stale(model)
        if stale and stale.is_everybody:
            raise ModelError(f"{stale}; {stale.ADVICE}")
        policy.check(len(store.n_templates(model)))
        self._store = store
        self._model = model
        self._policy = policy
        self._revision = -1
        self._looked_s: float | None = None
        self._people: dict[int, Person] = {}
        self.matcher: Matcher = policy.matcher(Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64)))

    def look(self, at_s: float) -> bool:
        """Read people and templates again if they have changed; asks at most every `CHECK_S`.

        Returns:
            Whether the database was asked.

        Raises:
            ConfigError: the method of matching cannot name so many; whoever was known stays known.
            StoreError: the database cannot be read; likewise.
        """
        if self._looked_s is not None and at_s - self._looked_s < CHECK_S:
            return False
        self._looked_s = at_s
        revision = self._store.revision()
        if revision != self._revision:
            people = {person.id: person for person in self._store.people()}
            gallery = Gallery(*self._store.templates(self._model))
            self.matcher = self._policy.matcher(gallery)
            self._people, self._revision = people, revision
            self._tell(gallery)
        return True

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
        """Whom an opinion names; None for nobody, and for somebody who was removed meanwhile."""
        return self._people.get(opinion.person_id) if opinion and opinion.person_id is not None else None
