"""One row of the rig's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rig.bench import Bench


def first_sentence(said: str) -> str:
    """Of what Muster said last."""
    lines = said.strip().splitlines() or [""]
    return lines[-1].removeprefix("muster: ").partition(". ")[0]


@dataclass(frozen=True)
class Scenario:
    """Something that happens to a unit on the wall, and what must follow.

    Attributes:
        name: what happens, and after a colon what must follow.
        play: plays it, and says what was seen. Whatever it raises but `Skipped` is a failure.
        leaves: a machine that others begin with, by name.
    """

    name: str
    play: Callable[[Bench], str]
    leaves: str = ""
