"""``muster capture``: photographs for enrolment, taken with the unit's own camera."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from edge import wiring
from edge.commands.installation import configuration, looking_closer, say, with_camera
from edge.errors import EnrolError
from edge.exchange.capture.album import album
from edge.exchange.capture.session import Aim, Session
from edge.exchange.capture.viewfinder import Viewfinder
from edge.matching.choice import APART


def run(arguments: argparse.Namespace) -> int:
    """Keep views until there are enough. 65 when there are fewer; those that were kept stay."""
    config = with_camera(configuration(arguments), arguments.camera)
    into = Path(arguments.into)
    with album(into, arguments.name) as person:
        gates, recogniser = wiring.gates(config).at_enrolment(), wiring.recogniser(looking_closer(config))
        aim = Aim(arguments.n, arguments.seconds, APART)
        with wiring.sight(config) as (camera, panel, signals):
            viewfinder = Viewfinder(recogniser, gates, min_face_px=config.detection.min_face_px)
            session = Session(person, viewfinder, aim, panel=panel, tell=say)
            session.resume()
            try:
                ended = session.run(camera)
            finally:
                say(_found(session, aim.n, f"{person.label.name} are in {person.folder}"))
    stopped_by = signals.received
    if session.is_complete:
        say(f"Next: muster enrol {shlex.quote(str(into))}")
        return 0
    _explain(session, into, "somebody stopped it" if stopped_by else ended.value)
    return 128 + stopped_by if stopped_by else EnrolError.exit_code


def _found(session: Session, n: int, of_whom: str) -> str:
    return f"{len(session.kept)} of {n} views of {of_whom}." if session.kept else "Nothing was kept."


def _explain(session: Session, into: Path, ended: str) -> None:
    """Why there are fewer than were asked for, and what to do."""
    last = f"What was said last: {session.missing}" if session.n_seen else "Nobody stood in front of the camera."
    say(f"Fewer than were asked for, because {ended}. {last}")
    say(
        "The same command goes on from there."
        + (f" Or with these: muster enrol {shlex.quote(str(into))}" if session.kept else "")
    )
