"""Every command of the command line with its options; ``docs/cli.md`` is made of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

from edge import __version__

EXIT_CODES = """exit codes:
  0 done · 2 wrong usage · 65 a photograph, folder, person or model cannot be used, or a ledger is not as it was written
  69 a device is missing, or degraded · 70 Muster itself failed · 74 the database is locked, damaged or its disk full
  75 a destination was not reached, try again · 78 the configuration is wrong, or the database is newer than the program
  130 Ctrl-C · 143 SIGTERM, before `run` watches"""


def build_parser() -> argparse.ArgumentParser:
    """All commands and options; ``docs/cli.md`` is made from it."""
    parser = argparse.ArgumentParser(
        prog="muster",
        description="Takes the roll: a face at the door becomes a row in the attendance ledger.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_where()],
    )
    parser.add_argument("--version", action="version", version=f"muster {__version__}")
    parser.set_defaults(module=None)
    commands = _Commands(parser, dest="command", required=False)
    _add_run(commands)
    _add_enrol(commands)
    _add_people(commands)
    _add_events(commands)
    _add_ledger(commands)
    _add_sync(commands)
    _add_evaluate(commands)
    _add_capture(commands)
    _add_align(commands)
    status = commands.add(
        "status",
        "say whether a unit is at work, and where each of its networks runs; exit code 69 when that is degraded",
        example="muster status",
    )
    status.add_argument("--json", action="store_true", help="as JSON")
    commands.add("doctor", "say what is wrong with this unit and what to do about it", example="muster doctor")
    show = commands.add(
        "config", "print the configuration as it is in effect", example="muster config --defaults > var/muster.toml"
    )
    show.add_argument("--defaults", action="store_true", help="print the defaults instead, with a comment on each")
    commands.add("version", "print the version", example="muster version")
    return parser


def _where() -> argparse.ArgumentParser:
    """Options that stand before or after the command."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--data", metavar="DIR", help="folder of the database (default: var, or MUSTER_DATA)")
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (default: muster.toml in the data folder if there, or MUSTER_CONFIG)"
    )
    return parser


class _Commands:
    """Commands of one parser. Each gets the common options, an example, and the module that does the work."""

    def __init__(self, parser: argparse.ArgumentParser, *, dest: str, required: bool) -> None:
        self._parsers = parser.add_subparsers(metavar="COMMAND", title="commands", dest=dest, required=required)

    def add(self, name: str, does: str, *, example: str, module: str | None = None) -> argparse.ArgumentParser:
        """A command whose work is done by a module of `edge.commands`, of the same name where none is given."""
        parser: argparse.ArgumentParser = self._parsers.add_parser(
            name, help=does, description=f"{does[0].upper()}{does[1:]}.", epilog=f"example: {example}", parents=[_where()]
        )
        parser.set_defaults(module=module or name)
        return parser


def _text(argument: str) -> str:
    """An argument that is stored or looked for as text, and not the name of a file."""
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{argument!a} is not UTF-8") from error
    return argument


def _day(argument: str) -> str:
    """An argument that is a date as 2026-11-22, or the word none."""
    try:
        if argument == "none" or str(date.fromisoformat(argument)) == argument:
            return argument
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{argument!a} is no date as in 2026-11-22, and not the word none")


def _add_run(commands: _Commands) -> None:
    parser = commands.add(
        "run", "watch the door until Ctrl-C, or until the recording is over", example="muster run --camera usb:0"
    )
    parser.add_argument(
        "--camera",
        metavar="SOURCE",
        help="pi, usb:N or replay:PATH, in place of the configured one; a replay writes rows like any camera",
    )
    parser.add_argument("--report", metavar="FILE", help="also write every decision into this file, as one line of JSON each")


