"""The whole examination: every finding, in the order in which one would look for the cause of trouble."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.config import Config
from edge.device.clock import SystemClock
from edge.doctor.accelerator import accelerator
from edge.doctor.card import card
from edge.doctor.finding import Finding
from edge.doctor.people import database, matching
from edge.doctor.place import camera, clock, destinations, disk, pins
from edge.doctor.places import Places
from edge.doctor.power import power
from edge.doctor.pycoral import pycoral
from edge.doctor.recognition import models, runtime
from edge.doctor.sealing import sealing
from edge.doctor.unit import user_of_devices
from edge.doctor.update import update
from edge.store import FILE_NAME


def examine(config: Config, data: Path, places: Places | None = None) -> Iterator[Finding]:
    """Each finding as it is made, in the order in which one would look for the cause of trouble.

    Args:
        config: what is configured.
        data: folder of the database.
        places: where to look; this computer when None.
    """
    places = places or Places()
    found_runtime = runtime(places.packages)
    yield found_runtime
    found_models, model = models(config, found_runtime, places.manifest)
    yield found_models
    found_seal, seal = sealing(config, data, sysfs=places.sysfs)
    yield found_seal
    yield database(data / FILE_NAME, model, seal=seal)
    yield matching(config, data / FILE_NAME, model, places.manifest, seal=seal)
    user = user_of_devices(data)
    yield camera(config, user=user)
    yield pins(config, places.board, user=user)
    yield from accelerator(config, data, places, found_models=found_models)
    yield power(places.vcgencmd)
    yield pycoral(places.packages)
    yield clock(SystemClock())
    yield disk(data)
    yield card(data, places.root, sysfs=places.sysfs)
    yield update(places.updates)
    yield destinations(config)
