"""Which data folder and which configuration a command works on."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from edge import config, wiring
from edge.errors import ConfigError, StoreError
from edge.exchange.names import printable
from edge.store import FILE_NAME, Seal, Store
from edge.store.key import find_seal
from edge.store.resealing import key_id_of

CONFIG_NAME = "muster.toml"


@dataclass(frozen=True, slots=True)
class Installation:
    """One unit's data folder with its configuration."""

    data: Path
    config: config.Config

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """What ``--data`` and ``--config`` or the environment name.

        Raises:
            ConfigError: the configuration has faults.
        """
        return cls(data_folder(arguments), configuration(arguments))

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
