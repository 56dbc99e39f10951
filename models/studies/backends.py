"""Whether one gallery and one threshold serve both backends: ``python -m models.studies.backends``. Tables of docs/figures.md.

* how far implementations of int8 arithmetic are apart, and what the self-test of the Edge TPU sees of it;
* enrolled by one backend, at the door another: who is missed, and whether the budget is kept;
* how far the templates of one photograph are apart between backends;
* how the distance grows when every output errs, and where recognition begins to suffer.

Heads that never saw the people, as in `models.scores`. An Edge TPU is not here: int8 networks on the CPU stand for it, by other
kernels than the CPU's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from edge.device.manifest import read_spec
from edge.errors import MusterError
from edge.evaluation.budget import row
from edge.evaluation.open_set import draws
from edge.evaluation.samples import Samples
from edge.exchange.collection.collect import Listing, listing
from edge.matching.score_table import ScoreTable
from edge.types import Floats
from models import MANIFEST, faces
from models.head import people
from models.head.embeddings import TRUNK, Embeddings, embeddings
from models.head.held_out import N_FOLDS, as_stored
from models.head.trials import CHOSEN, TRIALS
from models.score_distances import measured
from models.scores import SETTINGS
from models.studies import required, rounding
from models.studies.arithmetic import last_layer
from models.studies.stand_ins import CPU, EDGETPU, TRUNCATING, Int8Head, in_common, seen

BUDGET = 0.01
NOISES = (1, 2, 4, 8, 16, 32)
"""Steps by which every output of a template may err."""
SEED = 20180408
FLOAT32 = "float32"
ROUTES = (
    (FLOAT32, FLOAT32),
    (CPU.name, CPU.name),
    (CPU.name, EDGETPU.name),
    (EDGETPU.name, CPU.name),
    (EDGETPU.name, EDGETPU.name),
    (CPU.name, TRUNCATING.name),
    (TRUNCATING.name, TRUNCATING.name),
)
"""Who enrols, and who is at the door."""


class Fold(NamedTuple):
    """A third of the people, by a head that was trained on the others.

    Attributes:
        samples: backend -> what it makes of the same photographs.
        head: in int8.
        inputs: what the CPU has before the last layer, for `noise`.
    """

    samples: dict[str, Samples]
    head: Int8Head
    inputs: Embeddings


def main() -> int:
    """Measure and print; returns the exit code."""
    try:
        listed = listing(faces.folder())
        given = embeddings(faces.folder())
        for line in rounding.tables():
            print(line, flush=True)
        found, failures = _seen(listed)
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"\n{failures}")
    folds = list(_folds(given, found))
    tables = [_table([other for other in folds if other is not fold]) for fold in folds]
    for line in (*galleries(folds, tables), *photographs(folds), *noise(folds, tables), *_pairs(folds, found, listed)):
        print(line, flush=True)
    return 0


def galleries(folds: Sequence[Fold], tables: Sequence[ScoreTable]) -> Iterator[str]:
    """Enrolled by one backend, probed by another: FNIR at equal FPIR, and what comes of a budget at the table's distance."""
    yield f"\n| enrolled | at the door | {' | '.join(f'{each}' for each in SETTINGS)} |\n|{'---|' * (2 + len(SETTINGS))}"
    for enrolled, door in ROUTES:
        mixed = [across(fold.samples[enrolled], fold.samples[door]) for fold in folds]
        yield f"| {enrolled} | {door} | {' | '.join(_cells(mixed, tables))} |"


def across(enrolled: Samples, door: Samples) -> Samples:
    """The gallery of one backend, and what comes to the door of another; both of the same photographs."""
    return Samples(door.templates, door.persons, door.n_photographs, enrolled.in_gallery)


def _cells(folds: Sequence[Samples], tables: Sequence[ScoreTable]) -> Iterator[str]:
    """For each setting: FNIR at a FPIR of 1 %; the real FPIR of the budget of 1 % (fold by fold), and the FNIR then."""
    for setting in SETTINGS:
        drawn = [draws(fold, setting) for fold in folds]
        equal = np.mean([draw.fnir(BUDGET) for each in drawn for draw in each])
        rows = [row(table, setting, each, BUDGET) for table, each in zip(tables, drawn, strict=True)]
        real = [each.fpir for each in rows]
        yield (
            f"{equal:.4f}; {np.mean(real):.2%} ({', '.join(f'{each:.2%}' for each in real)}), "
            f"FNIR {np.mean([each.fnir for each in rows]):.4f}"
        )


