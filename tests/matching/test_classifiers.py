"""SVM and forest: who they name is who the duels and the trees say, whether is the distance; what they cannot do is said."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from edge.errors import ConfigError
from edge.matching import classifiers
from edge.matching.classifiers import METHODS, MOST_PEOPLE, ByClassifier, Forest, SupportVectors, learn, matcher
from edge.matching.combination import Combination
from edge.matching.gallery import FARTHEST, Gallery, NearestTemplate
from edge.matching.matcher import Rule
from edge.matching.policy import Policy

pytest.importorskip("sklearn", reason="scikit-learn is optional and not installed: requirements/classifiers.txt")
from sklearn.svm import SVC

RULE = Rule(max_distance=0.6)


def crowd(n_people: int, n_each: int, *, scatter: float = 0.3, d: int = 16, seed: int = 3) -> tuple[Gallery, np.ndarray]:
    """A gallery of so many people, and one more template of each; ids are neither from 0 on nor in order."""
    generator = np.random.default_rng(seed)
    ids = generator.permutation(np.arange(100, 100 + n_people))
    centres = generator.normal(size=(n_people, d))
    vectors = np.repeat(centres, n_each + 1, axis=0) + scatter * generator.normal(size=(n_people * (n_each + 1), d))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32).reshape(n_people, n_each + 1, d)
    order = generator.permutation(n_people * n_each)
    gallery = Gallery(vectors[:, :n_each].reshape(-1, d)[order], np.repeat(ids, n_each)[order])
    return gallery, vectors[np.argsort(ids), n_each]


def duels(gallery: Gallery, probe: np.ndarray) -> dict[int, float]:
    """Each person's mean decision value, from an SVM trained for each two people alone."""
    people = sorted(set(gallery.person_ids.tolist()))
    values: dict[int, list[float]] = {person: [] for person in people}
    for place, first in enumerate(people):
        for second in people[place + 1 :]:
            rows = np.isin(gallery.person_ids, (first, second))
            alone = SVC(kernel="linear").fit(gallery.templates[rows], gallery.person_ids[rows] == first)
            value = float(alone.decision_function(probe[None])[0])
            values[first].append(value)
            values[second].append(-value)
    return {person: float(np.mean(found)) for person, found in values.items()}


@pytest.mark.parametrize(("n_people", "n_each"), [(2, 1), (2, 3), (3, 1), (7, 2)])
def test_an_svm_is_as_sure_as_the_duels_trained_one_by_one(n_people: int, n_each: int) -> None:
    gallery, probes = crowd(n_people, n_each)
    found = SupportVectors(gallery.templates, gallery.person_ids).sureness(probes)
    expected = [[value for _, value in sorted(duels(gallery, probe).items())] for probe in probes]
    np.testing.assert_allclose(found, expected, atol=2e-3)  # libsvm stops at a tolerance of 1e-3


def test_many_duels_in_several_parts_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, probes = crowd(12, 2)
    whole = SupportVectors(gallery.templates, gallery.person_ids).sureness(probes)
    monkeypatch.setattr(classifiers, "AT_ONCE", 3 * 12**2)
    np.testing.assert_array_equal(SupportVectors(gallery.templates, gallery.person_ids).sureness(probes), whole)


@pytest.mark.parametrize("method", METHODS)
def test_people_get_their_own_name_and_strangers_none(method: str) -> None:
    gallery, probes = crowd(30, 3, d=64)
    by = matcher(method, NearestTemplate(gallery, RULE))
    assert isinstance(by, ByClassifier)
    named = [by.match(probe).person_id for probe in probes]
    n_right = sum(person == expected for person, expected in zip(named, sorted(set(gallery.person_ids.tolist())), strict=True))
    assert n_right >= (29 if method == "svm" else 24)
    strangers = crowd(200, 1, d=64, seed=99)[1]
    assert [by.match(stranger).person_id for stranger in strangers] == [None] * 200


