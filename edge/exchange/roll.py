"""What can be said when everybody is enrolled: who can be taken for whom, who has too few photographs, what strangers meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from edge.exchange.receipt import GOOD, Confusable, Line, Receipt
from edge.matching.gallery import Gallery
from edge.matching.likeness import confusable
from edge.matching.policy import Policy
from edge.store import Store

N_ADVISED = 3
"""Photographs of a person that serve most; what the warning about a single one compares with."""


def gallery(store: Store, model: str) -> Gallery:
    """Everybody's templates of one model."""
    return Gallery(*store.templates(model))


def confusions(store: Store, known: Gallery, policy: Policy, *, codes: Iterable[str] | None = None) -> list[Confusable]:
    """Every two people who are nearer to each other than the distance up to which a name is given, nearest first.

    Args:
        store: who they are.
        known: their templates.
        policy: how names are given.
        codes: only pairs with one of these people; all pairs when None.
    """
    people = {person.id: person for person in store.people()}
    wanted = set(codes) if codes is not None else None
    among = None if wanted is None else np.array([each.id for each in people.values() if each.code in wanted], np.int64)
    max_distance = policy.promise_of(known).max_distance
    pairs = confusable(known, max_distance, combination=policy.combination, among=among)
    return [Confusable(people[pair.first], people[pair.second], pair.distance) for pair in pairs]


def receipt(lines: Sequence[Line], *, store: Store, model: str, policy: Policy) -> Receipt:
    """The lines of an enrolment with the warnings that can be given now that it is over."""
    known = gallery(store, model)
    promise = policy.promise_of(known)
    codes = {line.label.code for line in lines if line.verdict in GOOD}
    confused = confusions(store, known, policy, codes=codes)
    warned = list(lines)
    for code in sorted(codes):
        row = next(row for row, line in enumerate(warned) if line.label.code == code and line.verdict in GOOD)
        person = store.find_person(code)
        if person and (known.person_ids == person.id).sum() == 1:
            warned[row] = _and(warned[row], only_one(person.name, policy, promise.max_distance))
        nearest = next((pair for pair in confused if code in {pair.first.code, pair.second.code}), None)
        if nearest:
            warned[row] = _with_confusion(warned[row], nearest)
    return Receipt(tuple(warned), tuple(confused), promise)


def only_one(name: str, policy: Policy, max_distance: float) -> str:
    """The warning about a single photograph."""
    missed, with_more = (policy.miss_rate(max_distance, n) for n in (1, N_ADVISED))
    told = f"the only photograph of {name}"
    if math.isnan(missed):
        return f"{told}; with {N_ADVISED} far fewer first looks at the door miss"
    return f"{told}: {missed:.0%} of first looks at the door will miss, with {N_ADVISED} photographs {with_more:.0%}"


def _with_confusion(line: Line, pair: Confusable) -> Line:
    other = pair.second if pair.first.code == line.label.code else pair.first
    told = _and(line, f"can be taken for {other.code} {other.name} (distance {pair.distance:.2f})")
    return told if line.other_code or line.distance is not None else replace(told, distance=pair.distance, other_code=other.code)


def _and(line: Line, sentence: str) -> Line:
    return replace(line, reason=f"{line.reason}; {sentence}" if line.reason else sentence)
