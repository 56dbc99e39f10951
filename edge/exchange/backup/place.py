"""How a restored database takes the place of the present one: in one step, whatever the present one is.

One that can be opened gets the restored content through SQLite, in one transaction, because another program may have it open.
Where there is none, the restored file gets its name. One that is damaged or sealed with a lost key is set aside with its log, and
the restored file takes its name.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.errors import BackupError, StoreError
from edge.folders import settle
from edge.store import FILE_NAME, Seal, Store
from edge.store.staging import BESIDE, copying, erase
from edge.store.succession import Legacy
from edge.words import counted


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup is put back.

    Attributes:
        data: the data folder, which is there.
        unit: the name of the unit.
        seal: its key.
        at_utc: now, as believed.
        clock_ok: whether the clock is known to be right.
        busy_timeout_s: how long to wait for another process.
    """

    data: Path
    unit: str
    seal: Seal
    at_utc: datetime
    clock_ok: bool
    busy_timeout_s: float = 5.0

    @property
    def path(self) -> Path:
        """Of the database."""
        return self.data / FILE_NAME

    @contextlib.contextmanager
    def present(self) -> Iterator[Present]:
        """What is in the place now.

        Raises:
            StoreError: another process holds it, or its disk fails.
        """
        log = self.path.with_name(f"{self.path.name}-wal")
        if not self.path.exists():
            yield Present(self.path, None, f"{log} is there without its database" if log.exists() else "")
            return
        try:
            store = Store.open(self.path, unit=self.unit, busy_timeout_s=self.busy_timeout_s, seal=self.seal)
        except StoreError as error:
            if error.retryable:
                raise
            yield Present(self.path, None, str(error), self._legacy_of_what_is_shut())
            return
        with store:
            yield Present(self.path, store, "", store.legacy())

    def _legacy_of_what_is_shut(self) -> Legacy | None:
        """Who was erased stands in the open, also where the key to the names is lost; None where the file itself is damaged."""
        try:
            with Store.shut(self.path, unit=self.unit, busy_timeout_s=self.busy_timeout_s) as store:
                return store.legacy()
        except StoreError as error:
            if error.retryable:
                raise
            return None


@dataclass(frozen=True, slots=True)
class Present:
    """The database that is there.

    Attributes:
        path: of it.
        store: it, opened; None where there is none, or none that can be opened.
        why_not: why it cannot be opened; empty where there is none.
        legacy: what must not be forgotten with it; None where nobody can tell.
    """

    path: Path
    store: Store | None
    why_not: str
    legacy: Legacy | None = None

    def may_give_way(self, staged: Path) -> None:
        """Whether nothing is lost with it.

        Raises:
            BackupError: it has what the restored one has not, or nobody can tell.
        """
        if self.why_not:
            raise BackupError(
                f"{self.why_not}\nNothing was restored. --replace sets aside what is there and restores the backup."
            )
        if self.store is None:
            return
        beyond = self.store.beyond(staged)
        if any(beyond):
            rows, people = counted(beyond.n_rows, "row"), counted(beyond.n_people, "person")
            templates, changed = counted(beyond.n_templates, "template"), counted(beyond.n_changed, "person")
            raise BackupError(
                f"{self.path} has {rows}, {people} and {templates} that the backup has not, and other dates or notes of"
                f" {changed}. Nothing was restored. `muster sync` first, so that no row is lost; --replace then sets it aside and"
                " restores."
            )

    def aside(self, at_utc: datetime) -> Path | None:
        """Keep a copy of it beside, whole, for its owner alone; None where there is nothing.

        Raises:
            OSError, StoreError: the disk is full or fails.
        """
        name = _free(self.path.with_name(f"{FILE_NAME}.replaced-{at_utc:%Y%m%dT%H%M%SZ}"))
        if self.store is not None:
            part = copying(name)
            try:
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                self.store.copy_into(part)
                part.replace(name)
            finally:
                erase(part)
        elif not self._link(name):
            return None
        settle(name.parent)
        return name

    def _link(self, name: Path) -> bool:
        """A second name for what cannot be opened, and for its log; whether there is anything."""
        found = [suffix for suffix in ("", "-wal") if self._with(suffix).exists()]
        for suffix in found:
            os.link(self._with(suffix), name.with_name(name.name + suffix))
        return bool(found)

    def take(self, staged: Path) -> None:
        """Put a file, which nobody has open, into the place of what cannot be opened, or of nothing.

        Beside a database the log of another one would be taken for its own: it goes first.

        Raises:
            OSError: the disk fails, or there is a database now.
        """
        if not self.why_not:
            os.link(staged, self.path)
        else:
            for suffix in BESIDE:
                self._with(suffix).unlink(missing_ok=True)
            settle(self.path.parent)
            staged.replace(self.path)
        settle(self.path.parent)

    def _with(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


def prepared(data: Path) -> None:
    """The data folder of a new unit.

    Raises:
        StoreError: it cannot be made.
    """
    if data.exists():
        return
    try:
        data.mkdir(mode=0o700, parents=True)
        settle(data.parent)
    except OSError as error:
        raise StoreError(f"{data} cannot be made ({error.strerror}). Name another folder with --data.") from error


def _free(name: Path) -> Path:
    """This name, or the next one that nothing has."""
    names = (name if n == 1 else name.with_name(f"{name.name}-{n}") for n in range(1, 1_000))
    return next(each for each in names if not each.exists())
