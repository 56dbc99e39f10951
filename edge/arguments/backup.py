"""The commands about copies of the database that somebody keeps elsewhere."""

from __future__ import annotations

from edge.arguments.commands import Commands, text


def add(commands: Commands) -> None:
    """All of them."""
    _add_backup(commands)
    _add_restore(commands)


def _add_backup(commands: Commands) -> None:
    parser = commands.add(
        "backup",
        "write the whole database into one encrypted file, while the unit goes on",
        example="muster backup /media/stick/door-1.muster-backup",
    )
    parser.add_argument("file", metavar="FILE", nargs="?", help="where; a backup that is there is written over, nothing else is")
    readers = parser.add_mutually_exclusive_group()
    readers.add_argument(
        "--to-recipient", metavar="KEY", type=text, help="who can read it: age1..., in place of the configured backup.recipient"
    )
    readers.add_argument("--passphrase-file", metavar="FILE", help="whoever knows the first line of this file can read it")
    parser.add_argument(
        "--over-ssh",
        action="store_true",
        help="FILE goes on to whoever asked over SSH (`scripts/backup` says it): the list has one line for all that went so",
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument(
        "--new-identity",
        metavar="FILE",
        help="make no backup; write a new secret key, which opens backups, and print its recipient",
    )
    others.add_argument("--list", action="store_true", help="make no backup; list those that are known")
    others.add_argument(
        "--forget", metavar="ID", type=text, help="make no backup; this one is destroyed, removals need not name it any more"
    )
    parser.set_defaults(refuse=parser.error)


def _add_restore(commands: Commands) -> None:
    parser = commands.add(
        "restore",
        "put a backup back, after everything in it was checked; no unit may be at work",
        example="muster restore /media/stick/door-1.muster-backup --identity /media/key/muster-identity.txt",
    )
    parser.add_argument("file", metavar="FILE", help="the backup")
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument("--identity", metavar="FILE", help="secret key of the recipient for whom it was made")
    keys.add_argument("--passphrase-file", metavar="FILE", help="its first line is the passphrase")
    parser.add_argument(
        "--replace", action="store_true", help="set aside the database that is there, whatever it has that the backup has not"
    )
    parser.add_argument(
        "--with-findings", action="store_true", help="also a backup in whose ledger rows are not as they were written"
    )
