"""What can be said when everybody is enrolled: who can be taken for whom, who has too few photographs, what strangers meet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from edge.exchange.enrolment.receipt import GOOD, Confusable, Line, Receipt
from edge.matching.gallery import Gallery
from edge.matching.likeness import confusable, parties
from edge.matching.policy import N_FUSED, Policy
from edge.store import Store
from edge.types import Floats
from edge.words import share

N_ADVISED = 3
"""Photographs of a person that serve most; what the warning about a single one compares with."""


def gallery(store: Store, model: str) -> Gallery:
    """Everybody's templates of one model."""
    return Gallery(*store.templates(model))


def confusions(store: Store, known: Gallery, policy: Policy, *, codes: Collection[str] | None = None) -> list[Confusable]:
    """Every two people who are nearer to each other than the distance up to which a name is given, nearest first.

    Args:
        store: who they are.
        known: their templates.
        policy: how names are given.
        codes: only pairs with one of these people; all pairs when None.
    """
    people = {person.id: person for person in store.people()}
    among = None if codes is None else np.array([each.id for each in people.values() if each.code in codes], np.int64)
    max_distance = policy.promise_of(known).max_distance
    pairs = confusable(known, max_distance, combination=policy.combination, among=among)
    there = (pair for pair in pairs if {pair.first, pair.second} <= people.keys())  # another process may have removed somebody
    return [Confusable(people[pair.first], people[pair.second], pair.distance) for pair in there]


def receipt(lines: Sequence[Line], *, store: Store, model: str, policy: Policy) -> Receipt:
    """The lines of an enrolment with the warnings that can be given when it is over, each on its person's first good line."""
    known = gallery(store, model)
    firsts: dict[str, int] = {}
    for number, line in enumerate(lines):
        if line.verdict in GOOD:
            firsts.setdefault(line.label.code, number)
    promise, confused = policy.promise_of(known), confusions(store, known, policy, codes=firsts)
    nearest = _nearest(confused)
    warned = list(lines)
    for person in store.people():
        row = firsts.get(person.code)
        if row is not None:
            own = known.templates[known.person_ids == person.id]
            warned[row] = _and(warned[row], _about(own, person.name, policy, promise.max_distance))
            warned[row] = _with_confusion(warned[row], nearest.get(person.code))
    return Receipt(tuple(warned), tuple(confused), promise)


def _nearest(confused: Sequence[Confusable]) -> dict[str, Confusable]:
    """Of each person's pairs, which are sorted, the nearest."""
    found: dict[str, Confusable] = {}
    for pair in confused:
        found.setdefault(pair.first.code, pair)
        found.setdefault(pair.second.code, pair)
    return found


def _about(templates: Floats, name: str, policy: Policy, max_distance: float) -> str:
    """What is wrong with what is kept of somebody, (n, d); empty where nothing is."""
    if len(templates) == 1:
        return _only_one(name, policy, max_distance)
    if len(np.unique(parties(templates))) > 1:
        return (
            f"what is enrolled for {name} does not agree; if a photograph shows somebody else, "
            "remove this person and enrol the right ones, three or more"
        )
    return ""


def _only_one(name: str, policy: Policy, max_distance: float) -> str:
    told = policy.missed(max_distance, 1)
    if not told:
        return f"the only photograph of {name}: with {N_ADVISED} far fewer looks at the door miss"
    single, fused = (share(policy.miss_rate(max_distance, N_ADVISED, n_frames=n)) for n in (1, N_FUSED))
    with_more = single if single == fused else f"{single} and {fused}"
    return f"the only photograph of {name}: {told}; with {N_ADVISED} photographs {with_more}"


def _with_confusion(line: Line, pair: Confusable | None) -> Line:
    if pair is None:
        return line
    other = pair.second if pair.first.code == line.label.code else pair.first
    told = _and(line, f"can be taken for {other.code} {other.name} (distance at the door {pair.distance:.2f})")
    return told if line.other_code or line.distance is not None else replace(told, distance=pair.distance, other_code=other.code)


def _and(line: Line, sentence: str) -> Line:
    return replace(line, reason="; ".join(filter(None, [line.reason, sentence])))
