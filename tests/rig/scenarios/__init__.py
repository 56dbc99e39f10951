"""What is played on the guest, in this order."""

from __future__ import annotations

from rig.scenarios import door, power, sticks
from rig.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (*power.SCENARIOS, *sticks.SCENARIOS, *door.SCENARIOS)

__all__ = ["SCENARIOS", "Scenario"]
