"""What is played on the guest."""

from __future__ import annotations

from rig.scenarios import cuts, door, hangs, power, share, sticks, trouble, versions
from rig.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *sticks.PAIRING,
    *versions.SCENARIOS,
    *cuts.SCENARIOS,
    *hangs.SCENARIOS,
    *share.SCENARIOS,
    *door.SCENARIOS,
    *sticks.SCENARIOS,
    *power.SCENARIOS,
    *trouble.SCENARIOS,
)
"""What leaves a machine for others comes first, then what takes long, so that those played at the same time end together."""

__all__ = ["SCENARIOS", "Scenario"]
