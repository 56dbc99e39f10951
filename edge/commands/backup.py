"""``muster backup``: an encrypted copy of everything, and which copies there are."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.errors import BackupError, ConfigError
from edge.exchange.backup.envelope import Lock
from edge.exchange.backup.make import Made, Occasion, backup, new_identity
from edge.exchange.backup.secret import passphrase
from edge.ledger import verify
from edge.store import Store
from edge.types import utc_text
from edge.words import counted

BROKEN = BackupError.exit_code
OVER_SSH = "over SSH, and each earlier one that went out so"


def run(arguments: argparse.Namespace) -> int:
    """Make a backup, or do what an option says in place of that."""
    if arguments.new_identity:
        return _new_identity(Path(arguments.new_identity))
    is_other = arguments.list or arguments.forget
    if arguments.over_ssh and not arguments.file:
        arguments.refuse("--over-ssh says where the backup FILE goes: give a FILE")
    if bool(arguments.file) == bool(is_other):
        arguments.refuse("--list and --forget make no backup: give no FILE" if is_other else "give a FILE")
    installation = Installation.of(arguments)
    if is_other:
        with installation.store() as store:
            return _forget(store, arguments.forget) if arguments.forget else _list(store)
    lock = _lock(arguments, installation)
    with installation.store() as store:
        at_utc, clock_ok = wiring.now()
        occasion = Occasion(at_utc, clock_ok, installation.config.unit.name, OVER_SSH if arguments.over_ssh else "")
        made = backup(store, Path(arguments.file), lock, occasion=occasion)
        _tell(made, Path(arguments.file))
        return _look(store)


def _new_identity(path: Path) -> int:
    """A pair of keys, and what to do with each."""
    public = new_identity(path)
    say(f"{path}: the secret key. Without it no backup made for it can be read: keep it, and a copy, away from the unit.")
    say(f"recipient: {public}")
    say(f'To use it: [backup] recipient = "{public}", or muster backup FILE --to-recipient {public}')
    return 0


def _lock(arguments: argparse.Namespace, installation: Installation) -> Lock:
    """For whom the backup is closed.

    Raises:
        ConfigError: nobody is named.
    """
    if arguments.passphrase_file:
        return Lock.for_passphrase(passphrase(Path(arguments.passphrase_file)))
    recipient = arguments.to_recipient or installation.config.backup.recipient
    if not recipient:
        raise ConfigError(
            "nobody is named who could read the backup. Make a pair of keys once, `muster backup --new-identity FILE`, and put"
            " the recipient that it prints into [backup] recipient; or, on the unit: muster backup FILE --passphrase-file FILE"
        )
    return Lock.for_recipient(recipient)


def _tell(made: Made, file: Path) -> None:
    header = made.header
    rows = counted(header.facts.n_rows, "row")
    say(f"{file}: backup {header.backup_id} of {header.made_utc}, {rows}, {made.n_bytes / 1e6:.1f} MB")
    if made.in_place_of:
        say(f"It took the place of backup {made.in_place_of}, which is forgotten.")
    if header.key:
        say("The key that seals names and templates is inside: whoever can open this backup can read them.")


def _look(store: Store) -> int:
    """Whether the ledger that was saved is one that is put back without asking: better known now than on the day."""
    n_findings = sum(1 for _ in verify(store.entries(), n_written=store.n_written()))
    if n_findings:
        say(f"{counted(n_findings, 'finding')} in the ledger: `muster ledger verify` tells them, and `muster restore` wants")
        say("--with-findings for a backup that has them. An earlier one may be without.")
    return BROKEN if n_findings else 0


def _list(store: Store) -> int:
    for known in store.backups():
        say(f"{known.id}  {utc_text(known.made_utc)}  {counted(known.n_rows, 'row')}  {known.file}")
    if not store.backups():
        say("No backup is known.")
    return 0


def _forget(store: Store, backup_id: str) -> int:
    if not store.forget_backup(backup_id):
        raise BackupError(f"no backup {backup_id!a} is known. `muster backup --list` shows them.")
    say(f"{backup_id} is forgotten. Make sure that the file is destroyed: nobody is told of it any more.")
    return 0
