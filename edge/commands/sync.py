"""``muster sync``: new rows to every destination."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from edge.commands.installation import Installation, say
from edge.errors import ConfigError, MusterError, StoreError, SyncError
from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.marker import MARKER
from edge.exchange.delivery.patience import insist
from edge.exchange.delivery.sentences import STILL_HERE
from edge.exchange.names import printable
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Deliver and say what went where. 75 when a destination was not reached; the others have theirs."""
    installation = Installation.of(arguments)
    if arguments.prepare is not None:
        return _prepare(installation, arguments.prepare)
    names = list(dict.fromkeys(arguments.to or installation.config.sync.destinations))
    if not names:
        raise ConfigError(
            "no destination: name one in the configuration, [sync] destinations; or, for this once, on the unit: muster sync"
            " --to FOLDER"
        )
    installation.seal()  # the processes of the destinations open the database with it
    rounds = _Rounds(installation, again=arguments.again)
    insist(rounds.attempt, names, for_s=arguments.for_s, time=_Patience())
    return SyncError.exit_code if rounds.failed else 0


def _prepare(installation: Installation, name: str) -> int:
    """Make a folder a destination."""
    configured = installation.config.sync
    order = Order(
        task="prepare",
        destination=name,
        must_be_mounted=configured.must_be_mounted,
        ssh_key=configured.ssh_key,
        ssh_known_hosts=configured.ssh_known_hosts,
    )
    answer = answered(order, run_errands([order], limit_s=configured.limit_s)[0], installation)
    say(f"{name}: destination '{answer['name']}', {answer['id']}. {MARKER} says so; do not copy that file elsewhere.")
    return 0


class _Rounds:
    """The tries of one call, and what is still to be delivered."""

    def __init__(self, installation: Installation, *, again: bool) -> None:
        self._installation = installation
        self._again = again
        self._broken: MusterError | None = None
        self.failed: set[str] = set()

    def attempt(self, names: Sequence[str]) -> list[str]:
        """Go to every destination at once; those that are worth another try."""
        orders = [self._order(name) for name in names]
        answers = run_errands(orders, limit_s=self._installation.config.sync.limit_s)
        left = [order.destination for order, answer in zip(orders, answers, strict=True) if self._is_retryable(order, answer)]
        if self._broken:
            raise self._broken  # the database fails, not a destination; the others have been told what came of them
        return left

    def _order(self, name: str) -> Order:
        """Whoever names a folder by hand sees what it is; one that is configured must prove it."""
        configured = self._installation.config
        return Order(
            task="deliver",
            destination=name,
            database=str(self._installation.database()),
            unit=configured.unit.name,
            timezone=configured.unit.timezone,
            must_be_mounted=configured.sync.must_be_mounted,
            prepare=os.path.normpath(name) not in map(os.path.normpath, configured.sync.destinations),
            again=self._again,
            ssh_key=configured.sync.ssh_key,
            ssh_known_hosts=configured.sync.ssh_known_hosts,
            dialect="" if configured.ledger.dialect == "iso" else configured.ledger.dialect,
            key_file=configured.privacy.key_file,
        )

    def _is_retryable(self, order: Order, answer: dict[str, Any] | None) -> bool:
        """Say what came of one destination."""
        name = order.destination
        try:
            told = answered(order, answer, self._installation)
        except SyncError as error:
            told = {"error": {"text": str(error), "retryable": error.retryable}}
        except MusterError as error:
            self._broken = error
            return False
        _show(name, told)
        self.failed.discard(name)
        if told["error"]:
            self.failed.add(name)
        return bool(told["error"] and told["error"]["retryable"])


def answered(order: Order, answer: dict[str, Any] | None, installation: Installation) -> dict[str, Any]:
    """What a destination's process answered.

    Raises:
        SyncError: it has not answered in time, or broke down.
        MusterError: what the process raised.
    """
    if answer is None:
        limit = f"{installation.config.sync.limit_s:g} s"
        raise SyncError(f"{order.destination}: it did not answer within {limit}. Is its server there? {STILL_HERE}")
    if "failed" in answer:
        kinds: dict[str, type[MusterError]] = {"SyncError": SyncError, "StoreError": StoreError, "ConfigError": ConfigError}
        raise kinds.get(answer["failed"]["class"], MusterError)(answer["failed"]["text"])
    if not answer:
        raise SyncError(f"{order.destination}: its delivery broke down, as said above. {STILL_HERE}")
    return answer


def _show(name: str, told: dict[str, Any]) -> None:
    if told.get("is_new"):
        say(f"{name}: is a destination from now on ({MARKER}); to deliver there always: [sync] destinations")
    for aside in told.get("set_aside", ()):
        say(f"{name}: a file there was torn or changed by hand; it is kept as {aside}")
    if told["error"]:
        print(printable(f"muster: {told['error']['text']}"), file=sys.stderr)
    elif told["n_events"]:
        say(f"{name}: {counted(told['n_events'], 'new row')}, in {', '.join(told['files'])}")
    elif told["files"]:
        say(f"{name}: no new row; written anew: {', '.join(told['files'])}")
    else:
        say(f"{name}: nothing new")


class _Patience:
    """The system's clock; a signal ends the wait."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def wait(self, seconds: float) -> object:
        """Let time pass."""
        return threading.Event().wait(seconds)
