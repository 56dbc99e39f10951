"""Which Python packages are installed, and whether one of them is not what its name promises."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import Distribution

GENUINE_PYCORAL = "pycoral/utils/edgetpu.py"
"""Google's pycoral, and what is built from it, has this file."""

REEFS = "coral atlas"
"""`pycoral` on PyPI is "Simple CLI for Allen Coral Atlas" (0.2.0, S. Roy): it maps reefs."""

PYCORALS = ("pycoral", "pycoral-pi5")
"""Distributions that bring a package called pycoral; the second is a stub that cannot be imported."""


def installed(name: str, packages: Sequence[str] | None = None) -> Distribution | None:
    """A distribution by its name.

    Args:
        name: as pip calls it.
        packages: folders to look in; those of this interpreter when None.
    """
    found = Distribution.discover(name=name) if packages is None else Distribution.discover(name=name, path=list(packages))
    return next(iter(found), None)


def pycoral(packages: Sequence[str] | None = None) -> Distribution | None:
    """What is installed under the name of Coral's Python library, genuine or not."""
    return next((found for name in PYCORALS if (found := installed(name, packages))), None)


def is_genuine_pycoral(distribution: Distribution) -> bool:
    """Whether it is Coral's library. Debian's packages list no files; then its description decides."""
    if REEFS in summary(distribution).lower():
        return False
    return distribution.files is None or any(file.as_posix() == GENUINE_PYCORAL for file in distribution.files)


def summary(distribution: Distribution) -> str:
    """What the distribution says about itself in one line."""
    return str(distribution.metadata.json.get("summary", ""))
