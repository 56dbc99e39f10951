"""``muster enrol``: a folder of photographs, and a receipt."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from edge import wiring
from edge.commands.installation import Installation, say
from edge.config import Config
from edge.errors import EnrolError
from edge.exchange.acquisition import Verdict
from edge.exchange.enrol import Receipt, enrol
from edge.exchange.folder import Candidate


def run(arguments: argparse.Namespace) -> int:
    """Enrol and print the receipt. 65 when somebody in the folder is not enrolled at all."""
    installation = Installation.of(arguments)
    with installation.store_or_new() as store:
        recogniser = wiring.recogniser(_looking_closer(installation.config))
        receipt = enrol(
            Path(arguments.folder),
            store=store,
            recogniser=recogniser,
            min_face_px=installation.config.detection.min_face_px,
            progress=_with_bar,
        )
        stale = store.stale(recogniser.model)
    _show(receipt)
    if stale:
        say(f"Still {stale}; {stale.ADVICE}")
    if arguments.receipt:
        _write(receipt, Path(arguments.receipt))
    counts = receipt.counts
    is_complete = counts[Verdict.ENROLLED] + counts[Verdict.ALREADY] and not receipt.without_template
    return 0 if is_complete else EnrolError.exit_code


def _looking_closer(config: Config) -> Config:
    """Finds faces of half the size too, so that "too small" can be told from "no face"."""
    detection = config.detection
    return replace(config, detection=replace(detection, min_face_px=max(20, detection.min_face_px // 2)))


def _with_bar(candidates: Sequence[Candidate]) -> Iterable[Candidate]:
    """A progress bar on a terminal, when it takes longer than two seconds."""
    bar: Iterable[Candidate] = tqdm(candidates, unit="photograph", delay=2, disable=None, leave=False, file=sys.stderr)
    return bar


def _show(receipt: Receipt) -> None:
    label = None
    for line in receipt.lines:
        if line.label != label:
            label = line.label
            say(f"{label.code} {label.name}" if label.code else "?")
        reason = f": {line.reason}" if line.reason else ""
        say(f"  {line.verdict.value:17} {line.photograph}{reason}")
    counts = ", ".join(f"{n} {verdict.value}" for verdict, n in receipt.counts.most_common())
    say(f"{len(receipt.lines)} photographs: {counts}.")
    if receipt.without_template:
        say(f"Not enrolled at all: {', '.join(f'{label.code} {label.name}' for label in receipt.without_template)}.")


def _write(receipt: Receipt, path: Path) -> None:
    try:
        receipt.write_csv(path)
    except OSError as error:
        raise EnrolError(f"everything above is done, but the receipt {path} cannot be written ({error.strerror}).") from error
