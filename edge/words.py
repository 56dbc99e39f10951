"""Counts and shares as the office reads them."""

from __future__ import annotations

IRREGULAR = {"person": "people", "recovery": "recoveries"}


def counted(n: int, thing: str) -> str:
    """How many of something: "1 photograph", "1,200 people"; the last word of ``thing`` is what is counted."""
    return f"{n:,} {thing if n == 1 else IRREGULAR.get(thing, f'{thing}s')}"


def share(rate: float) -> str:
    """A measured share of 0 to 1 in whole per cent, and never as a certainty, which no measurement gives."""
    if rate < 0.01:
        return "fewer than 1 %"
    return "more than 99 %" if rate > 0.99 else f"{100 * rate:.0f} %"
