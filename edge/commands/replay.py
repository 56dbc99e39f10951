"""``muster replay``: what the unit would answer to a recording; nothing is written and the panel stays dark."""

from __future__ import annotations

import argparse
import logging
import os
import signal
from contextlib import closing
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.commands.run import Report
from edge.store import Store


def run(arguments: argparse.Namespace) -> int:
    """Print every verdict, and at the end what it came to, on a copy in memory of who is known and who came last."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    installation = Installation.of(arguments)
    recording = Path(arguments.recording).absolute()
    with _copy(installation) as copy, closing(Report(Path(arguments.report or os.devnull))) as report:
        tally, ended_by = wiring.replay(installation.config, copy, recording, report=report.add)
    say(f"{tally}. This was a replay: no row was written.")
    return 128 + signal.SIGINT if ended_by is signal.SIGINT else 0


def _copy(installation: Installation) -> Store:
    """Who is known, in memory; the unit's own database is read and let go before the first frame."""
    unit, seal = installation.config.unit.name, installation.seal()
    with Store.open_to_read(installation.database(), unit=unit, seal=seal) as store:
        return store.rehearsal_at_the_door()
