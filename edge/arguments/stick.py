"""The commands about USB sticks, and about what was done to the unit by whoever works with it."""

from __future__ import annotations

from edge.arguments.commands import Commands, text


def add(commands: Commands) -> None:
    """All of them."""
    _add_stick(commands)
    _add_audit(commands)


def _add_stick(commands: Commands) -> None:
    parser = commands.add("stick", "pair USB sticks with this unit, and serve them", example="muster stick list")
    actions = Commands(parser, dest="action", required=True)
    pairing = actions.add(
        "pair",
        "make a stick this unit's: it may bring people in and take attendance rows away. A stick of another unit becomes this "
        "one's too; the same again changes nothing",
        example="muster stick pair /media/stick --name office",
        module="stick",
    )
    pairing.add_argument("mountpoint", metavar="MOUNTPOINT", type=text, help="where the stick is mounted")
    pairing.add_argument("--name", metavar="NAME", type=text, help="what to call it (default: as its folder is called)")
    unpairing = actions.add(
        "unpair",
        "forget a stick and its key: from now on it is refused here like any other",
        example="muster stick unpair /media/stick",
        module="stick",
    )
    unpairing.add_argument("stick", metavar="STICK", type=text, help="its id, or where it is mounted")
    _add_serve(actions)
    listing = actions.add("list", "list the sticks of this unit", example="muster stick list", module="stick")
    listing.add_argument("--json", action="store_true", help="as JSON")


def _add_serve(actions: Commands) -> None:
    serving = actions.add(
        "serve",
        "do what a stick that was plugged in is for: erase, change and enrol the people that it brings, leave receipts and new "
        "attendance rows on it, and make it safe to pull. The same again changes nothing",
        example="muster stick serve /media/stick",
        module="stick_serve",
    )
    serving.add_argument("mountpoint", metavar="MOUNTPOINT", type=text, help="where the stick is mounted")
    serving.add_argument("--dry-run", action="store_true", help="say what would happen; write nothing, neither there nor here")
    serving.add_argument(
        "--keep-mounted", action="store_true", help="do not unmount it in the end, and do not say that it may be pulled"
    )


def _add_audit(commands: Commands) -> None:
    parser = commands.add(
        "audit",
        "list what was done to this unit rather than at its door: sticks, removals, corrections, keys, backups",
        example="muster audit --since 2026-11-01",
    )
    parser.add_argument("--since", metavar="WHEN", help="from this day or moment on, as in 2026-11-22 or 2026-11-22T08:00")
    parser.add_argument("--json", action="store_true", help="as JSON")
