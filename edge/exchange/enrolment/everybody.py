"""Who is enrolled, as new faces are compared with it: read once, and kept up with what is taken in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.matching.gallery import Gallery
from edge.store import Store
from edge.types import Floats, Person


class Everybody:
    """All people and their templates of one model.

    To read them takes longer than to look at a photograph where many are enrolled, so it is done again only when another process
    has changed them.

    Args:
        store: has them.
        model: that makes the templates.

    Attributes:
        people: by their ids.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._revision = -1
        self._known = Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64))
        self.people: dict[int, Person] = {}

    def up_to_date(self) -> int:
        """Read what somebody else has changed; the revision of the store that this is at least."""
        revision = self._store.revision()
        if revision != self._revision:
            self._known = Gallery(*self._store.templates(self._model))
            self.people = {person.id: person for person in self._store.people()}
            self._revision = revision
        return revision

    def others(self, person: Person | None) -> Gallery:
        """The templates of all but one person; of all where there is none."""
        is_other = self._known.person_ids != (person.id if person else -1)
        if is_other.all():
            return self._known
        return Gallery(self._known.templates[is_other], self._known.person_ids[is_other])

    def changed(self, person: Person, kept: Mapping[str, Floats], revision: int) -> None:
        """What this process has changed, and nobody else since it was last up to date.

        Args:
            person: about whom.
            kept: all of their templates, each (d,) float32.
            revision: of the store with that.
        """
        others = self.others(person)
        if kept:
            own = np.stack(list(kept.values()))
            templates = np.concatenate([others.templates.reshape(-1, own.shape[1]), own])
            others = Gallery(templates, np.append(others.person_ids, np.full(len(own), person.id)))
        self._known = others
        self.people[person.id] = person
        self._revision = revision
