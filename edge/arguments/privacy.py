"""The commands about what the unit keeps of people, and under which key."""

from __future__ import annotations

from edge.arguments.commands import Commands


def add(commands: Commands) -> None:
    """All of them."""
    _add_key(commands)


def _add_key(commands: Commands) -> None:
    parser = commands.add("key", "make, see or change the key that seals names and templates", example="muster key status")
    actions = Commands(parser, dest="action", required=True)
    making = actions.add(
        "make",
        "write a new key into a new file, best on another medium than the database",
        example="muster key make /mnt/key/muster.key",
        module="key",
    )
    making.add_argument("file", metavar="FILE", help="the new file")
    actions.add(
        "status",
        "say which key there is, where it lies, and whether the database is sealed with it; exit code 74 when it is sealed with"
        " another, 78 when the key cannot be read",
        example="muster key status",
        module="key",
    )
    changing = actions.add(
        "change",
        "seal everything with another key, or take the seal off; the unit must not be at work",
        example="muster key change /mnt/key/new.key",
        module="key",
    )
    which = changing.add_mutually_exclusive_group(required=True)
    which.add_argument("file", metavar="FILE", nargs="?", help="the other key, as `muster key make` wrote it")
    which.add_argument("--none", action="store_true", help="take the seal off: names and templates can be read again")
