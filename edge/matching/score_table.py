"""What was measured of the distances between people, so that a distance can be chosen for any number of people.

**Strangers.** For a stranger at the door let p be the share of all people whose template lies within a distance of theirs.
Among n independent templates one is then named with probability 1 − (1 − p)ⁿ. p differs from stranger to stranger: some look
like many (Doddington et al. 1998, "Sheep, goats, lambs and wolves"). A gamma distribution with the mean m = FMR(distance) and
the relative variance v = spread(distance) describes that, and the mean over all strangers has a closed form for every n::

    FPIR(distance, n) = 1 − (1 + n m v)^(−1 / v)

Several templates of one person are not independent: g of them count as ``multiples[g]``. ``make scores`` measures all of it
and compares this formula with galleries that were really drawn.

**Staff.** ``misses`` is the share of looks at which somebody who has g templates is farther than the distance (FNMR).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge.matching.combination import BEST, Combination

Reals = NDArray[np.float64]

N_MULTIPLES = 5
"""Templates of one person that were measured: 1 to 5."""


@dataclass(frozen=True)
class ScoreTable:
    """Distances of strangers and of staff, measured on people whom the network was not trained on.

    Attributes:
        model: whose distances these are, without the variant.
        n_people: people who were measured.
        distances: (k,) ascending, squared L2; everything below is told at these and interpolated between them.
        fmr: (k,) share of people whose single template lies within the distance of a stranger (FMR), ascending.
        smallest_fmr: the smallest that the measured pairs can tell; ``fmr`` is nowhere below.
        spread: (k,) relative variance of a stranger's own FMR, not ascending.
        multiples: how many independent templates 1, 2, ... 5 of one person count as.
        misses: number of fused frames -> (5, k) FNMR of somebody with 1, 2, ... 5 templates.
    """

    model: str
    n_people: int
    distances: Reals
    fmr: Reals
    smallest_fmr: float
    spread: Reals
    multiples: Reals
    misses: Mapping[int, Reals]

    @classmethod
    def of(cls, table: Mapping[str, Any], combination: Combination = BEST) -> Self:
        """From nested tables as ``models/scores.toml`` has them.

        Args:
            table: the tables.
            combination: how a person's templates count together.

        Raises:
            ValueError: something is missing or cannot be; the message says what.
        """
        try:
            own = table[combination.value]
            made = cls(
                model=str(table["model"]),
                n_people=int(table["n_people"]),
                distances=np.array(table["distances"], np.float64),
                fmr=np.array(table["fmr"], np.float64),
                smallest_fmr=float(table["smallest_fmr"]),
                spread=np.array(table["spread"], np.float64),
                multiples=np.array(own["multiples"], np.float64),
                misses={each["n_frames"]: np.array(each["fnmr"], np.float64) for each in own["misses"]},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error} is missing or not what it should be") from error
        made._check()
        return made

    def _check(self) -> None:
        k = len(self.distances)
        faults = {
            "distances do not ascend": self.distances.ndim != 1 or k < 2 or not (np.diff(self.distances) > 0).all(),
            "fmr": self.fmr.shape != (k,) or not _ascends(self.fmr) or not 0 < self.smallest_fmr <= self.fmr[0],
            "spread": self.spread.shape != (k,) or not _ascends(-self.spread) or not (self.spread > 0).all(),
            "multiples": self.multiples.shape != (N_MULTIPLES,) or not (self.multiples > 0).all(),
            "misses": 1 not in self.misses or not all(map(self._are_rates, self.misses.values())),
        }
        wrong = [name for name, is_wrong in faults.items() if is_wrong]
        if wrong:
            raise ValueError(f"cannot be used: {', '.join(wrong)}")

    def _are_rates(self, misses: Reals) -> bool:
        has_shape = misses.shape == (N_MULTIPLES, len(self.distances))
        return has_shape and bool((misses >= 0).all() and (misses <= 1).all()) and _ascends(-misses)

    def load(self, templates_per_person: Iterable[int]) -> float:
        """How many independent templates a gallery counts as; of somebody with more than five each further one counts."""
        counts = np.array([n for n in templates_per_person if n > 0], np.intp)
        return float((self.multiples[np.minimum(counts, N_MULTIPLES) - 1] * np.maximum(1, counts / N_MULTIPLES)).sum())

    def fpir(self, distance: float, load: float) -> float:
        """Share of strangers who are given a name; all of them beyond the table, where nobody knows."""
        if distance > self.distances[-1]:
            return float(load > 0)
        fmr, spread = self._at(distance)
        return float(-np.expm1(-np.log1p(load * fmr * spread) / spread))

    def load_at(self, distance: float, fpir: float) -> float:
        """How many independent templates a gallery may count as, so that no more than this share of strangers is named."""
        fmr, spread = self._at(distance)
        return float(np.expm1(-spread * np.log1p(-min(fpir, 1 - 1e-12))) / (fmr * spread))

    def distance(self, fpir: float, load: float) -> float:
        """The largest distance at which no more than a share of strangers is given a name.

        Never below `least_distance` or beyond the last of the table, so compare what `fpir` says of the answer.
        """
        low, high = self.least_distance, float(self.distances[-1])
        for _ in range(40):  # halves the table's range until it is below 1e-11
            middle = (low + high) / 2
            low, high = (middle, high) if self.fpir(middle, load) <= fpir else (low, middle)
        return low

    @property
    def least_distance(self) -> float:
        """Below this distance strangers are so rare that the measured pairs cannot tell how rare."""
        n_at_the_floor = int((self.fmr <= self.smallest_fmr).sum())
        return float(self.distances[max(n_at_the_floor - 1, 0)])

    def miss_rate(self, distance: float, n_templates: int, *, n_frames: int = 1) -> float:
        """Share of looks at which somebody with so many templates is farther than the distance.

        Args:
            distance: squared L2; below the table, where nobody knows, all are counted as missed.
            n_templates: 1 or more; beyond five it is told for five.
            n_frames: how many frames a look fuses, 1 or more; told for the largest measured number that is not larger.
        """
        return float(np.interp(distance, self.distances, self._misses(n_templates, n_frames), left=1.0))

    def distance_missed(self, rate: float, n_templates: int) -> float:
        """The smallest distance at which somebody with so many templates is missed at no more than a share of single looks."""
        return float(np.interp(-rate, -self._misses(n_templates, 1), self.distances))

    def _misses(self, n_templates: int, n_frames: int) -> Reals:
        measured = max(n for n in self.misses if n <= n_frames)
        rates: Reals = self.misses[measured][min(max(n_templates, 1), N_MULTIPLES) - 1]
        return rates

    def _at(self, distance: float) -> tuple[float, float]:
        fmr = np.exp(np.interp(distance, self.distances, np.log(self.fmr)))
        return float(fmr), float(np.interp(distance, self.distances, self.spread))


def _ascends(values: Reals) -> bool:
    return bool((np.diff(values) >= 0).all())
