"""What is played on the guest."""

from __future__ import annotations

from rig.scenarios import cuts, door, power, share, sticks, trouble, versions
from rig.scenarios.scenario import Scenario

LANES: tuple[tuple[Scenario, ...], ...] = (
    (*sticks.SCENARIOS, *door.SCENARIOS, *share.SCENARIOS),
    (*power.SCENARIOS, *trouble.SCENARIOS, *cuts.SCENARIOS, *versions.SCENARIOS),
)
"""Lanes are played at the same time, each in its order: a guest mostly keeps one processor busy."""

__all__ = ["LANES", "Scenario"]
