"""``muster doctor``: what is wrong with this unit, and what to do."""

from __future__ import annotations

import argparse

from edge.commands.installation import configuration, data_folder, say
from edge.doctor import Finding, State, examine
from edge.errors import DeviceError

MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.FAULT: "FAULT  "}


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each finding, and what to do below. 69 when there is a fault; warnings are none."""
    findings = examine(configuration(arguments), data_folder(arguments))
    for finding in findings:
        _show(finding)
    return DeviceError.exit_code if any(finding.state is State.FAULT for finding in findings) else 0


def _show(finding: Finding) -> None:
    advice = f" -> {finding.advice}" if finding.advice else ""
    say(f"{MARKS[finding.state]}  {finding.name}: {finding.sentence}{advice}")
