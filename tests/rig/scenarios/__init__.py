"""What is played on the guest, in this order."""

from __future__ import annotations

from rig.scenarios import cuts, door, power, share, sticks, trouble, versions
from rig.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *power.SCENARIOS,
    *sticks.SCENARIOS,
    *door.SCENARIOS,
    *share.SCENARIOS,
    *trouble.SCENARIOS,
    *cuts.SCENARIOS,
    *versions.SCENARIOS,
)

__all__ = ["SCENARIOS", "Scenario"]
