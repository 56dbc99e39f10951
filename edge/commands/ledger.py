"""``muster ledger``: whether the ledger and its exports are as they were written."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from edge.commands.installation import Installation, say
from edge.errors import EnrolError
from edge.exchange.files import read_regular
from edge.exchange.ledger.check import Check
from edge.ledger import verify
from edge.store import FILE_NAME, Store
from edge.words import counted

MAX_BYTES = 500_000_000
"""A file is not read beyond this: more than a million rows. A destination's file is never so large."""

BROKEN = EnrolError.exit_code


def run(arguments: argparse.Namespace) -> int:
    """Say each row that is not as it was written; 65 when there is one."""
    installation = Installation.of(arguments)
    with _database(installation, arguments.files) as store:
        check = Check(store, installation.timezone)
        n_found = _walk(store) if store else 0
        n_unread = sum(not _read(check, Path(file)) for file in arguments.files)
        check.follow()
    for ledger, n_rows in check.unknown_ledgers.items():
        say(f"{counted(n_rows, 'row')} of ledger {ledger}, checked without its database")
    for remark in check.remarks:
        say(str(remark))
    n_found += len(check.remarks) + n_unread
    files = f"{counted(check.n_rows, 'row')} in {counted(len(arguments.files), 'file')}" if arguments.files else ""
    told = counted(n_found, "finding") if n_found else "all is as it was written"
    say(": ".join(filter(None, [files, f"{told}."])))
    return BROKEN if n_found else 0


def _database(installation: Installation, files: list[str]) -> AbstractContextManager[Store | None]:
    """The unit's database; None on another computer, where files can be checked by themselves.

    Raises:
        StoreError: there is none and no file either, or it cannot be opened.
    """
    if files and not (installation.data / FILE_NAME).exists():
        say(f"There is no database in {installation.data.absolute()}: the files are checked by themselves.")
        return nullcontext()
    return installation.store()


def _walk(store: Store) -> int:
    """The whole chain in the database; the number of findings."""
    n_found = 0
    for finding in verify(store.entries(), n_written=store.n_written()):
        say(f"{FILE_NAME}: {finding}")
        n_found += 1
    say(f"{FILE_NAME}: {counted(store.n_rows(), 'row')} of ledger {store.ledger_id()}")
    return n_found


def _read(check: Check, path: Path) -> bool:
    """One file; False when it cannot be read."""
    try:
        content = read_regular(path, at_most=MAX_BYTES)
    except OSError as error:
        say(f"{path}: cannot be read ({error.strerror})")
        return False
    check.read(str(path), content, name=path.name)
    return True
