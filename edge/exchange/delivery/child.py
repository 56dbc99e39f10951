"""The process of one destination: reads its order, does it, writes what came of it to stdout, as JSON."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge.errors import MusterError
from edge.exchange.delivery.address import Access
from edge.exchange.delivery.errand import Order
from edge.exchange.delivery.terms import Terms
from edge.exchange.sync import look, prepare, sync
from edge.store import Store
from edge.store.key import find_seal


def main() -> None:
    """The order is the one argument. What goes wrong on purpose is an answer as well."""
    be_the_first_to_go()
    order = Order(**json.loads(sys.argv[1]))
    try:
        answer = {"deliver": _deliver, "prepare": _prepare, "look": _look}[order.task](order)
    except MusterError as error:
        answer = {"failed": {"class": type(error).__name__, **_told(error)}}
    json.dump(answer, sys.stdout)


def be_the_first_to_go() -> None:
    """A destination may hold more than there is memory for: then the system ends this process, and not the one at the door."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _deliver(order: Order) -> dict[str, Any]:
    timezone = ZoneInfo(order.timezone) if order.timezone else None
    seal = find_seal(order.key_file, environ=os.environ)
    with closing(Store.open(order.database, unit=order.unit, seal=seal, checks_pages=False)) as store:
        (delivery,) = sync(store, [order.destination], timezone=timezone, terms=_terms(order))
    return {
        "n_events": delivery.n_events,
        "files": delivery.files,
        "set_aside": delivery.set_aside,
        "is_new": delivery.is_new,
        "error": delivery.error and _told(delivery.error),
    }


def _prepare(order: Order) -> dict[str, Any]:
    marker = prepare(order.destination, terms=_terms(order))
    return {"id": marker.id, "name": marker.name}


def _look(order: Order) -> dict[str, Any]:
    marker = look(order.destination, terms=_terms(order))
    return {"id": marker.id, "name": marker.name}


def _terms(order: Order) -> Terms:
    access = Access(key=order.ssh_key, known_hosts=order.ssh_known_hosts)
    return Terms(
        must_be_mounted=order.must_be_mounted,
        prepare=order.prepare,
        again=order.again,
        access=access,
        stick=order.stick,
        dialect=order.dialect,
    )


def _told(error: MusterError) -> dict[str, Any]:
    return {"text": str(error), "retryable": error.retryable}


if __name__ == "__main__":
    main()
