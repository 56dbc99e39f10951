"""``muster run``: the loop at the door."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from edge import config as config_room
from edge import wiring
from edge.commands.installation import Installation, say, with_camera
from edge.errors import ConfigError, DeviceError, MusterError
from edge.journal import Fault, Verdict

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
    if arguments.camera is None:
        installation = _tried(installation)
    config = with_camera(installation.config, arguments.camera)
    origin = wiring.Origin(installation.fault, partial(_keep, installation) if config is installation.config else None)
    with closing(Report(Path(arguments.report or os.devnull))) as report:
        tally, ended_by = wiring.run(config, installation.data, report=report.add, places=places, origin=origin)
    say(f"{tally}.")
    return 128 + signal.SIGINT if ended_by is signal.SIGINT else 0


def _tried(installation: Installation) -> Installation:
    """With the last configuration that worked, where the present one names a camera or pins that are not there."""
    before = config_room.last_good(installation.data)
    if installation.text is None or before is None or before.text == installation.text or _is_at_work(installation.data):
        return installation
    fault = wiring.unusable(installation.config, before.config)
    return installation.instead_of(fault, before) if fault else installation


def _is_at_work(data: Path) -> bool:
    """Whether another unit has camera and pins; where nobody can say so, it is the start itself that fails, and says why."""
    try:
        return wiring.at_work(data) is not None
    except DeviceError:
        return True


def _keep(installation: Installation) -> None:
    """The unit is ready: from now on this is the last configuration that worked."""
    if installation.text is None:
        return
    try:
        config_room.keep(installation.text, installation.data)
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
