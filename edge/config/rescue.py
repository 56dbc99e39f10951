"""What a configuration with faults still says about the panel: something has to show that fault."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from edge.config.pins import PIN_KEYS
from edge.config.sections import Config, PanelConfig
from edge.config.toml import parse, read
from edge.errors import ConfigError

LEFT_OUT = -1


def panel_alone(path: Path) -> Config:
    """The defaults, with as much about the panel as the file says without a fault.

    Each pin is the file's own where that is right and no other has it yet, else the default one, else none. The red LED comes
    first: it is what shows a fault.
    """
    told = _panel_of(path)
    panel = {key: told[key] for key in ("kind", "reserved") if key in told and _is_good({key: told[key]})}
    pins = dict.fromkeys(PIN_KEYS, LEFT_OUT)
    for key in PIN_KEYS:
        for pin in (told.get(key), getattr(PanelConfig(), key)):
            if pin is not None and _is_good(panel | pins | {key: pin}):
                pins[key] = pin
                break
    return parse({"panel": panel | pins})


def _panel_of(path: Path) -> dict[str, Any]:
    try:
        panel = tomllib.loads(read(path)).get("panel", {})
    except (ConfigError, tomllib.TOMLDecodeError, RecursionError):
        return {}
    return panel if isinstance(panel, dict) else {}


def _is_good(panel: dict[str, Any]) -> bool:
    try:
        parse({"panel": dict.fromkeys(PIN_KEYS, LEFT_OUT) | panel})
    except ConfigError:
        return False
    return True
