"""``muster config``: the configuration as it is in effect, or what is wrong with one."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import config, wiring
from edge.commands.installation import Installation, configuration_file, say
from edge.config import Config, describe
from edge.errors import ConfigError, DeviceError


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
    """Every fault of it; what it names as camera is looked for, and left alone.

    Raises:
        ConfigError: there is one.
    """
    checked = config.load(path)
    try:
        wiring.look_for(checked.camera)
    except DeviceError as error:
        raise ConfigError(f"{path or 'the defaults'}: 'camera.source' is {checked.camera.source!r}. {error}") from error
    told = (
        "no fault was found; whether its pins are free is seen when a unit starts with it. One at work takes it at its next start"
    )
    say(f"{path or 'The defaults'}: {told}.")
    return 0
