"""The commands about who is enrolled."""

from __future__ import annotations

from edge.arguments.commands import Commands, day, text


def add(commands: Commands) -> None:
    """All of them."""
    _add_people(commands)


def _add_people(commands: Commands) -> None:
    parser = commands.add("people", "add, see, rename, limit, export or remove who is enrolled", example="muster people list")
    people = Commands(parser, dest="action", required=True)
    listing = people.add("list", "list who is enrolled", example="muster people list --json", module="people")
    listing.add_argument("--json", action="store_true", help="as JSON")
    adding = people.add(
        "add",
        "enter somebody without a face, for rows that are made by hand; photographs may follow",
        example='muster people add 1042 "Jane Doe"',
        module="people",
    )
    adding.add_argument("code", metavar="CODE", type=text, help="what the office calls them by; nobody else's")
    adding.add_argument("name", metavar="NAME", type=text, help="as it stands in the ledger")
    confusing = people.add(
        "confusable",
        "list every two people whose faces are so near that one can be given the other's name",
        example="muster people confusable",
        module="people",
    )
    confusing.add_argument("--json", action="store_true", help="as JSON")
    renaming = people.add("rename", "correct a name", example='muster people rename 1042 "Jane Roe"', module="people")
    renaming.add_argument("code", metavar="CODE", type=text, help="whose")
    renaming.add_argument("name", metavar="NAME", type=text, help="the new name")
    _add_set(people)
    _add_leaving(people)


def _add_set(people: Commands) -> None:
    setting = people.add(
        "set",
        "say when somebody may be recognised, outside of which they are answered as a stranger and stay enrolled; "
        "or why and until when they are kept",
        example="muster people set 1042 --from 2026-12-01 --until 2027-05-31",
        module="people",
    )
    setting.add_argument("code", metavar="CODE", type=text, help="whose")
    setting.add_argument("--active", choices=["yes", "no"], help="no: not at all, whatever the dates")
    for name, which in (("from", "first"), ("until", "last")):
        explanation = f"the {which} day, as in 2026-11-22; none takes the date away"
        setting.add_argument(f"--{name}", metavar="DATE", dest=f"valid_{name}", type=day, help=explanation)
    setting.add_argument("--basis", metavar="TEXT", type=text, help="why this person's face may be kept; none takes it away")
    setting.add_argument(
        "--retain-until", metavar="DATE", type=day, help="the last day on which they are kept, for `muster people expire`"
    )
    setting.add_argument("--language", metavar="TAG", type=text, help="as in de, en-GB or pt-BR; none takes it away")
    setting.set_defaults(refuse=setting.error)


def _add_leaving(people: Commands) -> None:
    removing = people.add(
        "remove",
        "erase a person: every template, and the name in every row; says what is gone, and searches the files for it",
        example="muster people remove 1042",
        module="people_leave",
    )
    removing.add_argument("code", metavar="CODE", type=text, help="whose")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    expiring = people.add(
        "expire",
        "erase everybody whose last day (`people set --retain-until`) is over; for a timer, nobody is asked",
        example="muster people expire --dry-run",
        module="people_leave",
    )
    expiring.add_argument("--dry-run", action="store_true", help="only say who it would be")
    giving = people.add(
        "export",
        "give a person what is kept of them, as JSON: name, templates, and their rows with the corrections",
        example="muster people export 1042 --to 1042.json",
        module="people_export",
    )
    giving.add_argument("code", metavar="CODE", type=text, help="whose")
    giving.add_argument("--to", metavar="FILE", type=text, help="into this file, readable for its owner alone")
