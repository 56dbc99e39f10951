"""Texts in CSV cells that no spreadsheet takes for a formula.

A cell that begins with ``= + - @``, a tab or a line break is run as a formula by spreadsheets (OWASP, "CSV Injection").
Such a text gets an apostrophe in front, and so does one that begins with an apostrophe itself: so every text comes back
exactly.
"""

from __future__ import annotations

_RISKY = tuple("=+-@＝＋－＠")
_TO_GUARD = ("'", "\t", "\r", "\n")


def guard(text: str) -> str:
    """The text as it may stand in a cell."""
    return f"'{text}" if text.startswith(_TO_GUARD) or text.lstrip().startswith(_RISKY) else text


def unguard(cell: str) -> str:
    """The text that `guard` was given."""
    return cell.removeprefix("'")
