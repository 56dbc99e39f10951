"""A list of pairs of photographs as CSV: ``fold,a,b,same``, as LFW's View 2."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge.errors import EnrolError
from edge.evaluation.pairs import Accuracy, accuracy
from edge.exchange.enrolment.photographs import read_bytes
from edge.exchange.names import printable
from edge.types import Floats

COLUMNS = ("fold", "a", "b", "same")


class Pair(NamedTuple):
    """Two photographs by their places below the folder (person/photograph), and whether they are of one person."""

    fold: int
    a: str
    b: str
    same: bool


def read_pairs(path: Path, places: Collection[str]) -> list[Pair]:
    """Read a list of pairs.

    Args:
        path: CSV with the columns fold (a number), a, b (person/photograph) and same (1 or 0).
        places: of the photographs that are there.

    Raises:
        EnrolError: it cannot be read, is no such list, or names photographs that are not there.
    """
    shown = printable(str(path))
    try:
        table = csv.DictReader(io.StringIO(read_bytes(path).decode("utf-8-sig"), newline=""), strict=True)
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        if missing:
            raise EnrolError(f"{shown}: the column {missing[0]} is missing; its first line must be {','.join(COLUMNS)}.")
        pairs = [_pair(row, f"{shown} line {table.line_num}") for row in table]
    except (UnicodeDecodeError, csv.Error) as error:
        raise EnrolError(f"{shown}: not a CSV file in UTF-8.") from error
    except EnrolError as error:
        raise EnrolError(str(error) if str(error).startswith(shown) else f"{shown}: {error}.") from error
    _check(pairs, places, shown)
    return pairs


def _pair(row: Mapping[str, str | None], where: str) -> Pair:
    fold, a, b, same = (row[column] or "" for column in COLUMNS)
    if not fold.isdecimal():
        raise EnrolError(f"{where}: fold must be a whole number, not {printable(fold)!r}.")
    if same not in {"0", "1"}:
        raise EnrolError(f"{where}: same must be 1 or 0, not {printable(same)!r}.")
    return Pair(int(fold), a, b, same == "1")


def _check(pairs: list[Pair], places: Collection[str], shown: str) -> None:
    unknown = sorted({place for pair in pairs for place in (pair.a, pair.b) if place not in places})
    if unknown:
        raise EnrolError(
            f"{shown}: {len(unknown):,} of its photographs are not in the folder, the first is {printable(unknown[0])!r}. "
            "Name the folder that the list belongs to."
        )
    if len({pair.fold for pair in pairs}) < 2:
        raise EnrolError(f"{shown}: at least two folds are needed, to choose a threshold on one and test it on the other.")


def judge(pairs: Sequence[Pair], rows: Mapping[str, int], templates: Floats) -> Accuracy | None:
    """Accuracy over the pairs.

    Args:
        pairs: as `read_pairs` gives them.
        rows: place of a photograph -> its row; a pair with a photograph that has none, a failure to acquire, is left out.
        templates: (n, d) float32 unit vectors.

    Returns:
        The accuracy; None where fewer than two folds are left.
    """
    judged = [pair for pair in pairs if pair.a in rows and pair.b in rows]
    folds = np.array([pair.fold for pair in judged], np.int64)
    if len(np.unique(folds)) < 2:
        return None
    a, b = (templates[[rows[place] for place in side]] for side in ([p.a for p in judged], [p.b for p in judged]))
    distances = np.sum((a - b).astype(np.float64) ** 2, axis=1)
    same = np.array([pair.same for pair in judged])
    return accuracy(distances, same, folds, n_left_out=len(pairs) - len(judged))
