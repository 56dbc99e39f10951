"""``muster people remove`` and ``expire``: who leaves, and the proof that they are gone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from edge import wiring
from edge.commands.installation import Installation, say
from edge.errors import DeviceError, EnrolError, StoreError
from edge.store import FILE_NAME, Removal, Store
from edge.store.audit import PERSON_EXPIRED
from edge.store.remains import Remains, Traces, remains
from edge.store.sticks import Stick
from edge.types import Person
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Do what the second word says."""
    installation = Installation.of(arguments)
    with installation.store() as store:
        if arguments.action == "expire":
            return expire(store, installation, wiring.now(), is_dry=arguments.dry_run)
        if not _is_sure(store, arguments):
            say("Nothing was removed.")
            return 0
        now = wiring.now()
        removal = store.remove_person(arguments.code, at_utc=now.at_utc, clock_ok=now.clock_ok)
        _report([removal], store, installation)
    return 0


def expire(store: Store, installation: Installation, now: wiring.Now, *, is_dry: bool) -> int:
    """Remove everybody whose last day is over; nobody is asked, because a timer runs it.

    Raises:
        DeviceError: nothing has set the clock.
    """
    if not now.clock_ok and not is_dry:
        raise DeviceError(
            "nobody was removed: nothing has set the clock, and a wrong one would erase people too early."
            " Wait for the time server, set the clock, or see who it would be with --dry-run."
        )
    over = store.expired(now.at_utc.astimezone(installation.timezone).date())
    if is_dry:
        details = store.details()
        for person in over:
            say(f"{person.code} {person.name}: kept until {details[person.id].retain_until}")
        say(f"{counted(len(over), 'person')} would be removed.")
        return 0
    removals: list[Removal] = []
    try:
        for person in over:
            removal = store.remove_person(person.code, at_utc=now.at_utc, clock_ok=True, what=PERSON_EXPIRED)
            removals.append(removal)
    finally:  # whoever is gone is told, also where the next one could not be removed
        if removals:
            _report(removals, store, installation)
    say(f"{counted(len(removals), 'person')} removed: the last day on which they were to be kept is over.")
    return 0


def _is_sure(store: Store, arguments: argparse.Namespace) -> bool:
    """Ask on a terminal; without one, ``--yes`` has to say it.

    Raises:
        EnrolError: nobody has the code, or nobody can be asked.
    """
    person = store.find_person(arguments.code)
    if person is None:
        raise EnrolError(f"nobody has the code {arguments.code!r}. `muster people list` shows who is enrolled.")
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise EnrolError(f"{person.code} {person.name} is not removed: there is no terminal to ask on. Say it with --yes.")
    say(f"Remove {person.code} {person.name}? This cannot be undone. Type yes:")
    return sys.stdin.readline().strip().lower() == "yes"


def _report(removals: Sequence[Removal], store: Store, installation: Installation) -> None:
    """What went, what was searched for it, and where it may still be."""
    for removal in removals:
        for line in _gone(removal):
            say(line)
    try:
        found = remains(installation.data / FILE_NAME, Traces.of_all(removal.traces for removal in removals))
    except OSError as error:
        say(f"The files were not searched: {error}")
    else:
        for line in _proof(found, is_wiped=removals[-1].is_wiped):
            say(line)
    for line in _elsewhere(removals[-1], store, installation):
        say(line)


def _gone(removal: Removal) -> Iterator[str]:
    person = removal.person
    yield f"Removed {person.code} {person.name}:"
    yield f"  {counted(removal.n_templates, 'template')} with the fingerprints of the photographs, erased and overwritten"
    if removal.n_aside:
        yield f"  {counted(removal.n_aside, 'fingerprint')} of photographs that were not needed, too"
    if removal.n_names:
        yield f"  the name in {counted(removal.n_names, 'attendance row')}, with the salts by which it could be guessed"
    yield "  photographs: none were kept"
    if removal.n_events:
        rows = counted(removal.n_events, "attendance row")
        yield f"Kept: {rows} with the code, as the record of working time; `muster ledger verify` finds them whole."
    if _is_name(person):
        yield f"The code {person.code} is the name. It stays in the rows, because it is in their hashes, and in the audit log."


def _is_name(person: Person) -> bool:
    """People who were enrolled without a code have their name for one."""
    return person.code.casefold() == person.name.casefold()


def _proof(found: Remains, *, is_wiped: bool) -> Iterator[str]:
    searched = f"Searched {counted(found.n_bytes, 'byte')} in {counted(found.n_files, 'file')} of the database"
    n_names = found.n_names if is_wiped else found.n_names + found.n_kept  # whose they are shows once the log is empty
    if found.is_nothing and not n_names:
        yield f"{searched}: no template, no fingerprint and no name is left."
    else:
        left = f"{found.n_templates} of templates, {found.n_photographs} of fingerprints, {n_names} of the name"
        yield f"{searched}: traces are left, {left}."
    if found.n_kept and is_wiped:
        places = counted(found.n_kept, "place")
        yield f"The letters of the name stand in {places} that stay: a name that has them too, a note to a row, or a code."
    if not is_wiped:
        yield "Another process is reading the database. Its log may hold copies until that process has ended; then they go too."


def _elsewhere(removal: Removal, store: Store, installation: Installation) -> Iterator[str]:
    """What this command cannot reach, or must not."""
    if removal.backups:
        yield "Backups from before hold whoever was enrolled then. Make a new one, and delete:"
        yield from (f"  {copy.file} of {copy.made_utc:%Y-%m-%d}" for copy in removal.backups)
    if asides := sorted(each.name for each in installation.data.glob(f"{FILE_NAME}.*")):
        yield f"Databases that were set aside in {installation.data.absolute()}, which hold whoever was in them; delete them:"
        yield from (f"  {name}" for name in asides)
    places = [*installation.config.sync.destinations, *(f"stick {stick.name}" for stick in _sticks(store))]
    yield "Outside of this unit nothing was erased. The name may still be in:"
    yield f"  attendance files that were delivered{': ' + ', '.join(places) if places else ''}"
    yield "  photographs and receipts of enrolment, on sticks and wherever somebody put them; the system's log; what was exported"
    yield "A stick with their folder or line of people.csv on it brings the person back when it is next prepared: delete both."


def _sticks(store: Store) -> list[Stick]:
    """Those that are paired; a key that cannot be opened is no reason to say nothing of a removal."""
    try:
        return store.sticks()
    except StoreError:
        return []
