"""Units whose ledger does what no ledger may: rows dropped, doubled, of somebody else, too late, or lost again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from soak.sabotage import EVERY, Parts, each_frame

from edge.ports import Panel
from edge.store import Store
from edge.types import Decision, Event, Person, Signal, Stamp

Write = Callable[[Person], Event]
"""Writes the row as it has to be, of whom it is told."""


class _Undone(Exception):  # noqa: N818
    """Ends a transaction as if it had never been."""


class _Store(Store):
    """Writes rows as it likes; `of` makes one of a store that is open."""

    @classmethod
    def of(cls, store: Store) -> Store:
        other = cls(store._database, unit=store._unit)
        other._seal, other.n = store._seal, 0
        return other

    n: int

    def record(self, person: Person, decision: Decision, *, backends: str = "", stamp: Stamp | None = None) -> Event:
        self.n += 1
        write = lambda whose: super(_Store, self).record(whose, decision, backends=backends, stamp=stamp)  # noqa: E731
        return self.spoil(write, person) if self.n % EVERY == 0 else write(person)

    def spoil(self, write: Write, person: Person) -> Event:
        raise NotImplementedError


class Forgetful(_Store):
    def spoil(self, write: Write, person: Person) -> Event:
        with suppress(_Undone), self.transaction():
            event = write(person)
            raise _Undone
        return event


class Doubling(_Store):
    def spoil(self, write: Write, person: Person) -> Event:
        write(person)
        return write(person)


class Mistaken(_Store):
    def spoil(self, write: Write, person: Person) -> Event:
        other = self.find_person("00002" if person.code == "00001" else "00001")
        assert other
        return write(other)


class _Hasty(_Store):
    panel: Panel

    def spoil(self, write: Write, person: Person) -> Event:
        self.panel.show(Signal.ACCEPTED)
        return write(person)


@dataclass
class _Once:
    """Shows an answer only once where it comes twice in a row."""

    panel: Panel
    latest: Signal | None = None

    def show(self, signal: Signal) -> None:
        if (signal, self.latest) != (Signal.ACCEPTED, Signal.ACCEPTED):
            self.panel.show(signal)
        self.latest = signal

    def close(self) -> None:
        self.panel.close()


def store(kind: type[_Store]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, hands=replace(parts.hands, store=kind.of(parts.hands.store)))


def hasty(parts: Parts) -> Parts:
    store, panel = _Hasty.of(parts.hands.store), _Once(parts.hands.panel)
    store.panel = panel
    return replace(parts, hands=replace(parts.hands, store=store, panel=panel))


def lose_a_row(parts: Parts) -> Parts:
    """Somebody with another program takes a row out, late in the run."""
    path = parts.hands.store._database.path

    def act(n: int) -> None:
        if n == 1_500:
            with sqlite3.connect(path, isolation_level=None) as other:
                for (name,) in other.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
                ).fetchall():
                    other.execute(f"DROP TRIGGER {name}")
                other.execute("DELETE FROM event WHERE seq = 5")
            other.close()

    return each_frame(act)(parts)
