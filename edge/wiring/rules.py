"""When somebody is recognised and what it means, as the configuration states it."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.attendance import Rules, Schedule
from edge.config import AttendanceConfig, Config
from edge.device.manifest import read_spec
from edge.errors import ModelError
from edge.matching.combination import Combination
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable
from edge.matching.threshold import Budget
from edge.types import Direction
from edge.unit import Limits
from edge.vision.quality import Gates
from edge.wiring.places import manifest_path


def rules(config: Config) -> Rules:
    """The rules that the configuration states."""
    recognition, attendance, timezone = config.recognition, config.attendance, config.unit.timezone
    return Rules(
        n_least=recognition.n_least,
        n_window=recognition.n_window,
        recheck_s=recognition.recheck_s,
        duplicate_window_s=attendance.duplicate_window_s,
        direction=_direction(attendance),
        timezone=ZoneInfo(timezone) if timezone else None,
        day_ends=time.fromisoformat(attendance.day_ends),
    )


def _direction(attendance: AttendanceConfig) -> Direction | Schedule | None:
    """The punch state of every event, or the times at which it changes; None to alternate."""
    if attendance.direction == "schedule":
        items = (item.split(" ", 1) for item in attendance.schedule)
        return Schedule(tuple((time.fromisoformat(begins), Direction(state)) for begins, state in items))
    return None if attendance.direction == "alternate" else Direction(attendance.direction)


def limits(config: Config) -> Limits:
    """The limits that the configuration states."""
    return Limits(policy(config), gates(config), config.recognition.faces_per_frame)


def gates(config: Config) -> Gates:
    """When a face is not fit to be judged, as the configuration states it."""
    return Gates(**asdict(config.quality))


def policy(config: Config, *, manifest: Path | None = None) -> Policy:
    """When a face is given a name, as the configuration states it.

    Args:
        config: the budget, or a fixed distance.
        manifest: names FaceNet; ``scores.toml`` lies beside it; `manifest_path` when None.

    Raises:
        ModelError: the distance should follow the budget, and the measured scores are missing, damaged or another model's.
    """
    matching = config.matching
    rule, combination = Rule(matching.max_distance, matching.min_margin), Combination(matching.combination)
    try:
        table = _scores(manifest or manifest_path(), combination)
    except ModelError:
        if not matching.max_distance:
            raise
        # A fixed distance needs no scores; it is only that nobody can say what it means.
        return Policy(rule, combination=combination, method=matching.method)
    budget = Budget(matching.false_positives_per_year, matching.strangers_per_day)
    return Policy(rule, table, None if matching.max_distance else budget, combination, matching.method)


def _scores(manifest: Path, combination: Combination) -> ScoreTable:
    """What was measured of the model that the manifest names."""
    path, advice = manifest.with_name("scores.toml"), "Run `make scores`, or set a fixed distance: matching.max_distance."
    try:
        table = ScoreTable.of(tomllib.loads(path.read_text("utf-8")), combination)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). {advice}") from error
    except ValueError as error:  # also of tomllib, and of bytes that are no text
        raise ModelError(f"{path}: is damaged ({error}). {advice}") from error
    model = read_spec(manifest, "facenet").model
    if table.model != model:
        raise ModelError(f"{path}: holds the scores of {table.model}, and this unit has {model}. {advice}")
    return table
