"""``muster doctor``: what is wrong with this unit, and what to do."""

from __future__ import annotations

import argparse
import sys

from edge.commands.installation import configuration, data_folder, say
from edge.doctor import Finding, Places, State, examine
from edge.errors import DeviceError

MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.FAULT: "FAULT  "}


def run(arguments: argparse.Namespace, *, places: Places | None = None) -> int:
    """Print one line for each finding as it is made, with what to do. 69 when there is a fault; warnings are none.

    Args:
        arguments: of the command line.
        places: where to look; on this computer when None.
    """
    is_faulty = False
    for finding in examine(configuration(arguments), data_folder(arguments), places):
        _show(finding)
        is_faulty |= finding.state is State.FAULT
    return DeviceError.exit_code if is_faulty else 0


def _show(finding: Finding) -> None:
    advice = f" -> {finding.advice}" if finding.advice else ""
    say(f"{MARKS[finding.state]}  {finding.name}: {finding.sentence}{advice}")
    sys.stdout.flush()  # also into a file: an Edge TPU that hangs is waited for, and what was found before is to be seen
