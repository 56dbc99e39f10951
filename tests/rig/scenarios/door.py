"""Faces walk up."""

from __future__ import annotations

SCENARIOS = ()