@pytest.mark.parametrize("method", METHODS)
def test_no_stranger_is_named_who_is_not_near_enough_to_be_named_by_the_nearest_template(method: str) -> None:
    """The promise of the budget: whoever is named lies within the distance, and so somebody's template does."""
    gallery, _ = crowd(20, 2, scatter=1.0)
    nearest = NearestTemplate(gallery, Rule(1.0), Combination.NEAREST)
    by = matcher(method, nearest)
    strangers = crowd(300, 1, seed=5)[1]
    found = [(by.match(probe), nearest.match(probe)) for probe in strangers]
    assert any(by_classifier.person_id is not None for by_classifier, _ in found)
    for by_classifier, by_distance in found:
        assert by_classifier.distance >= by_distance.distance
        assert by_classifier.person_id is None or by_distance.person_id is not None


def test_where_somebody_else_is_nearer_there_is_no_margin() -> None:
    gallery, _ = crowd(12, 2, scatter=1.0)
    nearest = NearestTemplate(gallery, Rule(FARTHEST))
    probes = crowd(40, 1, seed=5)[1]
    by = matcher("forest", nearest)
    disputed = [probe for probe in probes if by.match(probe).person_id != nearest.match(probe).person_id]
    assert disputed
    assert {by.match(probe).margin for probe in disputed} == {0.0}
    strict = matcher("forest", NearestTemplate(gallery, Rule(FARTHEST, min_margin=0.01)))
    assert {strict.match(probe).person_id for probe in disputed} == {None}


@pytest.mark.parametrize("method", METHODS)
def test_the_same_gallery_gives_the_same_answers(method: str) -> None:
    gallery, probes = crowd(15, 1)
    once, again = (learn(method, gallery.templates, gallery.person_ids).sureness(probes) for _ in range(2))
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_people", [0, 1])
def test_with_one_person_or_nobody_the_nearest_template_counts(method: str, n_people: int) -> None:
    gallery, probes = crowd(2, 3)
    kept = gallery.person_ids == 100 if n_people else np.zeros(6, bool)
    policy = Policy(RULE, method=method)
    by = policy.matcher(Gallery(gallery.templates[kept], gallery.person_ids[kept]))
    assert [by.match(probe).person_id for probe in probes] == ([100, None] if n_people else [None, None])


@pytest.mark.parametrize("method", METHODS)
def test_more_people_than_the_door_can_wait_for_are_refused_with_what_to_do(method: str) -> None:
    n = MOST_PEOPLE[method] + 1
    gallery = Gallery(np.eye(n, dtype=np.float32), np.arange(n))
    policy = Policy(RULE, method=method)
    for refuse in (lambda: policy.matcher(gallery), lambda: policy.check(n)):
        with pytest.raises(ConfigError, match=f'at most {n - 1} people, and {n} are enrolled.*Set method = "nearest"'):
            refuse()
    policy.check(n - 1)
    Policy(RULE).check(10**6)


@pytest.mark.parametrize("method", METHODS)
def test_without_scikit_learn_it_is_said_how_to_get_it(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=rf'"{method}" needs scikit-learn.*classifiers.txt.*or set method = "nearest"'):
        Policy(RULE, method=method).check(0)
    Policy(RULE).check(0)


@pytest.mark.parametrize("method", METHODS)
def test_the_most_people_are_learnt_while_somebody_waits(method: str) -> None:
    """Seconds and not minutes, also where the machine is busy."""
    n = MOST_PEOPLE[method]
    gallery, probes = crowd(n, 1, d=128)
    started_s = time.process_time()
    by = matcher(method, NearestTemplate(gallery, RULE))
    by.match(probes[0])
    assert time.process_time() - started_s < 20


def test_a_forest_votes_in_shares() -> None:
    gallery, probes = crowd(5, 2)
    shares = Forest(gallery.templates, gallery.person_ids).sureness(probes)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares >= 0).all()
