"""What the parsers of all commands are made of: the common options, and arguments that are checked while they are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date


def where() -> argparse.ArgumentParser:
    """Options that stand before or after the command."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--data", metavar="DIR", help="folder of the database (default: var, or MUSTER_DATA)")
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (default: muster.toml in the data folder if there, or MUSTER_CONFIG)"
    )
    return parser


class Commands:
    """Commands of one parser. Each gets the common options, an example, and the module that does the work."""

    def __init__(self, parser: argparse.ArgumentParser, *, dest: str, required: bool) -> None:
        self._parsers = parser.add_subparsers(metavar="COMMAND", title="commands", dest=dest, required=required)

    def add(self, name: str, does: str, *, example: str, module: str | None = None) -> argparse.ArgumentParser:
        """A command whose work is done by a module of `edge.commands`, of the same name where none is given."""
        parser: argparse.ArgumentParser = self._parsers.add_parser(
            name, help=does, description=f"{does[0].upper()}{does[1:]}.", epilog=f"example: {example}", parents=[where()]
        )
        parser.set_defaults(module=module or name)
        return parser


def text(argument: str) -> str:
    """An argument that is stored or looked for as text, and not the name of a file."""
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{argument!a} is not UTF-8") from error
    return argument


def day(argument: str) -> str:
    """An argument that is a date as 2026-11-22, or the word none."""
    try:
        if argument == "none" or str(date.fromisoformat(argument)) == argument:
            return argument
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{argument!a} is no date as in 2026-11-22, and not the word none")


def between(low: int, high: int) -> Callable[[str], int]:
    """An argument that is a whole number in [low, high]."""

    def whole_number(argument: str) -> int:
        if not argument.isdecimal() or not low <= int(argument) <= high:
            raise argparse.ArgumentTypeError(f"{argument!a} is not a whole number between {low} and {high}")
        return int(argument)

    return whole_number
