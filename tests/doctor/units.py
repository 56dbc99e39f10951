"""What the tests of the doctor on the Edge TPU say to each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.doctor import Finding, State

NOWHERE = Path("/nonexistent")
FINE = Finding("models", State.OK, "fine")
NETWORKS = ("pnet", "rnet", "onet", "facenet")

Examine = Callable[..., dict[str, Finding]]
