"""The configuration: frozen dataclasses are schema, defaults and documentation at once.

`load` reads a TOML file and returns a `Config`, or raises one ConfigError that lists every fault. `describe` writes
the same dataclasses back as commented TOML; ``deploy/muster.toml`` is made by it.
"""

from __future__ import annotations

import difflib
import json
import tomllib
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

from edge.errors import ConfigError

Check = Callable[[Any], str | None]
"""Takes a value of the right type; returns what is wrong with it ("must be ..."), or None."""

VARIANT_HELP = "float32, int8, or auto: what models/manifest.toml names for the CPU."
PANEL_KIND_HELP = "gpio, mock (gpiozero's mock pins, shown in the terminal), none, or auto: gpio where there are pins."

BCM_PINS = 28
"""GPIO0 to GPIO27 are on the 40-pin header (Raspberry Pi documentation, "GPIO and the 40-pin header")."""


def between(low: float, high: float) -> Check:
    """Accept numbers in [low, high]."""
    return lambda value: None if low <= value <= high else f"must lie between {low} and {high}"


def one_of(*words: str) -> Check:
    """Accept one of a few words."""
    return lambda value: None if value in words else f"must be one of {', '.join(map(repr, words))}"


def _camera_source(value: str) -> str | None:
    kind, _, rest = value.partition(":")
    fine = value == "pi" or (kind == "usb" and rest.isdecimal()) or (kind == "replay" and rest != "")
    return None if fine else "must be 'pi', 'usb:N' (N as in /dev/videoN) or 'replay:PATH' (a folder or a video)"


def _timezone(value: str) -> str | None:
    fine = value == "" or value in zoneinfo.available_timezones()
    return None if fine else "must be a name such as 'Europe/Vienna', or empty for the system's own"


def _three_scores(value: tuple[float, ...]) -> str | None:
    fine = len(value) == 3 and all(0 < score < 1 for score in value)
    return None if fine else "must be three numbers between 0 and 1"


def _nonempty(value: str) -> str | None:
    return None if value.strip() else "must not be empty"


def option(default: Any, explanation: str, check: Check | None = None) -> Any:
    """A dataclass field with its documentation and its check."""
    return field(default=default, metadata={"explanation": explanation, "check": check})


@dataclass(frozen=True, slots=True)
class UnitConfig:
    """The unit itself."""

    name: str = option("muster-1", "Written into every event row. Give each unit its own.", _nonempty)
    timezone: str = option("", "IANA name, for local times and for when a day begins. Empty: the system's own.", _timezone)


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where frames come from."""

    source: str = option("pi", "pi, usb:N (/dev/videoN), or replay:PATH (a folder of pictures, or a video).", _camera_source)
    width: int = option(640, "Pixels.", between(64, 4096))
    height: int = option(480, "Pixels.", between(64, 4096))
    fps: float = option(15.0, "Frames per second asked of the camera; the frame clock of a replay.", between(0.1, 240))


@dataclass(frozen=True, slots=True)
class DetectionConfig:
    """MTCNN (Zhang et al. 2016)."""

    min_face_px: int = option(60, "Smaller faces (the longer side of their box) are not found.", between(20, 1000))
    scale_factor: float = option(0.709, "From one level of the pyramid to the next. 0.709 halves the area.", between(0.3, 0.95))
    thresholds: tuple[float, ...] = option((0.6, 0.7, 0.7), "Scores that a box must reach after P-, R- and O-Net.", _three_scores)
    variant: str = option("auto", VARIANT_HELP, one_of("auto", "float32", "int8"))


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """FaceNet (Schroff et al. 2015) and the decision along a track."""

    max_distance: float = option(
        0.8,
        "Squared L2 up to which a face is the same person. Higher lets strangers in, lower keeps staff out.",
        between(0.0, 4.0),
    )
    min_margin: float = option(0.0, "How much farther the nearest other person must be.", between(0.0, 4.0))
    n_agree: int = option(3, "So many frames of a track must agree ...", between(1, 30))
    n_window: int = option(5, "... among so many of the latest.", between(1, 60))
    faces_per_frame: int = option(2, "At most so many faces are judged in one frame, the largest first.", between(1, 16))
    recheck_s: float = option(
        1.0, "A person whose track is settled is looked at again after so many seconds.", between(0.0, 60.0)
    )
    variant: str = option("auto", VARIANT_HELP, one_of("auto", "float32", "int8"))
    threads: int = option(2, "CPU threads of the networks.", between(1, 16))


@dataclass(frozen=True, slots=True)
class AttendanceConfig:
    """What a recognised face means."""

    duplicate_window_s: float = option(
        60.0, "A second time within so many seconds is answered 'already'.", between(0.0, 60_000_000.0)
    )
    direction: str = option(
        "alternate", "alternate (in first each day, then out, in, ...), in, or out.", one_of("alternate", "in", "out")
    )


@dataclass(frozen=True, slots=True)
class PanelConfig:
    """LEDs and buzzer; pins are BCM numbers, -1 leaves one out."""

    kind: str = option("auto", PANEL_KIND_HELP, one_of("auto", "gpio", "mock", "none"))
    red_pin: int = option(17, "Red LED, or the red leg of an RGB LED.", between(-1, BCM_PINS - 1))
    green_pin: int = option(27, "Green LED, or the green leg of an RGB LED.", between(-1, BCM_PINS - 1))
    blue_pin: int = option(-1, "Blue leg; naming it makes the three one RGB LED.", between(-1, BCM_PINS - 1))
    buzzer_pin: int = option(22, "Active buzzer.", between(-1, BCM_PINS - 1))


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """Where attendance rows are delivered."""

    destinations: tuple[str, ...] = option((), "Folders, for example a mounted stick or share. They must be there already.")


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; each field is one TOML table."""

    unit: UnitConfig = UnitConfig()
    camera: CameraConfig = CameraConfig()
    detection: DetectionConfig = DetectionConfig()
    recognition: RecognitionConfig = RecognitionConfig()
    attendance: AttendanceConfig = AttendanceConfig()
    panel: PanelConfig = PanelConfig()
    sync: SyncConfig = SyncConfig()


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
    if not faults:
        faults += _contradictions(config)
    if faults:
        raise ConfigError([f"{origin}: {fault}" for fault in faults])
    return config


def _section(kind: type, table: dict[str, Any], prefix: str, faults: list[str]) -> object:
    types = get_type_hints(kind)
    for key in (key for key in table if key not in types):
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
    if config.recognition.n_agree > config.recognition.n_window:
        yield "'recognition.n_agree' is larger than 'recognition.n_window'; so many frames can never agree."
    pins: dict[int, str] = {}
    for name in ("red_pin", "green_pin", "blue_pin", "buzzer_pin"):
        pin = getattr(config.panel, name)
        if pin >= 0 and pin in pins:
            yield f"'panel.{name}' is {pin}, and so is 'panel.{pins[pin]}'; give each its own pin."
        pins.setdefault(pin, name)


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
