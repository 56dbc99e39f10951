"""What the configuration says about names, as something that makes a matcher of any gallery."""

from __future__ import annotations

from dataclasses import dataclass

from edge.matching.gallery import Gallery, NearestTemplate
from edge.matching.matcher import Matcher, Rule


@dataclass(frozen=True)
class Policy:
    """How names are given on this unit, whoever is enrolled.

    Attributes:
        rule: when a person is named.
    """

    rule: Rule

    def matcher(self, gallery: Gallery) -> Matcher:
        """What names the people of a gallery."""
        return NearestTemplate(gallery, self.rule)
