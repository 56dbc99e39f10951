"""``muster people``: add, see, who is confusable, rename, set when they are valid, remove."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from typing import Any

from edge import wiring
from edge.commands.installation import Installation, say
from edge.config import Config
from edge.errors import EnrolError, ModelError
from edge.exchange.enrolment.receipt import Confusable
from edge.exchange.enrolment.roll import confusions, gallery
from edge.store import Removal, Store
from edge.types import Person, Validity
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Do what the second word says."""
    installation = Installation.of(arguments)
    with installation.store_or_new() if arguments.action == "add" else installation.store() as store:
        if arguments.action == "add":
            _add(store, arguments)
        elif arguments.action == "list":
            _list(store, installation.config, as_json=arguments.json)
        elif arguments.action == "confusable":
            _confusable(store, installation.config, as_json=arguments.json)
        elif arguments.action == "rename":
            person = store.rename_person(arguments.code, arguments.name)
            say(f"{person.code} is {person.name} now. Rows that are in the ledger keep the name of their time.")
        elif arguments.action == "set":
            _set(store, arguments)
        elif _is_sure(store, arguments):
            _report(store.remove_person(arguments.code))
        else:
            say("Nothing was removed.")
    return 0


def _add(store: Store, arguments: argparse.Namespace) -> None:
    """Enter somebody without a face: who may not, or need not, be known by it is entered into the ledger by hand."""
    person = store.add_person(arguments.code, arguments.name)
    say(f"{person.code} {person.name} is entered, without a face: the door answers as to a stranger. `muster events add` makes")
    say("their rows; a sub-folder of photographs with this code and name, and `muster enrol`, would make them known at the door.")


def _list(store: Store, config: Config, *, as_json: bool) -> None:
    people, n_templates, validity = store.people(), store.n_templates(), store.validity()
    table = [_row(person, n_templates.get(person.id, 0), validity.get(person.id, Validity())) for person in people]
    if as_json:
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return
    width = max([len(str(row["code"])) for row in table], default=0)
    model = _model(config)
    stale, usable = store.stale(model) if model else None, store.n_templates(model)
    for person in people:
        of = " of another model" if person.id in n_templates and person.id not in usable else ""
        limits = f"; {validity[person.id]}" if person.id in validity else ""
        say(f"{person.code:{width}}  {person.name}  ({counted(n_templates.get(person.id, 0), 'template')}{of}{limits})")
    say(f"{counted(len(table), 'person')}.")
    if stale:
        say(f"But {stale}; {stale.ADVICE}")


def _row(person: Person, n_templates: int, validity: Validity) -> dict[str, object]:
    """What a program reads of somebody; a date that is not limited is null."""
    since, until = validity.valid_from, validity.valid_until
    dates = {"valid_from": since and str(since), "valid_until": until and str(until)}
    return {"code": person.code, "name": person.name, "templates": n_templates, "active": validity.active, **dates}


def _set(store: Store, arguments: argparse.Namespace) -> None:
    """Change what was said on the command line and leave the rest."""
    dates = {"valid_from": arguments.valid_from, "valid_until": arguments.valid_until}
    changes: dict[str, Any] = {
        name: None if text == "none" else date.fromisoformat(text) for name, text in dates.items() if text is not None
    }
    if arguments.active is not None:
        changes["active"] = arguments.active == "yes"
    if not changes:
        arguments.refuse("say what to set: --active, --from or --until")
    with store.transaction():
        person = store.find_person(arguments.code)
        before = store.validity().get(person.id, Validity()) if person else Validity()
        after = replace(before, **changes)
        person = store.set_validity(arguments.code, after)
    limits = str(after)
    outside = f"{limits}. Outside of that the door answers as to a stranger." if limits else "valid without limit."
    say(f"{person.code} {person.name}: {outside}")


def _model(config: Config) -> str | None:
    """What makes this unit's templates; None where its networks are missing, which does not hide who is enrolled."""
    try:
        return wiring.model(config)
    except ModelError:
        return None


def _confusable(store: Store, config: Config, *, as_json: bool) -> None:
    """Among those whom this unit can recognise: templates of other models are compared with nothing."""
    model = wiring.model(config)
    found, stale = confusions(store, gallery(store, model), wiring.policy(config)), store.stale(model)
    if as_json:
        table = [{"codes": [each.first.code, each.second.code], "distance": round(each.distance, 3)} for each in found]
        print(json.dumps(table, indent=1))
        return
    for each in found:
        say(str(each))
    say(f"Pairs of people who can be taken for each other: {len(found)}.")
    if found:
        say(Confusable.ADVICE)
    if stale:
        say(f"Left out: {stale}; {stale.ADVICE}")


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


def _report(removal: Removal) -> None:
    person = removal.person
    say(f"Removed {person.code} {person.name}:")
    say(f"  {counted(removal.n_templates, 'template')} with the fingerprints of the photographs, erased and overwritten")
    if removal.n_aside:
        say(f"  {counted(removal.n_aside, 'fingerprint')} of photographs that were not needed, too")
    say("  photographs: none were kept")
    if removal.n_events:
        rows = counted(removal.n_events, "attendance row")
        say(f"Kept: {rows} with code and name, as the record of working time, and what was delivered.")
    if not removal.is_wiped:
        say("Another process is reading the database. Its log may hold copies until that process has ended; then they go too.")
