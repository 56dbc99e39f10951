"""``muster run``: the loop at the door."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace

from edge import wiring
from edge.commands.installation import Installation, say
from edge.config import Config, parse
from edge.journal import Verdict


def run(arguments: argparse.Namespace) -> int:
    """Watch until somebody stops it or the recording is over; print every decision, and at the end what it came to."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    installation = Installation.of(arguments)
    tally = wiring.run(_with_camera(installation.config, arguments.camera), installation.data, report=_report)
    say(f"{tally}.")
    return 0


def _with_camera(config: Config, source: str | None) -> Config:
    """Raises ConfigError where there is no such camera."""
    if source is None:
        return config
    checked = parse({"camera": {"source": source}}, origin="--camera").camera.source
    return replace(config, camera=replace(config.camera, source=checked))


def _report(verdict: Verdict) -> None:
    say(str(verdict))
