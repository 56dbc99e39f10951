"""``muster key``: make, see or change the key that seals names and templates."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.errors import ConfigError, DeviceError
from edge.store import Seal, Store
from edge.store.audit import KEY_CHANGED
from edge.store.database import refusal
from edge.store.key import doubts, is_within, key_file, make_key, read_seal
from edge.store.resealing import key_id_of
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Do what the second word says."""
    installation = Installation.of(arguments)
    if arguments.action == "make":
        return _make(installation, Path(arguments.file))
    if arguments.action == "change":
        return _change(installation, Seal.none() if arguments.none else read_seal(Path(arguments.file)))
    return _status(installation)


def _make(installation: Installation, path: Path) -> int:
    """A new key, which nothing uses yet."""
    if is_within(path, installation.data):
        raise ConfigError(f"{path} would lie in the data folder, beside the database that it seals. Name a file elsewhere.")
    seal = make_key(path)
    say(f"{path}: key {seal.key_id}. Without it nobody can read names or templates again: keep a copy of it elsewhere.")
    if key_file(installation.config.privacy.key_file, environ=os.environ) is None:
        say(f'To use it: [privacy] key_file = "{path.absolute()}"; the database is sealed when it is next opened.')
    else:
        say(f"To use it in place of the present one, while the unit is not at work: muster key change {path}")
    _doubt(path, installation)
    return 0


def _status(installation: Installation) -> int:
    """Which key there is, and which the database has."""
    path = key_file(installation.config.privacy.key_file, environ=os.environ)
    seal = Seal.none() if path is None else read_seal(path)
    say(f"key: {seal.key_id}, in {path}" if path else "key: none; `muster key make FILE` writes one")
    if path:
        _doubt(path, installation)
    found = key_id_of(installation.database())
    if found and found != seal.key_id:
        raise refusal(installation.database(), found=found, given=seal.key_id)
    if found:
        say(f"database: names and templates are sealed with key {found}")
    elif path:
        say("database: not sealed yet; it is when it is next opened")
    else:
        say("database: not sealed; whoever takes the card can read names and templates")
    return 0


def _doubt(key: Path, installation: Installation) -> None:
    """Say what is wrong with where a key lies."""
    for doubt in doubts(key, installation.data):
        say(f"but {doubt} (docs/privacy.md)")


def _change(installation: Installation, new: Seal) -> int:
    """Everything under another key, or none."""
    if wiring.at_work(installation.data) is not None:
        raise DeviceError("a unit is at work here, and goes on with the key that it has. Stop it, then do the same again.")
    with installation.store() as store:
        old = store.key_id
        if old == new.key_id:
            say(f"It is key {old} already." if old else "It is not sealed.")
            return 0
        _reseal(store, new)
    if new.key_id:
        say(f"From now on the unit needs key {new.key_id}: name its file in [privacy] key_file, or give it to the service.")
    else:
        say("Take the key out of [privacy] key_file, or from the service: with it the database is sealed again.")
    return 0


def _reseal(store: Store, new: Seal) -> None:
    """Say what came of it, and write it into the audit log."""
    at_utc, clock_ok = wiring.now()
    detail = f"{store.key_id or 'none'} to {new.key_id or 'none'}"
    done = store.reseal(new, note=lambda: store.note(KEY_CHANGED, detail, at_utc=at_utc, clock_ok=clock_ok))
    say(f"{counted(done.n_values, 'value')} (names, templates, rows, keys of sticks): key {detail}.")
    if done.n_unopened:
        say(f"{done.n_unopened} did not open, and stay as they are: they are not where they belong. See `muster ledger verify`.")
    if not done.is_swept:
        say("The file could not be written anew, and may hold what was there before; it is tried again when it is next opened.")
