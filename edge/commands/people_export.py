"""``muster people export``: what there is of a person, for themselves."""

from __future__ import annotations

import argparse
import base64
import json
from datetime import datetime, tzinfo
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.exchange.files import PrivateFiles, unwritable
from edge.exchange.ledger.table import Row
from edge.store.audit import PERSON_EXPORTED
from edge.store.dossier import Dossier
from edge.types import utc_text
from edge.words import counted

FORMAT = "muster person 1"


def run(arguments: argparse.Namespace) -> int:
    """Print it, or write it into a file for its owner alone."""
    installation, now = Installation.of(arguments), wiring.now()
    with installation.store() as store:
        dossier = store.dossier(arguments.code)
        text = json.dumps(_table(dossier, installation.timezone, now.at_utc), ensure_ascii=False, indent=1) + "\n"
        store.note(PERSON_EXPORTED, f"code {dossier.code}", at_utc=now.at_utc, clock_ok=now.clock_ok)
    if arguments.to is None:
        print(text, end="")
        return 0
    try:
        PrivateFiles().replace(Path(arguments.to), text.encode())
    except OSError as error:
        raise unwritable(arguments.to, error) from error
    rows, templates = counted(len(dossier.events), "attendance row"), counted(len(dossier.templates), "template")
    say(f"{arguments.to}: {rows} and {templates} of {dossier.code}. It is personal data; give it to nobody else.")
    return 0


def _table(dossier: Dossier, timezone: tzinfo | None, at_utc: datetime) -> dict[str, object]:
    photographs = [{"model": model, "photo_sha256": photo} for model, photo in dossier.aside]
    return {
        "format": FORMAT,
        "exported_utc": utc_text(at_utc),
        "person": _person(dossier),
        "templates": [
            {"model": each.model, "photo_sha256": each.photo_sha256, "int8": base64.b64encode(each.numbers).decode()}
            for each in dossier.templates
        ],
        "photographs_not_needed": photographs,
        "events": [
            {**Row.of(event, timezone)._asdict(), "distance": event.distance, "clock_ok": event.clock_ok}
            for event in dossier.events
        ],
    }


def _person(dossier: Dossier) -> dict[str, object] | None:
    """None for somebody who was removed."""
    if dossier.person is None:
        return None
    validity, details = dossier.validity, dossier.details
    dates = {"valid_from": validity.valid_from, "valid_until": validity.valid_until, "retain_until": details.retain_until}
    row = {"code": dossier.code, "name": dossier.person.name, "active": validity.active}
    row |= {name: day and str(day) for name, day in dates.items()}
    return row | {"basis": details.basis, "language": details.language}
