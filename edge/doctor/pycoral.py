"""Coral's own Python library, which Muster does not need, and what is mistaken for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.device import packages
from edge.device.tpu.listing import list_edge_tpus
from edge.doctor.finding import Finding, State


def pycoral(folders: Sequence[str] | None, *, ask: Callable[[], list[str]] = list_edge_tpus) -> Finding:
    """Whether pycoral, if it is there, is Coral's, and which Edge TPUs it lists then.

    Args:
        folders: of installed packages; this interpreter's own when None.
        ask: what a genuine one lists.
    """
    found = packages.pycoral(folders)
    if found is None:
        return Finding("pycoral", State.OK, "not installed, and not needed")
    words = f"{found.name} {found.version}"
    if packages.is_genuine_pycoral(found):
        return Finding("pycoral", State.OK, f"{words}, not needed; {_listed(ask)}")
    return Finding(
        "pycoral",
        State.WARNING,
        f"{words} is not Coral's library, which PyPI does not have: its summary is {packages.summary(found)!r}",
        f"pip uninstall {found.name}; Muster needs none",
    )


def _listed(ask: Callable[[], list[str]]) -> str:
    try:
        return f"it lists {', '.join(ask()) or 'no Edge TPU'}"
    except (ValueError, OSError) as error:
        return f"it {error}"
