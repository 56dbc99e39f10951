"""How far a long piece of work is."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def with_bar(items: Sequence[Item], *, unit: str = "photograph") -> Iterable[Item]:
    """A progress bar on a terminal, when it takes longer than two seconds."""
    bar: Iterable[Item] = tqdm(items, unit=unit, delay=2, disable=None, leave=False, file=sys.stderr)
    return bar
