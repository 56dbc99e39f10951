"""``muster config``: the configuration as it is in effect."""

from __future__ import annotations

import argparse

from edge.commands.installation import configuration
from edge.config import Config, describe


def run(arguments: argparse.Namespace) -> int:
    """Print it as TOML that may be used as a configuration file."""
    print(describe(Config() if arguments.defaults else configuration(arguments)), end="")
    return 0
