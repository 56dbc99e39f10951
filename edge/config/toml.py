"""From TOML to a `Config`, with every fault at once, and back."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

from edge.config.lines import no_toml, placed
from edge.config.pins import conflicts
from edge.config.sections import Config
from edge.config.values import as_toml, cast_to, type_words
from edge.errors import ConfigError

MOVED = {
    "recognition.max_distance": "matching.max_distance",
    "recognition.min_margin": "matching.min_margin",
    "recognition.n_agree": "recognition.n_least",
}
"""Keys of older versions -> where they are now."""

_KEY = re.compile(r"'([a-z]+\.[a-z_]+)'")
"""How every fault names the keys that it is about."""


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
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Name a file that is there and that you may read."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(no_toml(str(path), error)) from error


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
        raise ConfigError(no_toml(origin, error, text)) from error
    try:
        return parse(table, origin="")
    except ConfigError as error:
        raise ConfigError([placed(fault, origin, text) for fault in error.faults]) from None


def parse(table: dict[str, Any], *, origin: str = "configuration") -> Config:
    """Turn nested tables into a Config.

    Raises:
        ConfigError: with one sentence for each unknown key and each value that cannot be used.
    """
    faults: list[str] = []
    config = cast(Config, _section(Config, table, "", faults))
    faults += [words for words in _contradictions(config, table) if _holds(words, table, faults)]
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
        faults.append(f"'{prefix}{key}' is not a key{_meant(key, table[key], prefix, types)}")
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
        fits, value = cast_to(value, wanted)
        fault = (item.metadata["check"] or _no_check)(value) if fits else f"must be {type_words(wanted)}"
        if fault:
            faults.append(f"'{key}' {fault}; it is {table[item.name]!r}.")
        else:
            values[item.name] = value
    return kind(**values)


def _meant(key: str, value: Any, prefix: str, known: Iterable[str]) -> str:
    """What a key may have been meant to be: one of this section, or of the only other one that has it."""
    near = difflib.get_close_matches(key, known, n=1)
    owners = [name for name, kind in get_type_hints(Config).items() if key in get_type_hints(kind)]
    if len(owners) == 1 and not isinstance(value, dict) and not (prefix and near):
        return f" {'here' if prefix else 'outside of a section'}; write it below [{owners[0]}]: it is '{owners[0]}.{key}'."
    return f"; did you mean '{prefix}{near[0]}'?" if near else f"; known here: {', '.join(known)}."


def _no_check(_: Any) -> None:
    return None


def _contradictions(config: Config, table: dict[str, Any]) -> Iterator[str]:
    """Values that are fine each and wrong together; a default is told from what the table says."""
    least, window = config.recognition.n_least, config.recognition.n_window
    if least > window:
        yield (
            f"'recognition.n_least' is {least}, larger than 'recognition.n_window', which is {window}; so many frames are never"
            f" fused. Set n_least to at most {window}, or n_window to {least} or more."
        )
    for name, place in asdict(config.placement).items():
        if place == "edgetpu" and config.accelerator.kind == "cpu":
            yield f"'placement.{name}' is 'edgetpu' and 'accelerator.kind' is 'cpu'; change one of the two."
        section = "recognition" if name == "facenet" else "detection"
        if place == "edgetpu" and getattr(config, section).variant == "float32":
            yield f"'placement.{name}' is 'edgetpu' and '{section}.variant' is 'float32', which the Edge TPU does not compute."
    if (config.attendance.direction == "schedule") != bool(config.attendance.schedule):
        yield "'attendance.schedule' and 'attendance.direction' belong together: give times and direction 'schedule', or neither."
    panel = table.get("panel")
    yield from conflicts(config.panel, written=panel if isinstance(panel, dict) else ())


def describe(config: Config) -> str:
    """The configuration as commented TOML that `load` reads back to an equal Config."""
    lines: list[str] = []
    for section in fields(Config):
        values = getattr(config, section.name)
        lines += [f"[{section.name}]  # {(type(values).__doc__ or '').splitlines()[0]}"]
        for item in fields(values):
            lines += [f"# {item.metadata['explanation']}", f"{item.name} = {as_toml(getattr(values, item.name))}"]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
