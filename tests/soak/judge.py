"""Compares what a unit did with what had to come of the plan."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from soak.measure import growth
from soak.oracle import Expected, Row
from soak.plan import TICKS_PER_S, Plan

from edge import ledger
from edge.store import FILE_NAME, Store

MOST_GROWTH = 0.01
METHOD_CACHE = 4.096
"""Thousands of Python's pieces beside that: names that C code looks up are kept in the method cache of CPython 3.11, which has so
many places and fills slowly (Objects/typeobject.c); 60 bytes each."""
WARM, LATEST_WARM = 0.3, 0.5
"""Share of the frames before memory counts: a third, or more until everybody was there once, but not more than half."""
KINDS = {
    "rss": "RSS, MB",
    "uss": "USS, MB",
    "pss": "PSS, MB",
    "heap": "handed out by malloc, MB",
    "blocks": "Python's pieces, thousands",
}
WATCHDOG_S, FEEDS = 90.0, 4
ANSWERS = {"accepted", "accepted, clock not trusted", "already", "not in database"}


@dataclass
class Trace:
    """What the process wrote down, by kind."""

    signals: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, int]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    rest: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Trace:
        """From its file."""
        trace = cls()
        kinds = {"signal": trace.signals, "sample": trace.samples, "said": trace.said}
        for line in path.read_text(encoding="utf-8").splitlines():
            values = json.loads(line)
            kinds.get(values["what"], trace.rest).append(values)
        return trace


@dataclass
class Finding:
    """What is wrong, and what was measured."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)

    def table(self) -> str:
        """All of it."""
        width = max(map(len, self.figures), default=0)
        return "\n".join([*(f"{name:{width}}  {value}" for name, value in self.figures.items()), *self.faults])


def judged(folder: Path, plan: Plan, wanted: Expected) -> Finding:
    """What is wrong with a run that is over."""
    trace, found = Trace.read(folder / "trace"), Finding()
    with closing(sqlite3.connect(f"file:{folder / 'data' / FILE_NAME}?mode=ro", uri=True)) as database:
        sql = "SELECT event_id, kind, person_code, at_utc, direction, clock_ok, corrects FROM event ORDER BY seq"
        written = database.execute(sql).fetchall()
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    found.faults += [] if integrity == "ok" else [f"the database is damaged: {integrity}"]
    found.faults += _rows(written, wanted)
    found.faults += answers(trace.signals, wanted)
    found.faults += order(trace.signals, [row[0] for row in written if row[1] == "punch"])
    found.faults += _chain(folder / "data" / FILE_NAME)
    found.faults += _delivered(folder / "share", [row[0] for row in written])
    found.faults += _housekeeping(trace, plan, wanted)
    found.faults += _log((folder / "data" / "unit.log").read_text(encoding="utf-8").splitlines())
    warm = warm_turn(plan)
    found.faults += resources([each for each in trace.samples if each["turn"] >= warm], found.figures)
    _count(found.figures, trace, written, wanted)
    return found


def _rows(written: Iterable[tuple[Any, ...]], wanted: Expected) -> Iterator[str]:
    """Every row that must be there exactly once, and no other."""
    rows, times = {}, {}
    for event_id, kind, code, at_utc, direction, clock_ok, corrects in written:
        if kind == "punch":
            rows[event_id] = Row(code, at_utc, direction, bool(clock_ok))
        elif kind == "time" and corrects in rows and corrects not in times:
            times[corrects] = at_utc
        else:
            yield f"a row is not expected: {kind} of {code} at {at_utc}"
    found = Counter(row._replace(time=times.get(event_id, "")) for event_id, row in rows.items())
    yield from differences("row", Counter(wanted.rows), found)


