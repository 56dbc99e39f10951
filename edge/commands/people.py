"""``muster people``: add, see, who is confusable, rename, set when they are valid and how long they are kept."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from edge import wiring
from edge.commands.installation import Installation, say
from edge.config import Config
from edge.errors import ModelError
from edge.exchange.enrolment.receipt import Confusable
from edge.exchange.enrolment.roll import confusions, gallery
from edge.store import Store
from edge.store.people import PersonDetails
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
        else:
            _set(store, arguments)
    return 0


def _add(store: Store, arguments: argparse.Namespace) -> None:
    """Enter somebody without a face: who may not, or need not, be known by it is entered into the ledger by hand."""
    person = store.add_person(arguments.code, arguments.name)
    say(f"{person.code} {person.name} is entered, without a face: the door answers as to a stranger. `muster events add` makes")
    say("their rows; a sub-folder of photographs with this code and name, and `muster enrol`, would make them known at the door.")


def _list(store: Store, config: Config, *, as_json: bool) -> None:
    people, n_templates, validity, details = store.people(), store.n_templates(), store.validity(), store.details()
    if as_json:
        table = [_row(one, n_templates, validity.get(one.id, Validity()), details.get(one.id, PersonDetails())) for one in people]
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return
    width = max([len(person.code) for person in people], default=0)
    model = _model(config)
    stale, usable = store.stale(model) if model else None, store.n_templates(model)
    for person in people:
        of = " of another model" if person.id in n_templates and person.id not in usable else ""
        limits = f"; {validity[person.id]}" if person.id in validity else ""
        kept = f"; {known}" if (known := _known(details.get(person.id, PersonDetails()))) else ""
        say(f"{person.code:{width}}  {person.name}  ({counted(n_templates.get(person.id, 0), 'template')}{of}{limits}{kept})")
    say(f"{counted(len(people), 'person')}.")
    if stale:
        say(f"But {stale}; {stale.ADVICE}")


def _row(person: Person, n_templates: Mapping[int, int], validity: Validity, details: PersonDetails) -> dict[str, object]:
    """What a program reads of somebody; a date that is not limited is null."""
    dates = {"valid_from": validity.valid_from, "valid_until": validity.valid_until, "retain_until": details.retain_until}
    row = {"code": person.code, "name": person.name, "templates": n_templates.get(person.id, 0), "active": validity.active}
    row |= {name: day and str(day) for name, day in dates.items()}
    return row | {"basis": details.basis, "language": details.language}


def _known(details: PersonDetails) -> str:
    """As in "kept until 2027-05-31, basis: consent of 2026-11-02, language de"; empty where nothing is."""
    until = f"kept until {details.retain_until}" if details.retain_until else ""
    basis, language = details.basis and f"basis: {details.basis}", details.language and f"language {details.language}"
    return ", ".join(filter(None, (until, basis, language)))


def _set(store: Store, arguments: argparse.Namespace) -> None:
    """Change what was said on the command line and leave the rest."""
    limits = _said(arguments, "valid_from", "valid_until")
    if arguments.active is not None:
        limits["active"] = arguments.active == "yes"
    notes = _said(arguments, "retain_until")
    notes |= {
        name: "" if text == "none" else text for name in ("basis", "language") if (text := getattr(arguments, name)) is not None
    }
    if not limits and not notes:
        arguments.refuse("say what to set: --active, --from, --until, --basis, --retain-until or --language")
    with store.transaction():
        person = store.find_person(arguments.code)
        who = person.id if person else 0
        validity = replace(store.validity().get(who, Validity()), **limits)
        details = replace(store.details().get(who, PersonDetails()), **notes)
        store.set_details(arguments.code, details)
        person = store.set_validity(arguments.code, validity)
    _tell(person, validity if limits else None, details if notes else None)


def _said(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Dates that were given; the word none takes one away."""
    given = {name: getattr(arguments, name) for name in names}
    return {name: None if text == "none" else date.fromisoformat(text) for name, text in given.items() if text is not None}


def _tell(person: Person, validity: Validity | None, details: PersonDetails | None) -> None:
    """What holds now of what was set."""
    if validity is not None:
        limits = str(validity)
        outside = f"{limits}. Outside of that the door answers as to a stranger." if limits else "valid without limit."
        say(f"{person.code} {person.name}: {outside}")
    if details is not None:
        say(f"{person.code} {person.name}: {_known(details) or 'nothing is written down'}.")
        if details.retain_until:
            say("`muster people expire` removes whoever's last day is over.")


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
