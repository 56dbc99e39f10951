"""What is played on the guest."""

from __future__ import annotations

from rig.scenarios import cuts, door, hangs, power, share, sticks, trouble, versions
from rig.scenarios.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *sticks.PAIRING,
    *versions.SCENARIOS,
    *cuts.SCENARIOS,
    *hangs.SCENARIOS,
    *power.SCENARIOS,
    *share.SCENARIOS,
    *sticks.SCENARIOS,
    *door.SCENARIOS,
    *trouble.SCENARIOS,
)
"""What leaves a machine for others comes first, then what takes long: some are played at the same time."""

__all__ = ["SCENARIOS", "Scenario"]