def photographs(folds: Sequence[Fold]) -> Iterator[str]:
    """How far the templates of one photograph are apart that two backends made, each with its own detector."""
    yield "\n| the same photograph | median | 99 % | largest |\n|---|---|---|---|"
    for one, other in ((FLOAT32, CPU.name), (CPU.name, EDGETPU.name), (CPU.name, TRUNCATING.name)):
        apart = np.concatenate([distances(fold.samples[one].templates, fold.samples[other].templates) for fold in folds])
        yield f"| {one}, {other} | {np.median(apart):.4f} | {np.quantile(apart, 0.99):.4f} | {apart.max():.3f} |"


def distances(a: Floats, b: Floats) -> Floats:
    """Squared L2 between the unit vectors (n, d) and (n, d), row by row."""
    return np.asarray(np.sum((a - b) ** 2, axis=1), np.float32)


def noise(folds: Sequence[Fold], tables: Sequence[ScoreTable]) -> Iterator[str]:
    """The CPU at both sides, and every output of the door's templates errs by chance."""
    yield f"\n| outputs err by up to, steps | distance of the same crop, median | {' | '.join(map(str, SETTINGS))} |"
    yield f"|{'---|' * (2 + len(SETTINGS))}"
    for most in (0, *NOISES):
        mixed, apart = [], []
        for number, fold in enumerate(folds):
            generator = np.random.default_rng([SEED, most, number])
            clean = fold.samples[CPU.name]
            erring = as_stored(fold.head.disturbed(most, generator), fold.inputs)
            mixed.append(across(clean, erring))
            apart.append(distances(clean.templates, erring.templates))
        yield f"| {most} | {np.median(np.concatenate(apart)):.4f} | {' | '.join(_cells(mixed, tables))} |"


def _seen(listed: Listing) -> tuple[dict[str, Embeddings], str]:
    """What each stand-in has before the last layer of the photographs in which all found a face, and how many they did not."""
    by_name = {each.name: seen(each, listed) for each in (CPU, EDGETPU, TRUNCATING)}
    rows = in_common(list(by_name.values()))
    n = len(listed.photographs)
    failures = ", ".join(f"{name} {n - len(each.rows)}" for name, each in by_name.items())
    return {name: each.only(rows) for name, each in by_name.items()}, f"no face, of {n:,} photographs: {failures}"


def _folds(given: Embeddings, found: dict[str, Embeddings]) -> Iterator[Fold]:
    check_same_people(given, found)
    layer = last_layer(read_spec(MANIFEST, TRUNK[0], variant=TRUNK[1]).path.read_bytes())
    dealt = {name: people.folds(each, N_FOLDS) for name, each in found.items()}
    for number, (others, fold) in enumerate(people.folds(given, N_FOLDS)):
        print(f"{CHOSEN}, fold {number + 1}", flush=True)
        trained = TRIALS[CHOSEN].train(others, lambda _: None)
        calibrating, own = dealt[CPU.name][number]
        head = Int8Head.of(trained, layer, calibrating.upright)
        samples = {name: as_stored(head, each[number][1]) for name, each in dealt.items()}
        yield Fold({FLOAT32: as_stored(trained, fold)} | samples, head, own)


def check_same_people(given: Embeddings, found: dict[str, Embeddings]) -> None:
    """See that everybody has one number everywhere: by these the folds are dealt, and no head may have seen its people.

    Raises:
        ValueError: somebody has not.
    """
    for name, each in found.items():
        if not np.array_equal(each.n_photographs, given.n_photographs):
            raise ValueError(f"{name}: its people are not those of the heads")


def _table(folds: Sequence[Fold]) -> ScoreTable:
    """The table of scores as `make scores` makes it: of float32."""
    return ScoreTable.of({"model": ""} | measured([fold.samples[FLOAT32] for fold in folds]))


def _pairs(folds: Sequence[Fold], found: dict[str, Embeddings], listed: Listing) -> Iterator[str]:
    yield ""
    for name, each in found.items():
        yield f"{name}: {required.pairs(each, listed, [fold.samples[name] for fold in folds])}"


if __name__ == "__main__":
    sys.exit(main())
