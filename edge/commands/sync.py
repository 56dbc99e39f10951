"""``muster sync``: new rows to every destination."""

from __future__ import annotations

import argparse
import sys

from edge.commands.installation import Installation, say
from edge.errors import ConfigError, SyncError
from edge.exchange.names import printable
from edge.exchange.sync import Delivery, sync
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Deliver and say what went where. 75 when a destination was not reached; the others have theirs."""
    installation = Installation.of(arguments)
    destinations = arguments.to or installation.config.sync.destinations
    if not destinations:
        raise ConfigError("no destination: name a folder with --to, or in the configuration: [sync] destinations.")
    with installation.store() as store:
        for destination in destinations if arguments.again else ():
            store.forget_deliveries(destination)
        deliveries = sync(store, destinations, timezone=installation.timezone)
    for delivery in deliveries:
        _show(delivery)
    return SyncError.exit_code if any(delivery.error for delivery in deliveries) else 0


def _show(delivery: Delivery) -> None:
    for name in delivery.set_aside:
        say(f"{delivery.destination}: a file there was torn or changed by hand; it is kept as {name}")
    if delivery.error:
        print(printable(f"muster: {delivery.error}"), file=sys.stderr)
    elif delivery.n_events:
        say(f"{delivery.destination}: {counted(delivery.n_events, 'new row')}, in {', '.join(delivery.files)}")
    else:
        say(f"{delivery.destination}: nothing new")
