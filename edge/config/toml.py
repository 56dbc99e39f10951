"""From TOML to a `Config`, with every fault at once, and back."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

from edge.config.pins import conflicts
from edge.config.sections import Config
from edge.errors import ConfigError

MOVED = {
    "recognition.max_distance": "matching.max_distance",
    "recognition.min_margin": "matching.min_margin",
    "recognition.n_agree": "recognition.n_least",
}
"""Keys of older versions -> where they are now."""

_KEY = re.compile(r"'([a-z]+\.[a-z_]+)'")
"""How every fault names the keys that it is about."""

_NAME = r"""["']?([A-Za-z0-9_-]+)["']?"""
_TABLE, _ENTRY = re.compile(rf"\s*\[\s*{_NAME}\s*\]"), re.compile(rf"\s*(?:{_NAME}\s*\.\s*)?{_NAME}\s*=")
"""A line that begins a table, and one that gives a key its value."""


def load(path: Path | None) -> Config:
    """Read a TOML file; None gives the defaults.

    Raises:
        ConfigError: the file cannot be read or parsed, or holds faults: all of them are listed.
    """
    return Config() if path is None else of_text(read(path), origin=str(path))


def read(path: Path) -> str:
    """The text of a configuration file.

    Raises:
        ConfigError: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name another file with --config.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(_no_toml(str(path), error)) from error


def of_text(text: str, *, origin: str) -> Config:
    """What a text in TOML says.

    Args:
        text: the whole of it.
        origin: what it is called; each fault begins with that and, where it can be told, with the line.

    Raises:
        ConfigError: it is no TOML, or holds faults: all of them are listed.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(_no_toml(origin, error)) from error
    try:
        return parse(table, origin="")
    except ConfigError as error:
        raise ConfigError([_placed(fault, origin, text) for fault in error.faults]) from None


def _no_toml(origin: str, error: Exception) -> str:
    return f"{origin}: not a TOML file ({error}). `muster config --defaults` prints a correct one."


def _placed(fault: str, origin: str, text: str) -> str:
    """A fault with the file and the line of the key that it names first."""
    named = re.match(r"'([^']+)'", fault)
    line = _line_of(named[1], text) if named else None
    return f"{origin}, line {line}: {fault}" if line else f"{origin}: {fault}"


def _line_of(key: str, text: str) -> int | None:
    """On which line a key or a table is written first; None for one that is not, or in a way that nobody writes by hand."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if begun := _TABLE.match(line):
            table = begun[1]
            found = table
        elif entry := _ENTRY.match(line):
            found = ".".join(filter(None, (table, *entry.groups())))
        else:
            continue
        if found == key or found.startswith(f"{key}."):
            return number
    return None


def parse(table: dict[str, Any], *, origin: str = "configuration") -> Config:
    """Turn nested tables into a Config.

    Raises:
        ConfigError: with one sentence for each unknown key and each value that cannot be used.
    """
    faults: list[str] = []
    config = cast(Config, _section(Config, table, "", faults))
    faults += [words for words in _contradictions(config) if _holds(words, table, faults)]
    if faults:
        raise ConfigError([f"{origin}: {fault}" if origin else fault for fault in faults])
    return config


def _holds(contradiction: str, table: dict[str, Any], faults: list[str]) -> bool:
    """Whether it stands however the other faults are put right: it rests on nothing that is wrong by itself.

    A key that is not written counts as wrong where its section has a fault: it may be the one that was misspelt.
    """
    wrong = {key for fault in faults for key in _KEY.findall(fault)}
    for key in _KEY.findall(contradiction):
        section, _, name = key.partition(".")
        is_written = name in table.get(section, {})
        if key in wrong or (not is_written and any(other.startswith(f"{section}.") for other in wrong)):
            return False
    return True


def _section(kind: type, table: dict[str, Any], prefix: str, faults: list[str]) -> object:
    types = get_type_hints(kind)
    for key in (key for key in table if key not in types):
        if prefix + key in MOVED:
            faults.append(f"'{prefix}{key}' is now '{MOVED[prefix + key]}'.")
            continue
        near = difflib.get_close_matches(key, types, n=1)
        hint = f"; did you mean '{prefix}{near[0]}'?" if near else f"; known here: {', '.join(types)}."
        faults.append(f"'{prefix}{key}' is not a key{hint}")
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name not in table:
            continue
        key, value, wanted = prefix + item.name, table[item.name], types[item.name]
        if is_dataclass(wanted):
            if isinstance(value, dict):
                values[item.name] = _section(cast(type, wanted), value, f"{key}.", faults)
            else:
                faults.append(f"'{key}' must be a table: write [{key}].")
            continue
        fits, value = _cast(value, wanted)
        fault = (item.metadata["check"] or _no_check)(value) if fits else f"must be {_type_words(wanted)}"
        if fault:
            faults.append(f"'{key}' {fault}; it is {table[item.name]!r}.")
        else:
            values[item.name] = value
    return kind(**values)


def _no_check(_: Any) -> None:
    return None


def _cast(value: Any, wanted: Any) -> tuple[bool, Any]:
    """Whether a TOML value is of the wanted type, and the value in that type. A bool is no number."""
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            return False, value
        items = [_cast(item, get_args(wanted)[0]) for item in value]
        return all(fits for fits, _ in items), tuple(item for _, item in items)
    if wanted is float and type(value) is int:
        return True, float(value)
    return type(value) is wanted, value


def _type_words(wanted: Any) -> str:
    if get_origin(wanted) is tuple:
        return f"a list, each item {_type_words(get_args(wanted)[0])}"
    return {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}[wanted]


def _contradictions(config: Config) -> Iterator[str]:
    """Values that are fine each and wrong together."""
    if config.recognition.n_least > config.recognition.n_window:
        yield "'recognition.n_least' is larger than 'recognition.n_window'; so many frames are never fused."
    for name, place in asdict(config.placement).items():
        if place == "edgetpu" and config.accelerator.kind == "cpu":
            yield f"'placement.{name}' is 'edgetpu' and 'accelerator.kind' is 'cpu'; change one of the two."
        section = "recognition" if name == "facenet" else "detection"
        if place == "edgetpu" and getattr(config, section).variant == "float32":
            yield f"'placement.{name}' is 'edgetpu' and '{section}.variant' is 'float32', which the Edge TPU does not compute."
    if (config.attendance.direction == "schedule") != bool(config.attendance.schedule):
        yield "'attendance.schedule' and 'attendance.direction' belong together: give times and direction 'schedule', or neither."
    yield from conflicts(config.panel)


def describe(config: Config) -> str:
    """The configuration as commented TOML that `load` reads back to an equal Config."""
    lines: list[str] = []
    for section in fields(Config):
        values = getattr(config, section.name)
        lines += [f"[{section.name}]  # {(type(values).__doc__ or '').splitlines()[0]}"]
        for item in fields(values):
            lines += [f"# {item.metadata['explanation']}", f"{item.name} = {_toml(getattr(values, item.name))}"]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        # TOML basic strings escape as JSON does, except that DEL must be escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
