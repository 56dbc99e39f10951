"""``muster config``: the configuration as it is in effect, or what is wrong with one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from edge import config, wiring
from edge.commands.installation import Installation, configuration_file, say
from edge.commands.named import faults
from edge.config import Config, describe
from edge.errors import ConfigError, DeviceError

UNSEEN = (
    "Only a unit that starts with it sees whether its pins can be used, an Edge TPU that it asks for is there and can run its"
    " networks, its camera gives pictures, the networks' files are whole, and its key opens the database; only a delivery,"
    " whether its destinations let it in."
)
"""What a look at the file cannot tell."""


def run(arguments: argparse.Namespace) -> int:
    """Print it as TOML that may be used as a configuration file; or look at one that is to be used.

    Raises:
        ConfigError: it has faults.
    """
    if arguments.defaults:
        print(describe(Config()), end="")
        return 0
    if arguments.check is not None:
        return _check(Path(arguments.check) if arguments.check else configuration_file(arguments))
    installation = Installation.of(arguments)
    origin = config.last_good(installation.data) if installation.fault else configuration_file(arguments)
    say(f"# From {origin or 'no file: these are the defaults'}.")
    print(describe(installation.config), end="")
    return 0


def _check(path: Path | None) -> int:
    """Every fault of it, and of what it names; what it names as camera is looked for, and left alone.

    Raises:
        ConfigError: there is one.
    """
    text, origin = config.read(path) if path else "", str(path or "the defaults")
    checked = config.of_text(text, origin=origin)
    found = [*_camera(checked), *faults(checked)]
    if found:
        raise ConfigError([config.placed(fault, origin, text) for fault in found])
    say(f"{path or 'The defaults'}: no fault was found. {UNSEEN} One at work takes it at its next start.")
    return 0


def _camera(checked: Config) -> Iterator[str]:
    try:
        wiring.look_for(checked.camera)
    except DeviceError as error:
        yield f"'camera.source' is {checked.camera.source!r}. {error}"
