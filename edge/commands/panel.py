"""``muster panel``: have LED and buzzer show something; for services that are not the unit, and to try the wiring."""

from __future__ import annotations

import argparse
import logging
import threading
from pathlib import Path

from edge import config, wiring
from edge.commands.installation import Installation, configuration_file, data_folder
from edge.config import Config
from edge.errors import ConfigError, DeviceError
from edge.ports import ANNOUNCEABLE
from edge.types import Signal

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> int:
    """Show it, at the unit at work where there is one.

    Raises:
        DeviceError: a unit is at work, and this is its own to say.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    signal, data = Signal(arguments.signal), data_folder(arguments)
    if signal not in ANNOUNCEABLE and _is_at_work(data):
        raise DeviceError(f"a unit is at work in {data}, and what its panel says of '{signal.value}' is its own. Stop it first.")
    with wiring.panel_of(_configured(arguments), data) as panel:
        panel.show(signal)
        wiring.is_shown()
        if arguments.seconds:
            threading.Event().wait(arguments.seconds)
    return 0


def _is_at_work(data: Path) -> bool:
    return wiring.at_work(data) is not None


def _configured(arguments: argparse.Namespace) -> Config:
    """The configuration, or the last one that worked; else the part about the panel, for its fault is what has to be shown."""
    try:
        return Installation.of(arguments).config
    except ConfigError as error:
        log.warning("%s", error)
    path = configuration_file(arguments)
    return config.panel_alone(path) if path else Config()
