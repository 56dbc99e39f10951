"""Whether a unit takes more and more: memory, descriptors, threads."""

from __future__ import annotations

from collections.abc import Iterator

from soak.measure import growth, late
from soak.plan import Plan

MOST_GROWTH = 0.01
METHOD_CACHE, SHORT = 4.096, 50_000
"""Thousands of Python's pieces that a run of fewer frames may gain beside that: names that C code looks up are kept in the method
cache of CPython 3.11, which has so many places and fills slowly (Objects/typeobject.c); 60 bytes each."""
WARM, LATEST_WARM = 0.3, 0.5
"""Share of the frames before memory counts: three tenths, or more until everybody was there once, but not more than half. Of
everybody who has come the unit keeps when that was, and with each the pages of the database that are held fill."""
FEWEST = 50
"""Samples from then on; with fewer nothing is judged, and that is a fault."""
KINDS = {
    "rss": "RSS, MB",
    "uss": "USS, MB",
    "pss": "PSS, MB",
    "heap": "handed out by malloc, MB",
    "blocks": "Python's pieces, thousands",
}


def resources(samples: list[dict[str, int]], plan: Plan, figures: dict[str, str]) -> Iterator[str]:
    """Memory does not grow, descriptors and threads stay as many as they are.

    Args:
        samples: of the whole run.
        plan: says from when on they count.
        figures: gets what was measured.
    """
    warm, n_turns = warm_turn(plan), len(plan.ticks)
    before, counted = ([each for each in samples if (each["turn"] >= warm) is is_warm] for is_warm in (False, True))
    if len(counted) < FEWEST:
        yield f"memory was looked at only {len(counted)} times once everything was warm; {FEWEST} times are the least"
        return
    figures["counted"] = f"from frame {warm:,} of {n_turns:,}, hour {plan.hour(warm):.1f} of {plan.hour(n_turns - 1):.1f}"
    for kind in KINDS:
        if kind not in counted[0]:
            figures[_called(kind)] = "not known here, and not judged: glibc says it from 2.33 on"
            continue
        yield from _grown(kind, (before, counted), n_turns, figures)
    for kind in ("descriptors", "threads"):
        found = {each[kind] for each in samples}
        figures[kind] = ", ".join(map(str, sorted(found)))
        if len(found) > 1:
            yield f"not always as many {kind}: {min(found)} to {max(found)}"


def warm_turn(plan: Plan) -> int:
    """From which turn on memory counts."""
    n = len(plan.ticks)
    return int(min(max(WARM * n, plan.everybody_by), LATEST_WARM * n))


def _grown(
    kind: str, samples: tuple[list[dict[str, int]], list[dict[str, int]]], n_turns: int, figures: dict[str, str]
) -> Iterator[str]:
    """One kind of memory: by its slope, reckoned for the whole run, and by how far its end is above its beginning."""
    before, values = ([each[kind] / 1000 for each in part] for part in samples)
    slope, rise = growth([each["turn"] for each in samples[1]], values, n_turns=n_turns), late(values)
    is_cached = kind == "blocks" and n_turns < SHORT
    allowed = MOST_GROWTH + (METHOD_CACHE / values[0] if is_cached else 0.0)
    figures[_called(kind)] = (
        f"{slope:+.2%} in so many frames by the slope, {rise:+.2%} from the first tenth to the last; allowed {allowed:.2%}"
        f"{' (a cache of Python fills)' if is_cached else ''}; from {values[0]:.1f} to {values[-1]:.1f}, {len(values)} samples"
        + (f"; before that from {before[0]:.1f}" if before else "")
    )
    if not (slope <= allowed and rise <= allowed) and kind != "pss":  # of that others who map the same libraries have a say
        yield f"memory grew: {KINDS[kind]} by {slope:.2%}, at the end {rise:.2%}"


def _called(kind: str) -> str:
    return f"memory, {KINDS[kind]}"
