"""``muster audit``: what was done to this unit rather than at its door."""

from __future__ import annotations

import argparse
import json

from edge.commands.events import moment
from edge.commands.installation import Installation, say
from edge.store.audit import AuditLine
from edge.types import utc_text
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Print the lines in the order in which they were written."""
    installation = Installation.of(arguments)
    since = moment(arguments.since, installation.timezone, days_after=0)
    with installation.store() as store:
        lines = store.audit(since)
    if arguments.json:
        print(json.dumps([_row(line) for line in lines], indent=1))
        return 0
    for line in lines:
        local = line.at_utc.astimezone(installation.timezone).isoformat(" ", "seconds")
        say(f"{local}  {line.what}  {line.detail}{'' if line.clock_ok else '  (the clock was not set)'}")
    say(f"{counted(len(lines), 'line')}.")
    return 0


def _row(line: AuditLine) -> dict[str, object]:
    row = {"seq": line.seq, "at_utc": utc_text(line.at_utc), "clock_ok": line.clock_ok}
    return row | {"what": line.what, "detail": line.detail}
