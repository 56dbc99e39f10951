"""``muster evaluate``: how well this unit tells the people of a folder apart."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from edge import wiring
from edge.commands.installation import configuration, say
from edge.errors import ConfigError, EnrolError
from edge.evaluation.confusions import alike
from edge.evaluation.figures import Figures, Handed, Identification, Verification, measure, rate, words
from edge.exchange.collect import Collection, collect, listing
from edge.exchange.files import Files
from edge.exchange.folder import Candidate
from edge.exchange.pair_list import judge, read_pairs
from edge.store.templates import stored

N_NAMED = 3
"""So many failures, notes and look-alikes are named on the terminal."""


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write. 65 when the folder does not allow a single figure."""
    _check(arguments)
    config = configuration(arguments)
    listed = listing(Path(arguments.folder))
    pairs = read_pairs(Path(arguments.pairs), listed.places) if arguments.pairs else []
    recogniser = wiring.recogniser(config)
    collected = collect(listed, recogniser, progress=_with_bar)
    lfw = judge(pairs, collected.rows, collected.samples.templates)
    figures = measure(collected.samples, _handed(collected, recogniser.model), lfw=lfw)
    _show(figures, collected)
    if pairs and lfw is None:
        say("LFW accuracy: cannot be told; fewer than two folds have a pair with two faces")
    if arguments.json:
        _write("--json", Path(arguments.json), json.dumps(figures.to_dict(), indent=1) + "\n")
    return 0 if figures.has_any else EnrolError.exit_code


def _check(arguments: argparse.Namespace) -> None:
    """What would fail at the end fails at once."""
    if arguments.with_faces and not arguments.html:
        raise ConfigError("--with-faces shows faces in the page: name it with --html FILE.")
    for option in ("json", "html"):
        path = Path(getattr(arguments, option) or os.devnull)
        if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
            raise ConfigError(f"--{option} {path}: cannot be written. Name a file in a folder that is there.")


def _with_bar(candidates: Sequence[Candidate]) -> Iterable[Candidate]:
    """A progress bar on a terminal, when it takes longer than two seconds."""
    bar: Iterable[Candidate] = tqdm(candidates, unit="photograph", delay=2, disable=None, leave=False, file=sys.stderr)
    return bar


def _handed(collected: Collection, model: str) -> Handed:
    return Handed(
        model=model,
        template_bytes=len(stored(collected.samples.templates[0])),
        n_people=len(collected.people),
        n_photos=collected.n_photos,
        n_failed=len(collected.failures),
        n_copies=len(collected.copies),
    )


def _show(figures: Figures, collected: Collection) -> None:
    handed = figures.handed
    say(f"{handed.n_people:,} people, {handed.n_photos:,} photographs.")
    say(f"{handed.model}, {handed.template_bytes:,} bytes a template.")
    share = handed.n_failed / handed.n_photos
    say(f"Failures to acquire: {handed.n_failed:,} photographs ({share:.2%}); the rates below are of the others.")
    _some([f"  {place}: {why}" for place, why in collected.failures.items()])
    for verification in figures.verifications:
        say(_verification(verification))
    for identification in figures.identifications:
        say(_identification(identification))
    if figures.lfw:
        accuracy = figures.lfw
        say(
            f"accuracy on the pairs  {accuracy.mean:.4f} ± {accuracy.deviation:.4f}  {accuracy.n_pairs:,} pairs, "
            f"{accuracy.n_left_out:,} left out for a failure to acquire"
        )
    _some([f"Note: {note}" for note in collected.notes])
    _some([f"Note: {sentence}" for sentence in look_alikes(figures, collected)])


def _some(lines: Sequence[str]) -> None:
    for line in lines[:N_NAMED]:
        say(line)
    if len(lines) > N_NAMED:
        say(f"  ... and {len(lines) - N_NAMED:,} more")


def look_alikes(figures: Figures, collected: Collection) -> list[str]:
    """A sentence for each two folders that may be of one person."""
    photographs = collected.photographs
    return [
        f"{photographs[pair.first].place} and {photographs[pair.second].place} look like one person "
        f"(distance {pair.distance:.2f}, nearer than half of the same-person pairs); are both in the right folder?"
        for pair in alike(collected.samples, figures.scores)
    ]


def _verification(each: Verification) -> str:
    head = f"FNMR at FMR {rate(each.fmr)}               "
    if each.obstacle:
        return f"{head} cannot be told: {each.obstacle}"
    return (
        f"{head} {each.fnmr:.4f}          95 % {each.interval.low:.4f} to {each.interval.high:.4f}  distance {each.distance:.3f}"
    )


def _identification(each: Identification) -> str:
    head = f"FNIR at FPIR {each.fpir:4.1%}, {words(each.setting)}"
    if each.obstacle:
        return f"{head}  cannot be told: {each.obstacle}"
    return (
        f"{head}  {each.fnir:.4f} ± {each.deviation:.4f} 95 % {each.interval.low:.4f} to {each.interval.high:.4f}  "
        f"{each.n_probes:,} probes, {each.n_strangers:,} strangers"
    )


def _write(option: str, path: Path, content: str) -> None:
    try:
        Files().replace(path, content.encode())
    except OSError as error:
        raise EnrolError(f"everything above is measured, but {option} {path} cannot be written ({error.strerror}).") from error
