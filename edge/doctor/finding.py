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
    """An error of ours as what is wrong and what to do: its first sentence, and the rest.

    What others say stands in brackets in our errors, and may hold sentences of its own: those end nothing.
    """
    text, depth = " ".join(str(error).split()), 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth and text.startswith(". ", at):
            return text[:at], as_advice(text[at + 2 :])
    wrong, _, advice = text.removesuffix(".").partition(". ")  # there is one sentence, or brackets that are never closed
    return wrong, as_advice(advice)


def as_advice(sentence: str) -> str:
    """As it is printed behind an arrow: a clause, in small letters, without a full stop."""
    is_word = sentence[1:2].islower()  # and no abbreviation
    return (sentence[:1].lower() + sentence[1:] if is_word else sentence).removesuffix(".")
