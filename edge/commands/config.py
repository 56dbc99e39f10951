"""``muster config``: the configuration as it is in effect."""

from __future__ import annotations

import argparse

from edge.commands.installation import configuration, configuration_file, say
from edge.config import Config, describe


def run(arguments: argparse.Namespace) -> int:
    """Print it as TOML that may be used as a configuration file."""
    if arguments.defaults:
        print(describe(Config()), end="")
        return 0
    effective = configuration(arguments)
    say(f"# From {configuration_file(arguments) or 'no file: these are the defaults'}.")
    print(describe(effective), end="")
    return 0
