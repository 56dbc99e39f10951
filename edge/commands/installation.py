"""Which data folder and which configuration a command works on."""

from __future__ import annotations

import argparse
import logging
import os
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from edge import config, wiring
from edge.config import LastGood
from edge.errors import ConfigError, StoreError
from edge.exchange.names import printable
from edge.store import FILE_NAME, Seal, Store
from edge.store.key import find_seal
from edge.store.resealing import key_id_of

log = logging.getLogger(__name__)

CONFIG_NAME = "muster.toml"


@dataclass(frozen=True, slots=True)
class Installation:
    """One unit's data folder with its configuration.

    Attributes:
        data: the folder.
        config: the present configuration, or the last one that worked.
        fault: why it is not the present one; empty where it is.
        text: the present one as its author wrote it; None where it is not that, or where there is no file.
    """

    data: Path
    config: config.Config
    fault: str = ""
    text: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace, *, is_told: bool = True) -> Self:
        """What ``--data`` and ``--config`` or the environment name.

        Where the unit's own configuration has faults, they are said, and the last one with which the unit was ready is taken.

        Args:
            arguments: of the command line.
            is_told: whether the faults are said; whoever says them otherwise does not want them twice.

        Raises:
            ConfigError: it has faults, and there is no such one, or the file was named by ``--config``: then that is meant.
        """
        data, text = data_folder(arguments), None
        try:
            path = configuration_file(arguments)
            text = config.read(path) if path else None
            return cls(data, config.load(None) if text is None else config.of_text(text, origin=str(path)), text=text)
        except ConfigError as error:
            before = None if getattr(arguments, "config", None) else config.last_good(data)
            if before is None:
                raise
            return cls(data, before.config, text=text).instead_of(str(error), before, is_told=is_told)

    def instead_of(self, fault: str, before: LastGood, *, is_told: bool = True) -> Self:
        """The same unit with the last configuration that worked, because of a fault of the present one, which is said.

        What the present one closes stays closed (`edge.config.narrowed`).
        """
        used = config.narrowed(before.config, self.text)
        if is_told:
            for line in fault.splitlines():
                log.warning("%s", line)
            log.warning("%s is used instead. Put right what is said above; `muster config --check` tries it.", before)
            if closed := sorted(config.differences(used, before.config)):
                log.warning("%s: as in the present one, or less, so that nothing stays open that it closes.", ", ".join(closed))
        return replace(self, config=used, fault=fault, text=None)

    def store(self) -> Store:
        """The database of the folder, opened.

        Raises:
            StoreError: there is none, or it is locked, damaged or newer than this program.
        """
        self.database()
        return self.store_or_new()

    def database(self) -> Path:
        """Where the database of the folder is.

        Raises:
            StoreError: there is none.
        """
        path = self.data / FILE_NAME
        try:
            path.stat()
        except FileNotFoundError as error:
            raise StoreError(
                f"there is no database in {self.data.absolute()}. Name the unit's data folder with --data or MUSTER_DATA, or"
                " begin one there: muster enrol FOLDER"
            ) from error
        except OSError:
            pass  # why it cannot be reached is what opening it tells
        return path

    def store_or_new(self) -> Store:
        """The database of the folder, opened; both are made where they are not there yet, for their owner alone.

        Raises:
            StoreError: the folder cannot be made, or the database is locked, damaged or newer than this program.
        """
        return Store.open(self.data / FILE_NAME, unit=self.config.unit.name, seal=self.seal())

    def seal(self) -> Seal:
        """Under which names and templates are kept here.

        Raises:
            ConfigError: there should be a key, and it cannot be read, or a unit is at work that does not know it yet.
        """
        seal = find_seal(self.config.privacy.key_file, environ=os.environ)
        if seal.key_id and wiring.at_work(self.data) is not None and key_id_of(self.data / FILE_NAME) == "":
            raise ConfigError(
                "a unit is at work that was started without the key, and once the database is sealed it could record nobody."
                " Start it anew first, which seals the database: sudo systemctl restart muster"
            )
        return seal

    @property
    def timezone(self) -> tzinfo | None:
        """For local times; None is the system's own."""
        return ZoneInfo(self.config.unit.timezone) if self.config.unit.timezone else None


def data_folder(arguments: argparse.Namespace) -> Path:
    """``--data``, or MUSTER_DATA, or ``var``."""
    return Path(getattr(arguments, "data", None) or os.environ.get("MUSTER_DATA") or "var")


def configuration(arguments: argparse.Namespace) -> config.Config:
    """What `configuration_file` names, or the defaults.

    Raises:
        ConfigError: it cannot be read, or has faults.
    """
    return config.load(configuration_file(arguments))


def configuration_file(arguments: argparse.Namespace) -> Path | None:
    """``--config``, or MUSTER_CONFIG, or ``muster.toml`` in the data folder; None where that is not there.

    Raises:
        ConfigError: the data folder may not be looked into.
    """
    named = getattr(arguments, "config", None) or os.environ.get("MUSTER_CONFIG")
    usual = data_folder(arguments) / CONFIG_NAME
    try:
        return Path(named) if named else usual if usual.exists() else None
    except OSError as error:
        raise ConfigError(
            f"{usual}: cannot be read ({error.strerror}). Be the user that owns the folder, or name another with --data."
        ) from error


def with_camera(configured: config.Config, source: str | None) -> config.Config:
    """The configuration with another camera, where ``--camera`` names one.

    Raises:
        ConfigError: there is no such camera.
    """
    if source is None:
        return configured
    checked = config.parse({"camera": {"source": source}}, origin="--camera").camera.source
    return replace(configured, camera=replace(configured.camera, source=checked))


def looking_closer(configured: config.Config) -> config.Config:
    """Finds faces of half the size too, so that "too small" or "too far" can be told from "no face"."""
    detection = configured.detection
    return replace(configured, detection=replace(detection, min_face_px=max(20, detection.min_face_px // 2)))


def say(line: str) -> None:
    """Print a line that may hold what somebody else named: no name reaches the terminal as a command."""
    print(printable(line))
