"""The whole examination: every finding, in the order in which one would look for the cause of trouble."""

from __future__ import annotations

from pathlib import Path

from edge.config import Config
from edge.device.clock import SystemClock
from edge.doctor.accelerator import accelerator
from edge.doctor.finding import Finding
from edge.doctor.people import database, matching
from edge.doctor.place import camera, clock, destinations, disk, pins
from edge.doctor.places import Places
from edge.doctor.power import power
from edge.doctor.pycoral import pycoral
from edge.doctor.recognition import models, runtime
from edge.store import FILE_NAME


def examine(config: Config, data: Path, places: Places | None = None) -> list[Finding]:
    """All findings, in the order in which one would look for the cause of trouble.

    Args:
        config: what is configured.
        data: folder of the database.
        places: where to look; this computer when None.
    """
    places = places or Places()
    found_runtime = runtime(places.packages)
    found_models, model = models(config, found_runtime, places.manifest)
    return [
        found_runtime,
        found_models,
        database(data / FILE_NAME, model),
        matching(config, data / FILE_NAME, model, places.manifest),
        camera(config),
        pins(config, places.board),
        *accelerator(config, data, places, found_models=found_models),
        power(places.vcgencmd),
        pycoral(places.packages),
        clock(SystemClock()),
        disk(data),
        destinations(config),
    ]
