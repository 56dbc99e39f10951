"""``muster version``."""

import argparse

from edge import __version__


def run(_arguments: argparse.Namespace) -> int:
    """Print the version."""
    print(f"muster {__version__}")
    return 0
