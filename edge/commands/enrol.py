"""``muster enrol``: a folder of photographs, and a receipt."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, looking_closer, say
from edge.commands.progress import with_bar
from edge.errors import ConfigError, EnrolError
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.enrol import enrol
from edge.exchange.enrolment.receipt import Confusable, Receipt
from edge.exchange.files import unwritable
from edge.matching.policy import Policy
from edge.words import counted

N_NAMED = 10
"""Confusable pairs that are named on the terminal; `muster people confusable` lists all."""


def run(arguments: argparse.Namespace) -> int:
    """Enrol and print the receipt. 65 when somebody in the folder is not enrolled at all."""
    installation = Installation.of(arguments)
    config = installation.config
    gates, policy = wiring.gates(config).at_enrolment(), wiring.policy(config)
    terms = Terms(config.detection.min_face_px, gates, policy, frozenset(arguments.look_alike))
    with installation.store_or_new() as store:
        recogniser = wiring.recogniser(looking_closer(config))
        receipt = enrol(Path(arguments.folder), store=store, recogniser=recogniser, terms=terms, progress=with_bar)
        stale = store.stale(recogniser.model)
    _show(receipt)
    _show_whole(receipt)
    _show_what_the_door_cannot(policy, receipt.promise.n_people)
    if stale:
        say(f"Still {stale}; {stale.ADVICE}")
    if arguments.receipt:
        _write(receipt, Path(arguments.receipt))
    return EnrolError.exit_code if _left_out(receipt) else 0


def _show(receipt: Receipt) -> None:
    label = None
    for line in receipt.lines:
        if line.label != label:
            label = line.label
            say(f"{label.code} {label.name}" if label.code else "?")
        reason = f": {line.reason}" if line.reason else ""
        say(f"  {line.verdict.value:17} {line.photograph}{reason}")
    counts = ", ".join(f"{n} {verdict.value}" for verdict, n in receipt.counts.most_common())
    say(f"{counted(len(receipt.lines), 'photograph')}: {counts}.")
    left_out = _left_out(receipt)
    if left_out:
        say(f"Not enrolled at all: {', '.join(left_out)}.")


def _left_out(receipt: Receipt) -> list[str]:
    """Who in the folder is not enrolled at all, by code and name, or by place where nobody can tell who it is."""
    return [f"{label.code} {label.name}" for label in receipt.without_template] + receipt.without_name


def _show_whole(receipt: Receipt) -> None:
    """What concerns more than one photograph."""
    if receipt.confusable:
        say("Can be taken for each other:")
        for pair in receipt.confusable[:N_NAMED]:
            say(f"  {pair}")
        if len(receipt.confusable) > N_NAMED:
            say(f"  ... and {len(receipt.confusable) - N_NAMED:,} more: muster people confusable")
        say(f"  {Confusable.ADVICE}")
    promise = str(receipt.promise)
    say(f"{promise[0].upper()}{promise[1:]}.")
    if receipt.promise.shortfall:
        say(f"Warning: {receipt.promise.shortfall}.")


def _show_what_the_door_cannot(policy: Policy, n_people: int) -> None:
    """People who are enrolled and whom the method of this unit cannot learn would not be known at the door."""
    if policy.caveat:
        say(f"{policy.caveat}.")
    try:
        policy.check(n_people)
    except ConfigError as error:
        say(f"Warning: {error}")


def _write(receipt: Receipt, path: Path) -> None:
    try:
        receipt.write_csv(path)
    except OSError as error:
        raise unwritable(f"everything above is done, but the receipt {path}", error) from error
