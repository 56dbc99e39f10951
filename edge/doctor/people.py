"""Who is enrolled, and what they and strangers have to expect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge import wiring
from edge.config import Config
from edge.doctor.finding import Finding, State, split
from edge.errors import ConfigError, ModelError, StoreError
from edge.matching.policy import N_FUSED, Policy
from edge.matching.threshold import LOWER
from edge.store import Seal, Store
from edge.words import counted

NAMED_TOO_OFTEN = 0.5
"""Share of the strangers who are given a name; beyond it a unit tells nobody apart."""

NOBODY = "nobody is enrolled yet, so nobody is given a name"

FROM_A_BUDGET = "set matching.max_distance = 0 and a budget: matching.false_positives_per_year and strangers_per_day"

BUSY_S = 1.0
"""How long the doctor waits for a database that is in use."""


def database(path: Path, model: str | None, *, seal: Seal | None = None) -> Finding:
    """The database: whether it opens with this seal, and whether its templates can be used."""
    if path.parent.exists() and not path.parent.is_dir():
        return Finding("database", State.FAULT, f"{path.parent} is no folder", "name the data folder with --data")
    if not path.exists():
        return Finding("database", State.WARNING, f"{path} is not there yet", "enrol people: muster enrol FOLDER")
    try:
        with Store.open(path, unit="doctor", busy_timeout_s=BUSY_S, seal=seal) as store:
            n_people = len(store.people())
            usable = len(store.templates(model)[1]) if model else sum(store.models().values())
            stale = store.stale(model) if model else None
    except StoreError as error:
        return Finding("database", State.FAULT, *split(error))
    words = f"{counted(n_people, 'person')}, {counted(usable, 'template')}"
    if stale:
        state = State.FAULT if stale.is_everybody else State.WARNING
        return Finding("database", state, f"{words}; {stale}", stale.ADVICE)
    if not usable:
        return Finding("database", State.WARNING, f"{words}: nobody can be recognised", "enrol people: muster enrol FOLDER")
    return Finding("database", State.OK, words)


def matching(config: Config, path: Path, model: str | None, manifest: Path | None = None, *, seal: Seal | None = None) -> Finding:
    """What strangers and staff have to expect of the distance that follows from the budget and from who is enrolled."""
    if model is None:
        return Finding("matching", State.WARNING, "not looked at: nobody knows whose scores to take", "see to the models first")
    try:
        policy = wiring.policy(config, manifest=manifest)
        counts = _n_templates(path, model, seal)
        policy.check(len(counts))
    except (ConfigError, ModelError) as error:
        return Finding("matching", State.FAULT, *split(error))
    except StoreError:
        return Finding("matching", State.WARNING, "not looked at: nobody knows who is enrolled", "see to the database first")
    return _promised(policy, counts)


def _promised(policy: Policy, counts: Sequence[int]) -> Finding:
    """The policy's promise to people with so many templates each."""
    promise = policy.promise(counts)
    words = [str(promise) if counts else NOBODY]
    if counts:
        missed = policy.missed(promise.max_distance, min(counts))
        if missed:
            words.append(f"that is at a single look, and {N_FUSED} fused frames name up to three times as many strangers")
            words.append(f"with {counted(min(counts), 'photograph')} enrolled, {missed}")
        how = f"budget {policy.budget}" if policy.budget else "fixed by the configuration"
        words.append(f"{counted(promise.n_templates, 'template')}, distance {promise.max_distance:.3f}, {how}")
    words += filter(None, [policy.caveat, promise.shortfall])
    advice = promise.advice
    if not advice and promise.fpir > NAMED_TOO_OFTEN:
        advice = LOWER if policy.budget else FROM_A_BUDGET
    return Finding("matching", State.WARNING if advice else State.OK, "; ".join(words), advice)


def _n_templates(path: Path, model: str, seal: Seal | None) -> list[int]:
    """How many templates each person has; of nobody where there is no database."""
    if not path.exists():
        return []
    with Store.open(path, unit="doctor", busy_timeout_s=BUSY_S, seal=seal) as store:
        return list(store.n_templates(model).values())
