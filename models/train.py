"""Trains heads for FaceNet's templates and measures them on other people: ``python -m models.train`` (``make train``).

Cross-validation by person: each fold is measured with heads that never saw anybody in it, neither to train nor to stop. At the
end the best head is trained on everybody and left in ``models/build/head.npz``, and it is said how a unit gets it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.errors import MusterError
from edge.evaluation.samples import Samples
from edge.store.templates import restored, stored
from models import BUILD, HEAD, faces
from models.head import people
from models.head.baselines import N_OUTPUTS, pca
from models.head.embeddings import Embeddings, embeddings
from models.head.fit import Epoch
from models.head.linear import Head
from models.head.table import Row, figures, markdown
from models.head.trials import CHOSEN, TRIALS, UNTRAINED

N_FOLDS = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Train, measure, print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description="Train a head and measure it on other people.")
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="one folder for each person; MUSTER_FACES where not given")
    try:
        given = embeddings(parser.parse_args(argv).faces or faces.folder())
        people.check(given, n_folds=N_FOLDS)
        run(given)
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def run(given: Embeddings) -> None:
    """Compare all heads on folds, then train the chosen one on everybody."""
    started_s = time.monotonic()
    print(f"{len(given.n_photographs):,} people, {len(given.persons):,} photographs, {given.n_failed:,} failures to acquire")
    table = markdown(compare(given))
    print(f"\n{table}\n")
    if "–" in table:
        print("–: a fold has too few people or photographs to tell.\n")
    print(f"{CHOSEN}, on everybody:")
    head = TRIALS[CHOSEN].train(given, _say)
    if np.allclose(head.matrix, pca(given).matrix):
        print("Nothing was learnt: no epoch was better than the PCA that training begins with. More people would help.")
    BUILD.mkdir(parents=True, exist_ok=True)
    head.write(BUILD / HEAD.name)
    print(f"models/build/head.npz: {head.name}, {head.matrix.shape}; done in {time.monotonic() - started_s:.0f} s")
    print(_adoption(head))


def compare(given: Embeddings) -> list[Row]:
    """Every head's figures on every fold."""
    folds = people.folds(given, N_FOLDS)
    rows = [Row(name, [figures(make(others).samples(fold)) for others, fold in folds]) for name, make in UNTRAINED.items()]
    for name, trial in TRIALS.items():
        heads = []
        for number, (others, _) in enumerate(folds, 1):
            print(f"{name}, fold {number}:")
            heads.append(trial.train(others, _say))
        measured = [head.samples(fold) for head, (_, fold) in zip(heads, folds, strict=True)]
        rows.append(Row(name, [figures(samples) for samples in measured]))
        if name == CHOSEN:
            rows.append(Row(f"the same, {N_OUTPUTS} bytes", [figures(_in_bytes(samples)) for samples in measured]))
    return rows


def _adoption(head: Head) -> str:
    if HEAD.exists() and Head.read(HEAD).name == head.name:
        return "It is the head that models/head.npz has already."
    return (
        "A unit gets it so: copy it over models/head.npz, `make models`, `make parity`, `python -m models.golden`. "
        "It makes other templates: everybody is enrolled again then (muster enrol FOLDER)."
    )


def _in_bytes(samples: Samples) -> Samples:
    return Samples(restored(stored(samples.templates)), samples.persons, samples.n_photographs)


def _say(epoch: Epoch) -> None:
    loss = f"loss {epoch.loss:.4f}, {epoch.active:4.0%} of the terms active" if epoch.number else "before training"
    print(f"  epoch {epoch.number:2}: FNMR of the people held out {epoch.fnmr:.4f}; {loss}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
