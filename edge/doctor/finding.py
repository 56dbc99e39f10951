"""What the doctor says of one thing: how bad it is, what there is, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        name: what was looked at.
        state: ok, warning (the unit works, and something should be seen to), or fault (it does not).
        sentence: what there is, or what is wrong.
        advice: what to do; empty when nothing needs to be done.
    """

    name: str
    state: State
    sentence: str
    advice: str = ""


def split(error: Exception | str) -> tuple[str, str]:
    """An error of ours as what is wrong and what to do: its first sentence, and the rest."""
    wrong, _, advice = " ".join(str(error).split()).partition(". ")
    return wrong, advice
