"""``muster run``: the loop at the door."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say, with_camera
from edge.config import LastGood, digest, keep, last_good
from edge.errors import ConfigError, DeviceError, MusterError
from edge.journal import Fault, Tally, Verdict

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace, *, places: wiring.Places | None = None) -> int:
    """Watch until somebody stops it or the recording is over; print every decision, and at the end what it came to.

    Args:
        arguments: of the command line.
        places: where the hardware is looked for; on this computer when None.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    if sys.__stderr__:  # whatever has taken the place of stderr may be no file
        faulthandler.enable(sys.__stderr__)  # a watchdog ends a unit that hangs with SIGABRT: the log then says where it hung
    installation = Installation.of(arguments)
    with closing(Report(Path(arguments.report or os.devnull))) as report:
        watch = partial(wiring.run, data=installation.data, report=report.add, places=places)
        tally, ended_by = _watched(installation, arguments, watch)
    say(f"{tally}.")
    return 128 + signal.SIGINT if ended_by is signal.SIGINT else 0


def _watched(
    installation: Installation, arguments: argparse.Namespace, watch: Callable[..., tuple[Tally, signal.Signals | None]]
) -> tuple[Tally, signal.Signals | None]:
    """With the configuration; with the last one that worked where this one names what is not there, or no unit starts with it."""
    before = _before(installation, arguments)
    if before and (fault := wiring.unusable(installation.config, before.config)):
        installation, before = installation.instead_of(fault, before), None
    try:
        return watch(with_camera(installation.config, arguments.camera), origin=_origin(installation, arguments))
    except ConfigError as error:
        if before is None:
            raise
        installation = installation.instead_of(str(error), before)
    return watch(installation.config, origin=_origin(installation, arguments))


def _before(installation: Installation, arguments: argparse.Namespace) -> LastGood | None:
    """The last configuration that worked, where it may take the place of the present one.

    It may not where that was named by hand, is the same, or where another unit is at work: that has camera and pins.
    """
    before = last_good(installation.data)
    if before is None or _is_meant(arguments) or installation.text in {None, before.text} or _is_at_work(installation.data):
        return None
    return before


def _origin(installation: Installation, arguments: argparse.Namespace) -> wiring.Origin:
    """What is kept is what the unit is ready with, and its author wrote for it."""
    if installation.text is None or _is_meant(arguments):
        return wiring.Origin(installation.fault)
    return wiring.Origin(installation.fault, partial(_keep, installation), digest(installation.text))


def _is_meant(arguments: argparse.Namespace) -> bool:
    """Whether something else than the unit's own configuration was named by hand, for this run."""
    return arguments.camera is not None or getattr(arguments, "config", None) is not None


def _is_at_work(data: Path) -> bool:
    """Whether another unit has camera and pins; where nobody can say so, it is the start itself that fails, and says why."""
    try:
        return wiring.at_work(data) is not None
    except DeviceError:
        return True


def _keep(installation: Installation) -> None:
    """The unit is ready: from now on this is the last configuration that worked."""
    try:
        keep(installation.text or "", installation.data)
    except OSError as error:
        log.warning("the configuration cannot be kept as one that works (%s)", error.strerror)


class Report:
    """Verdicts on the terminal, and as one JSON line each in a file that only its owner may read.

    Args:
        path: of the file, which begins anew. When it fails later, that is said once and keeps nobody at the door.

    Raises:
        ConfigError: it cannot be written there.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Without a buffer: each line is there at once, and one that failed is not tried again when the file is closed.
            self._file = open(path, "wb", buffering=0, opener=partial(os.open, mode=0o600))  # noqa: SIM115  closed by close()
        except OSError as error:
            raise ConfigError(f"--report {path}: cannot be written ({error.strerror}). Name another file.") from error
        self._fault = Fault(f"--report {path}")

    def add(self, verdict: Verdict) -> None:
        """Show and write one verdict."""
        try:
            self._file.write(f"{verdict.to_json()}\n".encode())
            self._fault.end()
        except OSError as error:
            self._fault.begin(MusterError(error.strerror))
        say(str(verdict))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
