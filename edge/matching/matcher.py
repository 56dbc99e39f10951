"""Whoever gives a probe a name: what the unit asks, whichever method is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge.types import Floats, Match


@dataclass(frozen=True, slots=True)
class Rule:
    """When a person is named.

    Attributes:
        max_distance: squared L2; whoever is farther is not named.
        min_margin: nobody is named either when the nearest other person is not this much farther.
    """

    max_distance: float
    min_margin: float = 0.0


class Matcher(Protocol):
    """Names people of one gallery."""

    def match(self, probe: Floats) -> Match:
        """Who a probe template (d,) float32, a unit vector, is; nobody where the rule does not allow a name."""