def _add_enrol(commands: _Commands) -> None:
    parser = commands.add(
        "enrol",
        "enrol everybody whose photographs are in a folder: one sub-folder for each person, named 'Name' or 'code Name', "
        "or one photograph for each person, named so",
        example="muster enrol /media/stick/new-people --receipt receipt.csv",
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder")
    parser.add_argument("--receipt", metavar="FILE", help="also write what became of each photograph as CSV")
    parser.add_argument(
        "--look-alike",
        metavar="CODE",
        type=_text,
        action="append",
        default=[],
        help="this person of the folder is nobody else, whomever the face resembles: a twin, say (may be repeated)",
    )


def _add_people(commands: _Commands) -> None:
    parser = commands.add("people", "see, rename, limit or remove who is enrolled", example="muster people list")
    people = _Commands(parser, dest="action", required=True)
    listing = people.add("list", "list who is enrolled", example="muster people list --json", module="people")
    listing.add_argument("--json", action="store_true", help="as JSON")
    confusing = people.add(
        "confusable",
        "list every two people whose faces are so near that one can be given the other's name",
        example="muster people confusable",
        module="people",
    )
    confusing.add_argument("--json", action="store_true", help="as JSON")
    renaming = people.add("rename", "correct a name", example='muster people rename 1042 "Jane Roe"', module="people")
    renaming.add_argument("code", metavar="CODE", type=_text, help="whose")
    renaming.add_argument("name", metavar="NAME", type=_text, help="the new name")
    setting = people.add(
        "set",
        "say when somebody may be recognised; outside of that they are answered as a stranger, and stay enrolled",
        example="muster people set 1042 --from 2026-12-01 --until 2027-05-31",
        module="people",
    )
    setting.add_argument("code", metavar="CODE", type=_text, help="whose")
    setting.add_argument("--active", choices=["yes", "no"], help="no: not at all, whatever the dates")
    for name, which in (("from", "first"), ("until", "last")):
        explanation = f"the {which} day, as in 2026-11-22; none takes the date away"
        setting.add_argument(f"--{name}", metavar="DATE", dest=f"valid_{name}", type=_day, help=explanation)
    setting.set_defaults(refuse=setting.error)
    removing = people.add(
        "remove", "erase a person and every template of theirs", example="muster people remove 1042", module="people"
    )
    removing.add_argument("code", metavar="CODE", type=_text, help="whose")
    removing.add_argument("--yes", action="store_true", help="do not ask")


def _add_events(commands: _Commands) -> None:
    parser = commands.add("events", "list attendance events", example="muster events --since 2026-11-01 --code 1042")
    parser.add_argument("--since", metavar="WHEN", help="from this day or moment on, as in 2026-11-22 or 2026-11-22T08:00")
    parser.add_argument("--until", metavar="WHEN", help="up to the end of this day, or before this moment")
    parser.add_argument("--code", metavar="CODE", type=_text, help="of one person")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV, the columns that sync delivers")


def _add_ledger(commands: _Commands) -> None:
    parser = commands.add("ledger", "check that the ledger is as it was written", example="muster ledger verify")
    actions = _Commands(parser, dest="action", required=True)
    verifying = actions.add(
        "verify",
        "find every row that was edited, removed or inserted, in the database and in exported files; 65 if there is one",
        example="muster ledger verify /media/stick/attendance-*.csv",
        module="ledger",
    )
    verifying.add_argument(
        "files", metavar="CSV", nargs="*", help="an exported file; without a database here, files are checked by themselves"
    )


def _add_sync(commands: _Commands) -> None:
    parser = commands.add("sync", "deliver new attendance rows to every destination", example="muster sync --to /media/stick")
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=_text,
        action="append",
        help="here, in place of the configured ones; prepared if need be (may be repeated)",
    )
    parser.add_argument("--again", action="store_true", help="everything, as to a new stick; rows that are there are not doubled")
    parser.add_argument(
        "--for",
        dest="for_s",
        metavar="SECONDS",
        type=_between(1, 86_400),
        default=0,
        help="try again for so long where trying helps, after 1, 5, 15 and then every 60 s (default: once)",
    )
    parser.add_argument(
        "--prepare",
        metavar="FOLDER",
        type=_text,
        help="deliver nothing; make this folder a destination, which is done once: it gets a file that proves which one it is",
    )


def _add_evaluate(commands: _Commands) -> None:
    parser = commands.add(
        "evaluate",
        "measure how well this unit tells the people of a folder apart; one sub-folder for each person, "
        "whoever has a single photograph serves as a stranger",
        example="muster evaluate people --json figures.json --html figures.html",
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder")
    parser.add_argument("--json", metavar="FILE", help="also write the figures into this file")
    parser.add_argument(
        "--html", metavar="FILE", help="also write a page with curves, confidence intervals and the worst confusions"
    )
    parser.add_argument("--pairs", metavar="FILE.csv", help="also the accuracy over these pairs: fold,a,b,same")
    parser.add_argument(
        "--with-faces", action="store_true", help="show the faces that are confused in the page; it is then biometric data"
    )
    parser.add_argument(
        "--methods",
        action="store_true",
        help="also the classifiers of older systems, SVM and random forest, beside it; takes minutes, needs scikit-learn",
    )
    parser.set_defaults(refuse=parser.error)


def _add_capture(commands: _Commands) -> None:
    parser = commands.add(
        "capture",
        "take good, different photographs of somebody with the camera, ready to be enrolled; says what to change, and stops when "
        "there are enough. What is there already counts and is never written over",
        example="muster capture '1042 Ada Lovelace' --into people --camera usb:0",
    )
    parser.add_argument(
        "name", metavar="NAME", type=_text, help="whose, 'Name' or 'code Name'; also the name of the person's folder"
    )
    parser.add_argument("--into", metavar="FOLDER", required=True, help="where the person's folder is or will be")
    parser.add_argument("--n", metavar="N", type=_between(1, 99), default=5, help="so many photographs (default: 5)")
    parser.add_argument("--seconds", metavar="S", type=_between(1, 3600), default=60, help="not longer than this (default: 60)")
    parser.add_argument("--camera", metavar="SOURCE", help="pi, usb:N or replay:PATH, in place of the configured one")


def _add_align(commands: _Commands) -> None:
    parser = commands.add(
        "align",
        "make the same tree of aligned faces of a tree of photographs: of each photograph a PNG of the face nearest the centre, "
        "cut as the network sees it; a second run makes only what is missing or has changed",
        example="muster align people crops",
    )
    parser.add_argument("folder", metavar="IN", help="the photographs, in folders as deep as you like; nothing is written there")
    parser.add_argument("out", metavar="OUT", help="where the faces go; made where it is not there")
    parser.add_argument(
        "--size",
        metavar="PX",
        type=_between(16, 2048),
        default=160,
        help="side of the faces (default: 160, as the network sees them)",
    )


def _between(low: int, high: int) -> Callable[[str], int]:
    """An argument that is a whole number in [low, high]."""

    def whole_number(argument: str) -> int:
        if not argument.isdecimal() or not low <= int(argument) <= high:
            raise argparse.ArgumentTypeError(f"{argument!a} is not a whole number between {low} and {high}")
        return int(argument)

    return whole_number
