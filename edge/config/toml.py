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


def load(path: Path | None) -> Config:
    """Read a TOML file; None gives the defaults.

    Raises:
        ConfigError: the file cannot be read or parsed, or holds faults: all of them are listed.
    """
    if path is None:
        return Config()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name another file with --config.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not a TOML file ({error}). `muster config --defaults` prints a correct one.") from error
    return parse(table, origin=str(path))


def parse(table: dict[str, Any], *, origin: str = "configuration") -> Config:
    """Turn nested tables into a Config.

    Raises:
        ConfigError: with one sentence for each unknown key and each value that cannot be used.
    """
    faults: list[str] = []
    config = cast(Config, _section(Config, table, "", faults))
    faults += [words for words in _contradictions(config) if _holds(words, table, faults)]
    if faults:
        raise ConfigError([f"{origin}: {fault}" for fault in faults])
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


def panel_alone(path: Path) -> Config:
    """The defaults, with as much about the panel as a file with faults says without a fault: something has to show that fault."""
    try:
        panel = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("panel", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return Config()
    told = panel if isinstance(panel, dict) else {}
    good = {key: value for key, value in told.items() if _is_good({"panel": {key: value}})}
    return parse({"panel": good}) if _is_good({"panel": good}) else Config()


def _is_good(table: dict[str, Any]) -> bool:
    try:
        parse(table)
    except ConfigError:
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
