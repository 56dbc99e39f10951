"""``muster restore``: a backup becomes the unit's database."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.exchange.backup.envelope import Key
from edge.exchange.backup.place import Target, prepared
from edge.exchange.backup.restore import Restored, Wishes, restore
from edge.exchange.backup.secret import passphrase, secret
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Put it back, while no unit is at work."""
    installation = Installation.of(arguments)
    if arguments.identity:
        key = Key(identity=secret(Path(arguments.identity)))
    else:
        key = Key(passphrase=passphrase(Path(arguments.passphrase_file)))
    at_utc, clock_ok = wiring.now()
    seal = installation.seal()
    target = Target(installation.data, installation.config.unit.name, seal, at_utc, clock_ok)
    prepared(installation.data)
    with wiring.alone(installation.data):
        wishes = Wishes(replace=arguments.replace, with_findings=arguments.with_findings)
        done = restore(Path(arguments.file), key, target, wishes=wishes)
    _tell(done, installation, is_sealed=bool(seal.key_id))
    return 0


def _tell(done: Restored, installation: Installation, *, is_sealed: bool) -> None:
    header = done.header
    rows = counted(header.facts.n_rows, "row")
    chain = f"its chain has {counted(done.n_findings, 'finding')}" if done.n_findings else "its chain is as it was written"
    say(f"Restored: backup {header.backup_id} of {header.made_utc} by {header.unit}, {rows}; {chain}.")
    if done.erased:
        say(f"Erased again, because they were removed after the backup was made: {', '.join(done.erased)}.")
    if not done.knows_who_was_erased:
        say(f"Nobody can tell here who was removed after {header.made_utc}: whoever was is back.")
        say("Remove them again: muster people remove CODE")
    if done.aside:
        say(f"The database that was there is {done.aside} now. It still holds everybody: delete it once it is not needed.")
    if header.key and not is_sealed:
        say("Names and templates were sealed and are not any more, because this unit has no key: muster key make FILE")
    if header.unit != installation.config.unit.name:
        say(f"New rows are of {installation.config.unit.name}, the rows of the backup of {header.unit}.")
