"""Whether names and templates are sealed, and how safe their key is where it lies."""

from __future__ import annotations

import os
from pathlib import Path

from edge.config import Config
from edge.doctor.finding import Finding, State, split
from edge.errors import ConfigError, StoreError
from edge.store import FILE_NAME, Seal
from edge.store.database import refusal
from edge.store.key import doubts, find_seal, key_file
from edge.store.resealing import key_id_of

NAME = "sealing"


def sealing(config: Config, data: Path, *, sysfs: Path) -> tuple[Finding, Seal | None]:
    """What a stolen card reveals, and the seal with which the database is opened; None where its key cannot be read.

    Args:
        config: names the key.
        data: folder of the database.
        sysfs: the kernel's view of the disks.
    """
    try:
        path = key_file(config.privacy.key_file, environ=os.environ)
        seal = find_seal(config.privacy.key_file, environ=os.environ)
        found = key_id_of(data / FILE_NAME) if (data / FILE_NAME).is_file() else ""
    except ConfigError as error:
        return Finding(NAME, State.FAULT, *split(error)), None
    except StoreError as error:
        return Finding(NAME, State.WARNING, f"not looked at: {split(error)[0]}", "see to the database first"), None
    if found and found != seal.key_id:
        return Finding(NAME, State.FAULT, *split(refusal(data / FILE_NAME, found=found, given=seal.key_id))), seal
    return _judged(path, seal, data, sysfs), seal


def _judged(path: Path | None, seal: Seal, data: Path, sysfs: Path) -> Finding:
    """Whether the key of the database lies well."""
    if path is None:
        words = "names and templates are not sealed: whoever takes the card can read them"
        return Finding(NAME, State.WARNING, words, "make a key on another medium: muster key make FILE (docs/privacy.md)")
    words = f"names and templates are sealed with key {seal.key_id} of {path}"
    found = doubts(path, data, sysfs=sysfs)
    if found:
        advice = "move the key to another medium, for its owner alone to read (docs/privacy.md)"
        return Finding(NAME, State.WARNING, f"{words}; {', and '.join(found)}", advice)
    return Finding(NAME, State.OK, words)
