"""Every command of the command line with its options; ``docs/cli.md`` is made of it."""

from __future__ import annotations

import argparse

from edge import __version__
from edge.arguments import backup, faces, ledger, people, privacy, stick, unit
from edge.arguments.commands import Commands, where

EXIT_CODES = """exit codes:
  0 done · 2 wrong usage
  65 a photograph, folder, person, row, model, stick or backup cannot be used, or a ledger is not as it was written
  69 a device is missing, or degraded · 70 Muster itself failed · 74 the database is locked, damaged or its disk full
  75 a destination was not reached, try again · 77 the stick is not one of this unit's
  78 the configuration, or a moment or file that a command was given, is wrong, or the database is newer than the program
  130 Ctrl-C · 143 SIGTERM, before `run` watches"""


def build_parser() -> argparse.ArgumentParser:
    """All commands and options; ``docs/cli.md`` is made from it."""
    parser = argparse.ArgumentParser(
        prog="muster",
        description="Takes the roll: a face at the door becomes a row in the attendance ledger.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[where()],
    )
    parser.add_argument("--version", action="version", version=f"muster {__version__}")
    parser.set_defaults(module=None)
    commands = Commands(parser, dest="command", required=False)
    for room in (unit, faces, people, ledger, privacy, stick, backup):
        room.add(commands)
    return parser
