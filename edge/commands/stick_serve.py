"""``muster stick serve``: what happens when a stick is plugged in; called by the system, or by hand."""

from __future__ import annotations

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, looking_closer, say
from edge.commands.progress import with_bar
from edge.commands.sync import answered
from edge.errors import MusterError, StoreError, SyncError
from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.mounts import is_mounted
from edge.exchange.delivery.report import Delivery
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.receipt import GOOD
from edge.exchange.names import printable
from edge.exchange.stick.hardware import hardware_at
from edge.exchange.stick.serve import Means, Served, rehearse, serve
from edge.exchange.stick.sheet import Outcome
from edge.exchange.stick.unmount import UNMOUNTS, release
from edge.ports import Panel
from edge.words import counted

LOCK = "stick.lock"
"""In the data folder: one stick at a time."""

N_NAMED = 20
"""Refusals that are named on the terminal; the receipts have all."""


def run(arguments: argparse.Namespace) -> int:
    """Serve it and say what came of it. 65 when somebody or something on it was not taken, 77 when it is refused."""
    installation, mountpoint = Installation.of(arguments), Path(arguments.mountpoint).absolute()
    if arguments.dry_run:
        with installation.store() as store:
            served = rehearse(mountpoint, store, _means(installation, mountpoint, None, keep_mounted=True))
    else:
        served = _serve(installation, mountpoint, keep_mounted=arguments.keep_mounted)
    for line in _told(served, is_dry=arguments.dry_run):
        say(line)
    if served.released:
        say(f"{served.released} {'Unmount it before it is pulled.' if arguments.keep_mounted else 'It may be pulled.'}")
    for error in served.errors:
        print(printable(f"muster: {error}"), file=sys.stderr)
    return served.exit_code


def _serve(installation: Installation, mountpoint: Path, *, keep_mounted: bool) -> Served:
    """With the panel, which keeps an error for as long as it has to be seen."""
    is_open = installation.config.stick.policy == "open"
    failed: MusterError | None = None
    with (
        installation.store_or_new() if is_open else installation.store() as store,
        _in_turn(installation.data),
        wiring.panel_of(installation.config, installation.data) as panel,
    ):
        try:
            served = serve(mountpoint, store, _means(installation, mountpoint, panel, keep_mounted=keep_mounted))
        except MusterError as error:
            failed = error
    if failed:
        raise failed
    return served


def _means(installation: Installation, mountpoint: Path, panel: Panel | None, *, keep_mounted: bool) -> Means:
    """As the unit is configured."""
    config, now = installation.config, wiring.now()
    terms = Terms(config.detection.min_face_px, wiring.gates(config).at_enrolment(), wiring.policy(config))
    return Means(
        recogniser=lambda: wiring.recogniser(looking_closer(config)),
        terms=terms,
        deliver=partial(_deliver, installation, must_be_mounted=is_mounted(mountpoint)),
        release=partial(release, unmounts=() if keep_mounted else UNMOUNTS),
        at_utc=now.at_utc,
        clock_ok=now.clock_ok,
        unit=config.unit.name,
        policy=config.stick.policy,
        hardware=hardware_at(mountpoint),
        panel=panel,
        stays_mounted=keep_mounted,
        progress=with_bar,
    )


def _deliver(installation: Installation, mountpoint: Path, stick: str, *, must_be_mounted: bool) -> Delivery:
    """Rows to the stick, by a process of its own, which becomes a destination where it is none.

    Args:
        installation: of the unit.
        mountpoint: where the stick is.
        stick: which it is: how far it has everything is remembered for it alone, whatever its marker says.
        must_be_mounted: whether something was mounted there at the beginning: nothing is written beneath a stick that was pulled.

    Raises:
        SyncError: it has not answered.
        StoreError: the database fails.
    """
    config = installation.config
    order = Order(
        task="deliver",
        destination=str(mountpoint),
        database=str(installation.database().absolute()),
        unit=config.unit.name,
        timezone=config.unit.timezone,
        must_be_mounted=must_be_mounted,
        prepare=True,
        stick=stick,
        dialect="" if config.ledger.dialect == "iso" else config.ledger.dialect,
        key_file=config.privacy.key_file,
    )
    told = answered(order, run_errands([order], limit_s=config.sync.limit_s)[0], installation)
    error = SyncError(told["error"]["text"]) if told["error"] else None
    return Delivery(order.destination, told["n_events"], told["files"], told["set_aside"], error, told["is_new"])


@contextmanager
def _in_turn(folder: Path) -> Iterator[None]:
    """One stick at a time; whoever comes second waits. The lock goes with the process.

    Raises:
        StoreError: the data folder cannot be written.
    """
    path = folder / LOCK
    try:
        file = path.open("a")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}). Make room, or give the folder to the user that runs muster."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another stick is being served; this one waits for its turn.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _told(served: Served, *, is_dry: bool) -> Iterator[str]:
    """What came of it, line by line."""
    if is_dry:
        yield "A rehearsal: nothing is written. It would be so:"
    if served.reason:
        yield served.reason
    yield from _summary("line", [line.outcome.value for line in served.tables])
    yield from _summary("photograph", [line.verdict.value for line in served.photographs])
    refused = [str(line) for line in served.tables if line.outcome in {Outcome.REFUSED, Outcome.WAITS}]
    refused += [str(line) for line in served.photographs if line.verdict not in GOOD]
    yield from (f"  {line}" for line in refused[:N_NAMED])
    if len(refused) > N_NAMED:
        yield f"  ... and {len(refused) - N_NAMED:,} more"
    for name in served.receipts:
        yield f"Receipt: {name}"
    yield from _rows(served.delivery, is_dry=is_dry)


def _summary(thing: str, outcomes: list[str]) -> Iterator[str]:
    if outcomes:
        counts = (f"{outcomes.count(outcome):,} {outcome}" for outcome in dict.fromkeys(outcomes))
        yield f"{counted(len(outcomes), thing)}: {', '.join(counts)}."


def _rows(delivery: Delivery | None, *, is_dry: bool) -> Iterator[str]:
    if is_dry:
        yield "New attendance rows would go out." if delivery else "No attendance row would go out."
        return
    for aside in delivery.set_aside if delivery else ():
        yield f"A file on the stick was torn or changed by hand; it is kept as {aside}"
    if delivery and not delivery.error:
        where = f", in {', '.join(delivery.files)}" if delivery.files else ""
        yield f"{counted(delivery.n_events, 'new row')} of attendance{where}."
