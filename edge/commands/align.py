"""``muster align``: a tree of photographs becomes the same tree of aligned faces."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import __version__, wiring
from edge.commands.installation import configuration, say
from edge.commands.progress import with_bar
from edge.errors import EnrolError
from edge.exchange.collection.align import Aligner, Alignment, align
from edge.words import counted

N_NAMED = 3
"""So many photographs with several faces, and files that are left over, are named."""


def run(arguments: argparse.Namespace) -> int:
    """Align and say what could not be. 65 when there is not one crop."""
    config = configuration(arguments)
    aligner = Aligner(wiring.recogniser(config).detector, f"muster={__version__} {config.detection}", arguments.size)
    result = align(Path(arguments.folder), Path(arguments.out), aligner, progress=with_bar)
    _show(result)
    return 0 if result.n_aligned + result.n_current else EnrolError.exit_code


def _show(result: Alignment) -> None:
    for place, reason in result.failures:
        say(f"not aligned: {place}: {reason}")
    if result.crowded:
        say(f"Several faces, the one nearest the centre was taken: {_some(result.crowded)}.")
    if result.left_over:
        say(f"Left over from photographs that are gone or have no crop now, or not ours: {_some(result.left_over)}.")
    n = result.n_aligned + result.n_current + len(result.failures)
    say(f"{counted(n, 'photograph')}: {result.n_aligned:,} aligned, {result.n_current:,} already, {len(result.failures):,} not.")


def _some(places: list[str]) -> str:
    rest = f" and {len(places) - N_NAMED:,} more" if len(places) > N_NAMED else ""
    return ", ".join(places[:N_NAMED]) + rest
