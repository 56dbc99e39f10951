"""Measures how far strangers and staff are from templates, and writes ``models/scores.toml``: ``make scores``.

Cross-validation by person, as `models.train` does it: the distances of each third of the development people are those of a head
that was trained on the other two thirds. The committed head has seen all of them, so its own distances would flatter it.
Everybody is a stranger to the others of their third. `edge.matching.score_table` says what the table means.

At the end it is tried: the table of two thirds sets the threshold, the strangers of the last third are counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.device.manifest import read_spec
from edge.errors import MusterError
from edge.evaluation.budget import Row, tried
from edge.evaluation.open_set import Setting, draws
from edge.evaluation.samples import Samples
from edge.matching.score_table import ScoreTable
from models import FOLDER, MANIFEST, faces, files
from models.head.embeddings import embeddings
from models.head.held_out import held_out
from models.score_distances import measured

SETTINGS = (Setting(100, 1, 1), Setting(300, 1, 1), Setting(100, 3, 1))
"""A third of the development people has 344 with two photographs; so not N = 400."""

HEADER = """\
# Written by `make scores`; edge/matching/score_table.py says what it means. Distances are squared L2. Measured on development
# people, each third of them by a head that was trained on the others; templates as they come back from their bytes.

"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write, try; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.scores", description="Measure the distances of strangers and staff.")
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="one folder for each person; MUSTER_FACES where not given")
    try:
        folds = list(held_out(embeddings(parser.parse_args(argv).faces or faces.folder())))
        tables = {"model": read_spec(MANIFEST, "facenet").model} | measured(folds)
        files.replace(FOLDER / "scores.toml", text(tables).encode())
        print(f"models/scores.toml: {tables['model']}, {tables['n_people']:,} people\n")
        for line in proof(folds):
            print(line)
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def proof(folds: Sequence[Samples]) -> Iterator[str]:
    """The table of all folds but one sets the distance, the strangers of that one are counted; a line for each."""
    found: list[tuple[Row, ...]] = []
    for number, fold in enumerate(folds):
        table = ScoreTable.of({"model": ""} | measured([other for other in folds if other is not fold]))
        found.append(tried(table, {setting: draws(fold, setting) for setting in SETTINGS}))
        yield from (f"fold {number + 1}: {row}" for row in found[-1])
    for rows in zip(*found, strict=False):
        setting, real = rows[0].setting, [row.fpir for row in rows]
        yield (
            f"N={setting.n} g={setting.g} q={setting.q}, budget {rows[0].budget:.1%}: real FPIR {np.mean(real):.2%} "
            f"({min(real):.2%} to {max(real):.2%}), FNIR {np.mean([row.fnir for row in rows]):.4f}"
        )


def text(tables: Mapping[str, Any]) -> str:
    """The table as TOML, rounded to four digits that mean something."""
    written = HEADER + "\n".join(_lines(tables)) + "\n"
    ScoreTable.of(tomllib.loads(written))  # what cannot be read back is not written
    return written


def _lines(tables: Mapping[str, Any], name: str = "") -> Iterator[str]:
    for key, value in tables.items():
        path = f"{name}.{key}" if name else json.dumps(key)
        if isinstance(value, Mapping):
            yield from ("", f"[{path}]", *_lines(value, path))
        elif isinstance(value, list):
            for each in value:
                yield from ("", f"[[{path}]]", *_lines(each, path))
        else:
            yield f"{key} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return "[\n" + "".join(f"    {_value(row)},\n" for row in value) + "]"
    if isinstance(value, np.ndarray):
        return f"[{', '.join(_value(float(each)) for each in value)}]"
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
