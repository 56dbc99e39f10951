"""Compares what a unit did with what had to come of the plan."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from soak.delivered import Delivered, called, rows_of
from soak.oracle import ANSWERS, WATCHDOG_S, Expected, Row
from soak.plan import TICKS_PER_S, Plan
from soak.resources import resources
from soak.trace import Record

from edge import ledger
from edge.store import FILE_NAME, Store

FEEDS = 4
"""So often systemd's patience is fed."""
BROKEN = re.compile(r"Traceback|\bERROR\b|\bCRITICAL\b|Fatal|Exception ignored|Warning: ")
"""What nothing that is well writes on stderr."""


@dataclass
class Finding:
    """What is wrong, and what was measured.

    Attributes:
        faults: each in words of this program alone.
        figures: what was measured.
        said: what others said of what is wrong. A traceback may hold any word, and is no proof of anything but itself.
    """

    faults: list[str] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def table(self) -> str:
        """All of it."""
        width = max(map(len, self.figures), default=0)
        return "\n".join([*(f"{name:{width}}  {value}" for name, value in self.figures.items()), *self.faults, *self.said])


def judged(folder: Path, plan: Plan, wanted: Expected, *, arrived: Delivered) -> Finding:
    """What is wrong with a run that is over; ``arrived`` is what lay at the destination before the last delivery."""
    record, found, data = Record.read(folder / "trace"), Finding(), folder / "data"
    with closing(sqlite3.connect(f"file:{data / FILE_NAME}?mode=ro", uri=True)) as database:
        written = rows_of(database)
        people = dict(database.execute("SELECT code, name FROM person").fetchall())
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    found.faults += [] if integrity == "ok" else ["the database is damaged"]
    found.faults += _rows([row[:7] for row in written], wanted)
    found.faults += answers(record.signals, wanted)
    found.faults += order(record.signals, [row[0] for row in written if row[1] == "punch"])
    found.faults += _chain(data / FILE_NAME)
    delivered = Delivered.read(folder / "share")
    found.faults += delivered.differences(written)
    found.faults += arrived.lacks(record, plan, found.figures)
    found.faults += called(written, people, (record, plan), found.figures)
    found.faults += _housekeeping(record, plan, wanted)
    found.faults += _words(found, data)
    found.faults += resources(record.samples, plan, found.figures)
    _count(found.figures, record, written, wanted)
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


def _housekeeping(record: Record, plan: Plan, wanted: Expected) -> Iterator[str]:
    """It was ready once, fed its watchdog in time, heard whom it should hear, and came to the end of the plan."""
    n_ready = sum("READY=1" in each["text"] for each in record.said)
    if n_ready != 1:
        yield f"it said {n_ready} times that it is ready"
    yield from watchdog([each["at_s"] for each in record.said if "WATCHDOG=1" in each["text"]], plan)
    n_made, n_shown = len(record.only("announced")), sum(each["signal"] == "stick refused" for each in record.signals)
    if not len(plan.errands) == n_made == n_shown:
        yield f"{len(plan.errands)} announcements were planned, {n_made} made and {n_shown} shown"
    if [each["code"] for each in record.ended] != [0] * len(plan.errands):
        yield f"{len(plan.errands)} other programs were planned; they ended with {[each['code'] for each in record.ended]}"
    n_frames = [each["n_frames"] for each in record.only("ended")]
    if n_frames != [wanted.n_frames]:
        yield f"of {wanted.n_frames:,} frames it looked at {n_frames}"


def watchdog(fed_s: list[float], plan: Plan) -> Iterator[str]:
    """It is fed as often as systemd expects it; where the plan has fewer frames than that, with the first that comes."""
    frames_s = plan.ticks[~plan.is_lost] / TICKS_PER_S
    allowed_s = max(WATCHDOG_S, WATCHDOG_S / FEEDS + 2 * max(b - a for a, b in pairwise(frames_s)))
    gaps = [b - a for a, b in pairwise([*fed_s, float(frames_s[-1])])]
    if max(gaps, default=allowed_s + 1) > allowed_s:
        yield f"the watchdog was not fed for {max(gaps, default=0):.1f} s; systemd waits {allowed_s:g} s"


def _words(found: Finding, data: Path) -> Iterator[str]:
    """Nothing went wrong but the camera, as far as its log and its stderr say."""
    log = [line for line in _lines(data / "unit.log") if line.startswith(("ERROR", "CRITICAL", "Traceback"))]
    wrong = [line for line in log if not line.startswith("ERROR: camera")]
    if wrong:
        found.said += wrong[:5]
        yield f"the log has {len(wrong)} faults"
    stderr = _lines(data / "unit.err")
    if any(BROKEN.search(line) for line in stderr):
        found.said += stderr[-30:]
        yield "on stderr it said that something failed"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def _count(figures: dict[str, str], record: Record, written: list[tuple[Any, ...]], wanted: Expected) -> None:
    kinds = Counter(row[1] for row in written)
    figures["frames"] = f"{wanted.n_frames:,}, and the camera lost {wanted.n_losses} times"
    figures["rows"] = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()) + f"; expected {len(wanted.rows):,}"
    shown = Counter(each["signal"] for each in record.signals)
    figures["answers"] = ", ".join(f"{shown[signal]:,} {signal}" for signal in sorted(ANSWERS))
    ended = record.only("ended")
    figures["the unit's own count"] = ended[0]["tally"] if ended else "none"
    figures["processor time"] = f"{ended[0]['cpu_s']} s" if ended else "unknown"
    figures["watchdog fed"] = f"{sum('WATCHDOG=1' in each['text'] for each in record.said):,} times"
