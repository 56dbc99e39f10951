"""``muster evaluate``: how well this unit tells the people of a folder apart."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np

from edge import __version__, wiring
from edge.commands.installation import configuration, data_folder, say
from edge.commands.progress import with_bar
from edge.config import Config
from edge.errors import ConfigError, EnrolError, ModelError
from edge.evaluation import methods, terms, text
from edge.evaluation.confusions import farthest_selves, nearest_strangers
from edge.evaluation.discard import Discards, discards, fixed_threshold
from edge.evaluation.figures import UNMEASURED, Figures, Handed, measure
from edge.evaluation.page import Contents, page
from edge.exchange.collection.collect import Collection, collect, listing
from edge.exchange.collection.crops import data_uris
from edge.exchange.collection.pair_list import Pair, judge, read_pairs
from edge.exchange.files import Files, PrivateFiles
from edge.exchange.names import printable
from edge.matching.choice import N_MOST
from edge.matching.combination import Combination
from edge.matching.policy import Policy
from edge.store.templates import restored, stored

N_NAMED = 3
"""So many failures, notes and look-alikes are named on the terminal; the page lists more."""

NO_ACCURACY = "The accuracy on the pairs cannot be told: fewer than two folds have a pair with a face in both photographs."


def run(arguments: argparse.Namespace, *, places: wiring.Places | None = None) -> int:
    """Measure, print, write. 65 when the folder does not allow a single figure.

    Args:
        arguments: of the command line.
        places: where the hardware is looked for; on this computer when None.
    """
    _check(arguments)
    config = configuration(arguments)
    listed = listing(Path(arguments.folder))
    pairs = read_pairs(Path(arguments.pairs), listed.places) if arguments.pairs else []
    with wiring.fitted(config, data_folder(arguments), places or wiring.Places()) as (recogniser, fitting):
        collected = _as_stored(collect(listed, recogniser, progress=with_bar))
    policy, notes = _policy(config)
    handed = replace(_handed(collected, recogniser.model), ran=fitting.ran())
    figures = _measured(collected, arguments, handed=handed, pairs=pairs, policy=policy)
    figures = replace(figures, discards=_discards(collected, figures, config))
    notes += [*collected.notes, *text.copies(collected.samples)]
    notes += text.look_alikes(figures, collected.samples, [each.place for each in collected.photographs])
    if pairs and figures.lfw is None:
        notes.insert(0, NO_ACCURACY)
    _show(figures, collected, notes)
    if arguments.json:
        _write("--json", Path(arguments.json), json.dumps(figures.to_dict(), indent=1) + "\n", files=Files())
    if arguments.html:
        distance = policy.promise(np.minimum(collected.samples.n_templates, N_MOST).tolist()).max_distance
        contents = replace(
            _contents(figures, collected, notes=notes, arguments=arguments, max_distance=distance),
            made=_made(recogniser.model, policy),
        )
        _write("--html", Path(arguments.html), page(contents), files=PrivateFiles() if arguments.with_faces else Files())
    return 0 if figures.has_any else EnrolError.exit_code


def _made(model: str, policy: Policy) -> str:
    """How the figures were made, today."""
    today = datetime.now().astimezone().date()
    return terms.made(today, version=__version__, model=model, combination=policy.combination)


def _policy(config: Config) -> tuple[Policy, list[str]]:
    """How the unit gives names; where nobody has measured its network yet, a sentence says that no promise can be tried."""
    try:
        return wiring.policy(config), []
    except ModelError as error:
        return replace(UNMEASURED, combination=Combination(config.matching.combination)), [
            f"No promise of the budget can be tried: {error}"
        ]


def _measured(
    collected: Collection, arguments: argparse.Namespace, *, handed: Handed, pairs: Sequence[Pair], policy: Policy
) -> Figures:
    samples, lfw = collected.samples, judge(pairs, collected.rows, collected.samples.templates)
    figures = measure(samples, handed, lfw=lfw, policy=policy)
    if not arguments.methods:
        return figures
    rows = methods.compare(samples, figures.draws, combination=policy.combination, progress=partial(with_bar, unit="method"))
    return replace(figures, methods=tuple(rows))


def _discards(collected: Collection, figures: Figures, config: Config) -> Discards | None:
    """What quality and the unit's gates say of the photographs."""
    threshold = fixed_threshold(figures.scores)
    if threshold is None:
        return None
    gates = wiring.gates(config)
    refusals = [gates.refusal(photograph.quality) for photograph in collected.photographs]
    return discards(collected.samples, threshold, badness=collected.badness, refusals=refusals)


def _check(arguments: argparse.Namespace) -> None:
    """What would fail at the end fails at once."""
    if arguments.with_faces and not arguments.html:
        arguments.refuse("argument --with-faces: not allowed without argument --html")
    if arguments.methods:
        methods.check()
    for option in ("json", "html"):
        path = Path(getattr(arguments, option) or os.devnull)
        if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
            raise ConfigError(f"--{option} {path}: cannot be written. Name a file in a folder that is there.")


def _as_stored(collected: Collection) -> Collection:
    """With the templates as a unit reads them from its database."""
    samples = collected.samples
    templates, enrolled = (restored(stored(each)) for each in (samples.templates, samples.in_gallery))
    return replace(collected, samples=replace(samples, templates=templates, enrolled=enrolled))


def _handed(collected: Collection, model: str) -> Handed:
    return Handed(
        model=model,
        template_bytes=stored(collected.samples.templates[:1]).nbytes,
        n_people=len(collected.people),
        n_photos=collected.n_photos,
        n_failed=len(collected.failures),
        n_copies=len(collected.copies),
    )


def _show(figures: Figures, collected: Collection, notes: Sequence[str]) -> None:
    for line in text.lines(figures):
        say(line)
    _some("Failure to acquire", [f"{place}: {why}" for place, why in collected.failures.items()])
    _some("Note", notes)


def _some(kind: str, sentences: Sequence[str]) -> None:
    for sentence in sentences[:N_NAMED]:
        say(f"{kind}: {sentence}")
    if len(sentences) > N_NAMED:
        say(f"  ... and {len(sentences) - N_NAMED:,} more")


def _contents(
    figures: Figures, collected: Collection, *, notes: Sequence[str], arguments: argparse.Namespace, max_distance: float
) -> Contents:
    strangers = nearest_strangers(collected.samples, figures.scores)
    selves = farthest_selves(collected.samples, figures.scores)
    shown = [row for pair in (*strangers, *selves) for row in pair[:2]] if arguments.with_faces else []
    return Contents(
        figures=figures,
        title=printable(Path(arguments.folder).resolve().name),
        max_distance=max_distance,
        places=[each.place for each in collected.photographs],
        strangers=strangers,
        selves=selves,
        failures=collected.failures,
        notes=notes,
        faces=data_uris(collected.photographs, shown),
    )


def _write(option: str, path: Path, content: str, *, files: Files) -> None:
    try:
        files.replace(path, content.encode())
    except OSError as error:
        raise EnrolError(f"everything above is measured, but {option} {path} cannot be written ({error.strerror}).") from error
