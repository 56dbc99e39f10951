"""What is played on the guest."""

from __future__ import annotations

from rig.scenarios import cuts, door, hangs, power, share, sticks, trouble, versions
from rig.scenarios.scenario import Scenario

LANES: tuple[tuple[Scenario, ...], ...] = (
    (*power.SCENARIOS, *trouble.SCENARIOS, *cuts.SCENARIOS),
    (*sticks.SCENARIOS, *door.SCENARIOS),
    (*versions.SCENARIOS, *share.SCENARIOS, *hangs.SCENARIOS),
)
"""Lanes are played at the same time, each in its order. A guest mostly keeps one processor busy; the last ones wait a lot."""

__all__ = ["LANES", "Scenario"]