def differences(what: str, wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    """What is missing, and what is too much."""
    for words, left in (("missing", wanted - found), ("not expected", found - wanted)):
        if left:
            yield f"{words}: {left.total():,} {what}s; the first is {min(left)}"


def answers(signals: Iterable[dict[str, Any]], wanted: Expected) -> Iterator[str]:
    """Every answer in its frame, and FAULT as often as the camera was lost."""
    signals = list(signals)
    found = Counter((each["turn"], each["signal"]) for each in signals if each["signal"] in ANSWERS)
    yield from differences("answer", +wanted.answers, found)
    n_faults = sum(each["signal"] == "fault" for each in signals)
    if n_faults != wanted.n_losses:
        yield f"the camera was lost {wanted.n_losses} times, and FAULT shown {n_faults} times"


def order(signals: Iterable[dict[str, Any]], punches: list[str]) -> Iterator[str]:
    """With each answer *accepted* the latest row is a new one, its own."""
    latest = [each for each in signals if each["signal"].startswith("accepted")]
    early, seen = [], set[str]()
    for each in latest:
        if each["row"] in seen or each["row"] is None:
            early.append(each)
        seen.add(each["row"])
    if early:
        yield f"{len(early):,} answers were given before the row could be read; the first in turn {early[0]['turn']}"
    if [each["row"] for each in latest] != punches:
        yield "the answers do not follow the rows one by one"


def _chain(path: Path) -> Iterator[str]:
    with Store.open_to_read(path, unit="judge") as store:
        for finding in ledger.verify(store.entries(), n_written=store.n_written()):
            yield f"the chain is broken: {finding}"


def _delivered(share: Path, written: list[str]) -> Iterator[str]:
    """After the last delivery every row lies at the destination once."""
    found = Counter[str]()
    for path in sorted(share.glob("attendance-*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            found.update(row["event_id"] for row in csv.DictReader(file))
    yield from differences("delivered row", Counter(written), found)


def _housekeeping(trace: Trace, plan: Plan, wanted: Expected) -> Iterator[str]:
    """It was ready once, fed its watchdog in time, heard whom it should hear, and came to the end of the plan."""
    n_ready = sum("READY=1" in each["text"] for each in trace.said)
    if n_ready != 1:
        yield f"it said {n_ready} times that it is ready"
    yield from watchdog([each["at_s"] for each in trace.said if "WATCHDOG=1" in each["text"]], plan)
    refused = [each for each in trace.rest if each["what"] == "announced"]
    n_shown = sum(each["signal"] == "stick refused" for each in trace.signals)
    if len(refused) != len(plan.errands) or n_shown != len(refused):
        yield f"{len(plan.errands)} announcements were planned, {len(refused)} made and {n_shown} shown"
    yield from (
        f"another program ended with {each['ended']}" for each in trace.rest if each.get("what") == "errand" and each["ended"]
    )
    n_frames = [each["n_frames"] for each in trace.rest if each["what"] == "ended"]
    if n_frames != [wanted.n_frames]:
        yield f"of {wanted.n_frames:,} frames it looked at {n_frames}"


def watchdog(fed_s: list[float], plan: Plan) -> Iterator[str]:
    """It is fed as often as systemd expects it; where the plan has fewer frames than that, with the first that comes."""
    frames_s = plan.ticks[~plan.is_lost] / TICKS_PER_S
    allowed_s = max(WATCHDOG_S, WATCHDOG_S / FEEDS + 2 * max(b - a for a, b in pairwise(frames_s)))
    gaps = [b - a for a, b in pairwise([*fed_s, float(frames_s[-1])])]
    if max(gaps, default=allowed_s + 1) > allowed_s:
        yield f"the watchdog was not fed for {max(gaps, default=0):.1f} s; systemd waits {allowed_s:g} s"


def _log(lines: list[str]) -> Iterator[str]:
    """Nothing went wrong but the camera."""
    wrong = [
        line for line in lines if line.startswith(("ERROR", "CRITICAL", "Traceback")) and not line.startswith("ERROR: camera")
    ]
    if wrong:
        yield f"the log has {len(wrong)} faults: {wrong[0]}"


def warm_turn(plan: Plan) -> int:
    """From which turn on memory counts."""
    n = len(plan.ticks)
    return int(min(max(WARM * n, plan.everybody_by), LATEST_WARM * n))


def resources(samples: list[dict[str, int]], figures: dict[str, str]) -> Iterator[str]:
    """Memory does not grow, descriptors and threads stay as many as they are."""
    turns = [each["turn"] for each in samples]
    for kind, name in KINDS.items():
        values = [each[kind] / 1000 for each in samples]
        share = growth(turns, values) if any(values) else 0.0  # without glibc's account there is no heap
        figures[f"memory, {name}"] = f"{share:+.2%}, from {values[0]:.1f} to {values[-1]:.1f}, {len(values)} samples"
        allowed = MOST_GROWTH + (METHOD_CACHE / values[0] if kind == "blocks" else 0.0)
        if share > allowed and kind != "pss":  # of that the other processes that map the same libraries have a say
            yield f"memory grew: {name} by {share:.2%}"
    for kind in ("descriptors", "threads"):
        found = {each[kind] for each in samples}
        figures[kind] = ", ".join(map(str, sorted(found)))
        if len(found) > 1:
            yield f"not always as many {kind}: {min(found)} to {max(found)}"


def _count(figures: dict[str, str], trace: Trace, written: list[tuple[Any, ...]], wanted: Expected) -> None:
    kinds = Counter(row[1] for row in written)
    figures["frames"] = f"{wanted.n_frames:,}, and the camera lost {wanted.n_losses} times"
    figures["rows"] = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()) + f"; expected {len(wanted.rows):,}"
    shown = Counter(each["signal"] for each in trace.signals)
    figures["answers"] = ", ".join(f"{shown[signal]:,} {signal}" for signal in sorted(ANSWERS))
    ended = [each for each in trace.rest if each["what"] == "ended"]
    figures["the unit's own count"] = ended[0]["tally"] if ended else "none"
    figures["processor time"] = f"{ended[0]['cpu_s']} s" if ended else "unknown"
    figures["watchdog fed"] = f"{sum('WATCHDOG=1' in each['text'] for each in trace.said):,} times"
