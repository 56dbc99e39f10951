"""How a module of this package is begun as a process of its own."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

HOME = str(Path(__file__).parents[1])
"""The folder in which Python finds the package `edge`."""


def command(module: str) -> tuple[str, ...]:
    """What runs a module. -P: what lies in the folder that muster was called in is no part of it."""
    return (sys.executable, "-P", "-m", module)


def environment(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's variables and the new one's own; it finds this very package, also where it is not installed."""
    merged = {**os.environ, **(own or {})}
    if sysconfig.get_path("purelib") != HOME:
        merged["PYTHONPATH"] = os.pathsep.join(filter(None, [HOME, merged.get("PYTHONPATH")]))
    return merged
