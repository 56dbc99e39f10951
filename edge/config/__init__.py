"""The configuration: frozen dataclasses are schema, defaults and documentation at once.

`load` reads a TOML file and returns a `Config`, or raises one ConfigError that lists every fault. `describe` writes
the same dataclasses back as commented TOML; ``deploy/muster.toml`` is made by it.
"""

from edge.config.last_good import LastGood, digest, keep, last_good
from edge.config.lines import placed
from edge.config.narrow import differences, narrowed
from edge.config.rescue import panel_alone
from edge.config.sections import (
    AcceleratorConfig,
    AttendanceConfig,
    BackupConfig,
    CameraConfig,
    Config,
    DetectionConfig,
    LedgerConfig,
    MatchingConfig,
    PanelConfig,
    PlacementConfig,
    PrivacyConfig,
    QualityConfig,
    RecognitionConfig,
    StickConfig,
    SyncConfig,
    UnitConfig,
)
from edge.config.toml import describe, load, of_text, parse, read

__all__ = [
    "AcceleratorConfig",
    "AttendanceConfig",
    "BackupConfig",
    "CameraConfig",
    "Config",
    "DetectionConfig",
    "LastGood",
    "LedgerConfig",
    "MatchingConfig",
    "PanelConfig",
    "PlacementConfig",
    "PrivacyConfig",
    "QualityConfig",
    "RecognitionConfig",
    "StickConfig",
    "SyncConfig",
    "UnitConfig",
    "describe",
    "differences",
    "digest",
    "keep",
    "last_good",
    "load",
    "narrowed",
    "of_text",
    "panel_alone",
    "parse",
    "placed",
    "read",
]
