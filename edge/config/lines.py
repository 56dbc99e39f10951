"""Where in its file a fault is, and what is wrong with a line that is no TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import get_origin, get_type_hints

from edge.config.sections import Config
from edge.config.values import as_toml, type_words

_NAME = r"""["']?([A-Za-z0-9_-]+)["']?"""
_TABLE, _ENTRY = re.compile(rf"\s*\[\s*{_NAME}\s*\]"), re.compile(rf"\s*(?:{_NAME}\s*\.\s*)?{_NAME}\s*=")
"""A line that begins a table, and one that gives a key its value."""

_AT = re.compile(r"\(at line (\d+), column \d+\)$")
"""How the parser ends what it says of a fault."""


def placed(fault: str, origin: str, text: str) -> str:
    """A fault with the file and the line of the key that it names first."""
    named = re.match(r"'([^']+)'", fault)
    line = _line_of(named[1], text) if named else None
    return f"{origin}, line {line}: {fault}" if line else f"{origin}: {fault}"


def no_toml(origin: str, error: Exception, text: str = "") -> str:
    """Why a text is no TOML; where a value lacks its quotes or is no number, with its key and what to write."""
    at = _AT.search(str(error))
    hint = _unquoted(text, int(at[1])) if at else ""
    if at and hint:
        return f"{origin}, line {at[1]}: {hint}"
    return f"{origin}: not a TOML file ({error}). `muster config --defaults` prints a correct one."


def _line_of(key: str, text: str) -> int | None:
    """On which line a key or a table is written first; None for one that is not, or in a way that nobody writes by hand."""
    return next((line for line, found, _ in _entries(text) if found == key or found.startswith(f"{key}.")), None)


def _entries(text: str) -> Iterator[tuple[int, str, str]]:
    """Each line that begins a table or gives a key its value: its number, the whole key, what stands behind it."""
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if begun := _TABLE.match(line):
            table = begun[1]
            yield number, table, ""
        elif entry := _ENTRY.match(line):
            yield number, ".".join(filter(None, (table, *entry.groups()))), line[entry.end() :]


def _unquoted(text: str, line: int) -> str:
    """What to write where a line gives a key a value that is none in TOML; empty where that is not what is wrong."""
    key, value = next(((key, value) for number, key, value in _entries(text) if number == line), ("", ""))
    value = value.partition("#")[0].strip()
    if not value or value[0] in "\"'[{" or _is_toml(value):
        return ""
    section, _, name = key.rpartition(".")
    wanted = get_type_hints(get_type_hints(Config).get(section, Config)).get(name, str)
    if is_dataclass(wanted):
        return f"'{key}' must be a table: write [{key}]."
    bare = value.strip("\u201c\u201d\u201e\u2018\u2019")
    if wanted is str:
        return f"'{key}' must be {type_words(str)}: put it in quotes, {name} = {as_toml(bare)}."
    if get_origin(wanted) is tuple:
        return f"'{key}' must be {type_words(wanted)}, such as {name} = {as_toml(_default(section, name) or (bare,))}."
    if wanted in (int, float):
        digits = re.search(r"\d+", value)
        return f"'{key}' must be a number such as {digits[0] if digits else _default(section, name)}; it is {value!r}."
    return f"'{key}' must be {type_words(wanted)}; it is {value!r}."


def _is_toml(value: str) -> bool:
    try:
        tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return False
    return True


def _default(section: str, name: str) -> object:
    return getattr(getattr(Config(), section), name)
