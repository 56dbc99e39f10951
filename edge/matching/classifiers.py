"""The classifiers of the older systems, trained on the gallery: a linear SVM and a random forest (scikit-learn, optional).

A classifier only knows the people that it was shown, so it names every stranger. Two rejection rules were measured
(docs/matching.md, "Nearest, SVM or forest"): to believe the classifier where it is sure of itself, and to let it say *who* and
the distance to that person's templates say *whether*. The unit takes the second. Nobody is farther from the nearest template than
from that of whom the classifier names, so a stranger is never named at a distance at which the nearest-template rule would not
have named somebody too: the promise of the budget stays valid.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError
from edge.matching.gallery import NearestTemplate
from edge.matching.matcher import Matcher
from edge.types import Floats, Match

METHODS = ("svm", "forest")
"""Values of ``matching.method`` beside ``nearest``."""

MOST_PEOPLE = {"svm": 400, "forest": 100}
"""Whoever is enrolled or removed, all is learnt anew, and the loop waits: docs/matching.md has the seconds."""

N_TREES = 100
SEED = 20180408
AT_ONCE = 1_000_000
"""Duels that are in memory at once: 8 MB, several times."""

Sureness = NDArray[np.float64]
"""(n, p) how sure the classifier is of each person, for each of n probes; the larger the surer."""

MISSING = (
    "{what} needs scikit-learn, which is not installed. Install it with "
    "`.venv/bin/python -m pip install --require-hashes --no-deps -r requirements/classifiers.txt`{otherwise}."
)
TOO_MANY = (
    'matching.method = "{method}" is for at most {most} people, and {n:,} are enrolled: it learns all of them anew each time, '
    'and the door would wait for it. Set method = "nearest", which has no such limit.'
)


def check(method: str, n_people: int) -> None:
    """Look whether a value of ``matching.method`` can name so many people.

    Raises:
        ConfigError: scikit-learn is missing, or there are more people than the door can wait for.
    """
    if method not in METHODS:
        return
    if n_people > MOST_PEOPLE[method]:
        raise ConfigError(TOO_MANY.format(method=method, most=MOST_PEOPLE[method], n=n_people))
    require(f'matching.method = "{method}"', ', or set method = "nearest"')


def require(what: str, otherwise: str = "") -> None:
    """Look whether scikit-learn is there.

    Raises:
        ConfigError: it is not; ``what`` needs it, and what to do ``otherwise``.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise ConfigError(MISSING.format(what=what, otherwise=otherwise)) from error


class Classifier(Protocol):
    """Has learnt who the people of a gallery are."""

    def sureness(self, probes: Floats) -> Sureness:
        """How sure it is, for (n, d) float32 unit vectors, of each person, these in the ascending order of their ids: (n, p)."""


class SupportVectors:
    """A linear SVM, one person against one other, as in FaceNet's ``classifier.py`` (Sandberg 2018: ``SVC(kernel="linear")``).

    Sureness is the mean of a person's decision values in their duels with all others; voting by duels won, as is usual, changes
    nothing (docs/matching.md). The probabilities of the original are not used: Platt's scaling finds them by cross-validation,
    and of a person with one photograph nothing is left to train on, so that they name the wrong person.

    Args:
        templates: (n, d) float32 unit vectors, of two people at least.
        person_ids: (n,) whose each is.
    """

    def __init__(self, templates: Floats, person_ids: NDArray[np.int64]) -> None:
        from sklearn.svm import SVC

        trained = SVC(kernel="linear", decision_function_shape="ovo")
        trained.fit(templates, person_ids)
        # Each decision value is a product with the probe plus a constant, and so are their means: d + 1 looks tell them whole,
        # and a probe is one product of matrices in place of p (p - 1) / 2 duels.
        looks = np.vstack([np.zeros(templates.shape[1]), np.eye(templates.shape[1])])
        values = _mean_of_duels(trained, looks)  # (d + 1, p)
        self._offsets, self._weights = values[0], values[1:] - values[0]

    def sureness(self, probes: Floats) -> Sureness:
        """Mean decision values, about -1 to 1: (n, p)."""
        values: Sureness = probes @ self._weights + self._offsets
        return values


def _mean_of_duels(trained: Any, probes: NDArray[np.float64]) -> Sureness:
    """Each person's mean decision value against all others: (n, d) -> (n, p)."""
    n_people = len(trained.classes_)
    first, second = np.triu_indices(n_people, 1)
    means = np.empty((len(probes), n_people))
    step = max(1, AT_ONCE // n_people**2)
    for start in range(0, len(probes), step):
        values = trained.decision_function(probes[start : start + step])  # (s, duels), who comes first wins where it is positive
        duels = np.zeros((len(values), n_people, n_people))
        duels[:, first, second] = values if n_people > 2 else -values[:, None]  # of two people it is (s,), the other way round
        means[start : start + step] = (duels.sum(axis=2) - duels.sum(axis=1)) / (n_people - 1)
    return means


class Forest:
    """A random forest (Breiman 2001). Sureness is the share of the trees that vote for a person.

    Args:
        templates: (n, d) float32 unit vectors, of two people at least.
        person_ids: (n,) whose each is.
    """

    def __init__(self, templates: Floats, person_ids: NDArray[np.int64]) -> None:
        from sklearn.ensemble import RandomForestClassifier

        self._trees = RandomForestClassifier(N_TREES, random_state=SEED)
        self._trees.fit(templates, person_ids)

    def sureness(self, probes: Floats) -> Sureness:
        """Shares of the votes, 0 to 1: (n, p)."""
        shares: Sureness = self._trees.predict_proba(probes)
        return shares


LEARNERS: dict[str, type[SupportVectors | Forest]] = {"svm": SupportVectors, "forest": Forest}


def learn(method: str, templates: Floats, person_ids: NDArray[np.int64]) -> Classifier:
    """A classifier that has learnt (n, d) float32 unit vectors of two people at least, and (n,) whose each is.

    Raises:
        ConfigError: as `check`.
    """
    check(method, len(np.unique(person_ids)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes")  # most people have few photographs
        return LEARNERS[method](templates, person_ids)


@dataclass(frozen=True)
class ByClassifier:
    """The classifier says who, the distance to that person says whether; implements `edge.matching.matcher.Matcher`.

    The margin is 0 where somebody else is nearer: a rule that asks for one then names nobody.
    """

    nearest: NearestTemplate
    classifier: Classifier

    def match(self, probe: Floats) -> Match:
        """Whom the classifier takes a probe (d,) float32 unit vector for, if they are near enough."""
        best = int(np.argmax(self.classifier.sureness(probe[None])[0]))
        return self.nearest.verdict(self.nearest.distances(probe), best)


def matcher(method: str, nearest: NearestTemplate) -> Matcher:
    """What names people by any method. A classifier needs two people; with fewer the nearest-template rule is the same.

    Args:
        method: value of ``matching.method``.
        nearest: of the gallery, with the rule.

    Raises:
        ConfigError: as `check`.
    """
    gallery = nearest.gallery
    if method not in METHODS or len(np.unique(gallery.person_ids)) < 2:
        return nearest
    return ByClassifier(nearest, learn(method, gallery.templates, gallery.person_ids))
