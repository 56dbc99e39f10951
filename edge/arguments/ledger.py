"""The commands about the ledger and where its rows go."""

from __future__ import annotations

import argparse

from edge.arguments.commands import Commands, between, text

STATES = ("in", "out", "break out", "break in", "overtime in", "overtime out")
"""The punch states, as `edge.types.Direction` has them."""


def add(commands: Commands) -> None:
    """All of them."""
    _add_events(commands)
    _add_ledger(commands)
    _add_sync(commands)


def _add_events(commands: Commands) -> None:
    parser = commands.add("events", "list attendance events", example="muster events --since 2026-11-01 --code 1042")
    parser.add_argument("--since", metavar="WHEN", help="from this day or moment on, as in 2026-11-22 or 2026-11-22T08:00")
    parser.add_argument("--until", metavar="WHEN", help="up to the end of this day, or before this moment")
    parser.add_argument("--code", metavar="CODE", type=text, help="of one person")
    parser.add_argument(
        "--standing",
        action="store_true",
        help="only what counts, in the order in which it happened: nothing that was taken back, times as they became known later",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV, the columns that sync delivers")
    actions = Commands(parser, dest="action", required=False)
    _add_correcting(actions)
    _add_adding(actions)


def _add_correcting(actions: Commands) -> None:
    parser = actions.add(
        "correct",
        "put a row right: it is taken back, and what was right is entered in its place; both rows name it",
        example='muster events correct 1729 --code 1042 --by "Ada Lovelace" --why "the twin"',
        module="corrections",
    )
    parser.add_argument("row", metavar="ROW", type=text, help="its number, as `muster events` shows it, or its event_id")
    parser.add_argument("--void", action="store_true", help="nobody came or went: nothing is entered in its place")
    parser.add_argument("--code", metavar="CODE", dest="new_code", type=text, help="it was this person")
    parser.add_argument("--at", metavar="WHEN", type=text, help="it was at this local time, as in 2026-11-22T08:00")
    parser.add_argument("--direction", choices=STATES, help="it was this state")
    _add_answerable(parser)


def _add_adding(actions: Commands) -> None:
    parser = actions.add(
        "add",
        "enter what no row tells of: a forgotten punch, or one of somebody without a face",
        example='muster events add 1042 --at 2026-11-22T08:00 --direction in --by "Ada Lovelace" --why forgot',
        module="corrections",
    )
    parser.add_argument("new_code", metavar="CODE", type=text, help="whose")
    parser.add_argument("--at", metavar="WHEN", type=text, required=True, help="the local time, as in 2026-11-22T08:00")
    parser.add_argument("--direction", choices=STATES, required=True, help="the state")
    _add_answerable(parser)


def _add_answerable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar="WHO", type=text, required=True, help="who answers for it; stays in the ledger")
    parser.add_argument("--why", metavar="TEXT", type=text, required=True, help="for what reason; stays in the ledger")
    parser.set_defaults(refuse=parser.error)


def _add_ledger(commands: Commands) -> None:
    parser = commands.add("ledger", "check that the ledger is as it was written", example="muster ledger verify")
    actions = Commands(parser, dest="action", required=True)
    verifying = actions.add(
        "verify",
        "find every row that was edited, removed or inserted, in the database and in exported files; 65 if there is one",
        example="muster ledger verify /media/stick/attendance-*.csv",
        module="ledger",
    )
    verifying.add_argument(
        "files", metavar="CSV", nargs="*", help="an exported file; without a database here, files are checked by themselves"
    )


def _add_sync(commands: Commands) -> None:
    parser = commands.add("sync", "deliver new attendance rows to every destination", example="muster sync --to /media/stick")
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=text,
        action="append",
        help="here, in place of the configured ones; prepared if need be (may be repeated)",
    )
    parser.add_argument("--again", action="store_true", help="everything, as to a new stick; rows that are there are not doubled")
    parser.add_argument(
        "--for",
        dest="for_s",
        metavar="SECONDS",
        type=between(1, 86_400),
        default=0,
        help="try again for so long where trying helps, after 1, 5, 15 and then every 60 s (default: once)",
    )
    parser.add_argument(
        "--prepare",
        metavar="FOLDER",
        type=text,
        help="deliver nothing; make this folder a destination, which is done once: it gets a file that proves which one it is",
    )
