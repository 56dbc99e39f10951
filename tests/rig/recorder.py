"""Records rows as the unit does, and notes each one outside of the file system once the store has acknowledged it.

It runs in the guest with the Python of the installation: python recorder.py --data /var/lib/muster --notes /dev/vdb2
A note is written past the cache into the second partition of the same disk: it is then a request in the same log, behind all that
the store has asked for. It needs nothing but Python and Muster.
"""

from __future__ import annotations

import argparse
import itertools
import mmap
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from edge.device.clock import SystemClock
from edge.store import FILE_NAME, Store
from edge.types import Decision, Direction, Outcome, Person

ACKNOWLEDGED = b"muster-rig-ack: "
"""As in `rig.writelog`, which is not in the guest."""

BLOCK = 4096
"""A write past the cache is made of whole blocks, from whole pages of memory."""

DESTINATION = "rig"


class Notes:
    """Where acknowledged things are noted."""

    def __init__(self, disk: Path | None, said: Path | None) -> None:
        self._disk = os.open(disk, os.O_WRONLY | os.O_DIRECT) if disk else None
        self._said = os.open(said, os.O_WRONLY | os.O_NOCTTY) if said else 1
        self._page = mmap.mmap(-1, BLOCK)

    def note(self, text: str) -> None:
        """Write one; when this returns, the disk has been asked for it."""
        if self._disk is not None:
            self._page[:] = (ACKNOWLEDGED + text.encode() + b"\n").ljust(BLOCK, b"\0")
            os.pwrite(self._disk, self._page, 0)
        os.write(self._said, f"{text}\n".encode())


def acknowledged(store: Store) -> Iterator[str]:
    """Record without end: rows as the unit's own clock has them, now and then somebody new, and what a destination has got."""
    clock = SystemClock()
    person = _person(store, f"rig-{store.n_written()}")
    yield f"person {person.code}"
    for number in itertools.count(1):
        direction = Direction.IN if number % 2 else Direction.OUT
        now_s, is_trusted = clock.monotonic_s(), clock.is_trusted()
        decision = Decision(Outcome.ACCEPTED, person.id, direction, 0.4375, 3, now_s, clock.utc(now_s), clock_ok=is_trusted)
        event = store.record(person, decision, backends="pnet=cpu", stamp=clock.stamp(now_s))
        yield f"row {event.seq} {event.event_id}"
        if number % 10 == 0:
            store.mark_delivered(DESTINATION, event.seq)
            yield f"delivered {event.seq}"
        if number % 25 == 0:
            person = _person(store, f"rig-{event.seq}")
            yield f"person {person.code}"


def _person(store: Store, code: str) -> Person:
    return store.find_person(code) or store.add_person(code, f"Somebody {code}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("/var/lib/muster"), help="the unit's data folder")
    parser.add_argument("--unit", default="door-1", help="the unit's name")
    parser.add_argument("--notes", type=Path, help="the partition for the notes")
    parser.add_argument(
        "--said", type=Path, help="where each note is said too, as a port to the host; standard output if not named"
    )
    parser.add_argument("--user", help="become this user before the database is opened")
    parser.add_argument("--notes-at-most", type=int, help="end after so many notes; never, if not given")
    parser.add_argument("--synchronous-off", action="store_true", help="the control: wait for no disk, and lose rows")
    wanted = parser.parse_args()
    notes = Notes(wanted.notes, wanted.said)
    if wanted.user:
        _become(wanted.user)
    with Store.open(wanted.data / FILE_NAME, unit=wanted.unit) as store:
        if wanted.synchronous_off:
            store._database.rows("PRAGMA synchronous = OFF")
        for text in itertools.islice(acknowledged(store), wanted.notes_at_most):
            notes.note(text)


def _become(name: str) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(0o077)


if __name__ == "__main__":
    main()
