"""Coral's own Python library, which Muster does not need, and what is mistaken for it."""

from __future__ import annotations

from collections.abc import Sequence

from edge.device import packages
from edge.doctor.finding import Finding, State


def pycoral(folders: Sequence[str] | None) -> Finding:
    """Whether pycoral, if it is there, is Coral's."""
    found = packages.pycoral(folders)
    if found is None:
        return Finding("pycoral", State.OK, "not installed, and not needed")
    words = f"{found.name} {found.version}"
    if packages.is_genuine_pycoral(found):
        return Finding("pycoral", State.OK, words)
    return Finding(
        "pycoral",
        State.WARNING,
        f"{words} is not Coral's library, which PyPI does not have: its summary is {packages.summary(found)!r}",
        f"pip uninstall {found.name}; Muster needs none",
    )
