"""What a configuration with a fault elsewhere still closes: that holds, whichever configuration takes its place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from edge.config.sections import Config
from edge.config.toml import parse
from edge.errors import ConfigError

_SECTIONS = frozenset(section.name for section in fields(Config))


def narrowed(before: Config, text: str | None) -> Config:
    """The last configuration that worked, which gives nobody more than the present one means to give.

    Sticks that nobody has paired stay shut out, nothing is delivered to where it is no longer to go, and a backup is for whoever
    may read it now. All else is as it was before.

    Args:
        before: the last one that worked.
        text: the present one, as far as it can be read; what it does not tell beyond doubt is left as it was.
    """
    table = _table(text or "")
    stick, sync, backup = (_told(table, name) for name in ("stick", "sync", "backup"))
    if stick and stick.policy == "paired":
        before = replace(before, stick=stick)
    if sync:
        both = tuple(name for name in before.sync.destinations if name in sync.destinations)
        before = replace(before, sync=replace(before.sync, destinations=both))
    return replace(before, backup=backup) if backup else before


def differences(one: Config, other: Config) -> Iterator[str]:
    """The keys that do not say the same in both, as in 'stick.policy'."""
    for section in _SECTIONS:
        ours, theirs = getattr(one, section), getattr(other, section)
        yield from (f"'{section}.{key.name}'" for key in fields(ours) if getattr(ours, key.name) != getattr(theirs, key.name))


def _table(text: str) -> dict[str, Any]:
    """What it says; where it is no TOML, nothing is certain, as if there were a section that nobody knows."""
    try:
        return tomllib.loads(text) or {"": {}}
    except (tomllib.TOMLDecodeError, RecursionError):
        return {"": {}}


def _told(table: dict[str, Any], name: str) -> Any:
    """One section; None where it has a fault, or is missing where it may be the one that was misspelt."""
    if name not in table and not set(table) <= _SECTIONS:
        return None
    try:
        return getattr(parse({name: table.get(name, {})}), name)
    except ConfigError:
        return None
