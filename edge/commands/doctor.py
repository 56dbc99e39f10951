"""``muster doctor``: what is wrong with this unit, and what to do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.commands.installation import Installation, configuration_file, say
from edge.doctor import Finding, Places, State, configuration, examine
from edge.errors import DeviceError

MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.FAULT: "FAULT  "}


def run(arguments: argparse.Namespace, *, places: Places | None = None) -> int:
    """Print one line for each finding as it is made, with what to do. 69 when there is a fault; warnings are none.

    Args:
        arguments: of the command line.
        places: where to look; on this computer when None.

    Raises:
        ConfigError: the configuration has faults, and none that worked is kept.
    """
    is_faulty = False
    installation = Installation.of(arguments, is_told=False)
    for finding in _findings(installation, configuration_file(arguments), places):
        _show(finding)
        is_faulty |= finding.state is State.FAULT
    return DeviceError.exit_code if is_faulty else 0


def _findings(installation: Installation, path: Path | None, places: Places | None) -> Iterator[Finding]:
    yield configuration(path, installation.text, installation.fault, data=installation.data)
    yield from examine(installation.config, installation.data, places)


def _show(finding: Finding) -> None:
    advice = f" -> {finding.advice}" if finding.advice else ""
    say(f"{MARKS[finding.state]}  {finding.name}: {finding.sentence}{advice}")
    sys.stdout.flush()  # also into a file: an Edge TPU that hangs is waited for, and what was found before is to be seen
