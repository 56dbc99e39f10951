"""The commands about the ledger and where its rows go."""

from __future__ import annotations

from edge.arguments.commands import Commands, between, text


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
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV, the columns that sync delivers")


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
