"""One case from its number to what was wrong: laid out, served by a child process, looked at, served again."""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostile import oracle, watch, whole
from hostile.contents import Content, lay_out, plot_of
from hostile.oracle import Ending, Memory
from hostile.subject import UNIT, Serve, means

from edge.errors import MusterError
from edge.store import FILE_NAME, Store

ADDRESS_SPACE = 6 << 30
"""Bytes that a child may have of addresses: libraries and threads take most of it."""


@dataclass
class Result:
    """What came of one case."""

    content: Content
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    rss_mb: float = 0.0
    outcome: str = ""
    n_refused: int = 0


class Stage:
    """Where cases are played, one after the other.

    Args:
        folder: for sticks; best in memory.
        unit: a data folder that is copied for each case.
        log: into which `opens.c` writes, which is preloaded into this very process; None where nothing watches.
        is_light: nothing large is made.
        limit_s: that one stick may take.
    """

    def __init__(
        self, folder: Path, unit: Path, log: Path | None, *, is_light: bool = False, limit_s: float = oracle.MAX_SECONDS
    ) -> None:
        self._folder = Path(os.path.realpath(folder)) / f"stage-{os.getpid()}"
        self._unit = unit
        self._log = None if log is None else os.open(log, os.O_RDWR | os.O_CLOEXEC)
        self._is_light = is_light
        self._limit_s = limit_s

    def play(self, seed: int, number: int, serve: Serve) -> Result:
        """All of one case."""
        self.clear()
        try:
            plot = plot_of(self._folder, seed, number, is_light=self._is_light)
            content = lay_out(plot, number)
            shutil.copytree(self._unit, self._folder / "data")
            result = Result(content)
            for each in self._faults(result, serve):
                if len(result.faults) < _MOST_TOLD:
                    result.faults.append(each)
            return result
        finally:
            self.clear()

    def clear(self) -> None:
        """Take everything away, however deep it is."""
        subprocess.run(["rm", "-rf", self._folder], check=True, env={**os.environ, "LD_PRELOAD": ""})

    def _faults(self, result: Result, serve: Serve) -> Any:
        stick, beside, data = (self._folder / name for name in ("stick", "outside", "data"))
        before, canaries, knew = oracle.snapshot(stick), oracle.snapshot(beside), Memory.of(data)
        first = self._served(result.content, serve)
        result.seconds, result.rss_mb, result.outcome = first.seconds, first.rss_mb, first.told.get("outcome", "")
        yield from first.faults(self._limit_s)
        yield from self._touched()
        if whole.is_whole(result.content.number):
            yield from whole.faults(self._folder, first.told)
        after, knows = oracle.snapshot(stick), Memory.of(data)
        yield from oracle.spoilt(before, after)
        yield from (f"changed beside the stick: {name!a}" for name in oracle.changed(canaries, oracle.snapshot(beside)))
        yield from oracle.broken_database(data, knew)
        receipts = oracle.receipts(stick, before, after)
        yield from oracle.bad_receipts(receipts)
        if not oracle.is_trusted(result.content) and knows.people != knew.people:
            yield "people were changed by a stick that has no right manifest"
        if first.told.get("served"):
            result.n_refused = first.told["n_refused"]
            yield from oracle.unmentioned(stick, first.told)
            yield from oracle.unwritten(first.told, receipts)
        if first.told.get("served") or first.told.get("code") in {0, 65}:
            yield from self._again(result.content, serve, knows, after)

    def _again(self, content: Content, serve: Serve, knew: Memory, before: oracle.Snapshot) -> Any:
        """The same stick once more: people, rows and receipts stay as they are."""
        second = self._served(content, serve)
        yield from (f"the second time: {fault}" for fault in [*second.faults(self._limit_s), *self._touched()])
        knows, after = Memory.of(self._folder / "data"), oracle.snapshot(self._folder / "stick")
        if knows != knew:
            yield f"the second time changed what the unit knows: {_difference(knew, knows)}"
        yield from (f"the second time changed {name!a}" for name in oracle.changed(before, after) if name.startswith("receipts"))

    def _touched(self) -> list[str]:
        if self._log is None:
            return []
        places = watch.Places(*(str(self._folder / name) for name in ("stick", "data", "scratch")))
        return sorted(set(places.faults(watch.read(os.pread(self._log, os.fstat(self._log).st_size, 0)))))

    def _served(self, content: Content, serve: Serve) -> Ending:
        """By a child, which is ended when its time is over."""
        scratch = self._folder / "scratch"
        scratch.mkdir(exist_ok=True)
        (scratch / "told.json").unlink(missing_ok=True)
        if self._log is not None:
            os.truncate(self._log, 0)
        child = os.fork()
        if child == 0:
            _child(self._folder, content, serve)
        is_late = _is_late(child, self._limit_s)
        _, status, usage = os.wait4(child, 0)
        told = scratch / "told.json"
        return Ending(
            os.waitstatus_to_exitcode(status),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1000,
            is_late,
            json.loads(told.read_text(encoding="utf-8")) if told.exists() else {},
        )


_MOST_TOLD = 8
"""Faults of one case."""


def _is_late(child: int, limit_s: float) -> bool:
    """Wait for a process; end it where it hangs."""
    descriptor = os.pidfd_open(child)
    try:
        if select.select([descriptor], [], [], limit_s * oracle.HANGS)[0]:
            return False
        os.kill(child, signal.SIGKILL)
        return True
    finally:
        os.close(descriptor)


def _child(folder: Path, content: Content, serve: Serve) -> None:
    """Serve, write down what came of it, and never come back."""
    told: dict[str, Any] = {}
    try:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.chdir(folder / "data")
        tempfile.tempdir = str(folder / "scratch")
        told = whole.serve_whole(folder, content) if whole.is_whole(content.number) else _told(folder, content, serve)
    except BaseException:  # noqa: BLE001  whatever it is, it is what this looks for
        told = {"crash": " | ".join(traceback.format_exc().strip().splitlines()[-5:])}
    finally:
        (folder / "scratch" / "told.json").write_text(json.dumps(told), encoding="utf-8")
        os._exit(0)


def _told(folder: Path, content: Content, serve: Serve) -> dict[str, Any]:
    with Store.open(folder / "data" / FILE_NAME, unit=UNIT) as store:
        try:
            served = serve(folder / "stick", store, means(store, content.policy))
        except MusterError as error:
            return {"outcome": type(error).__name__, "text": str(error)}
    good = {"enrolled", "already enrolled", "not needed"}
    refused = [line.photograph for line in served.photographs if line.verdict.value not in good]
    refused_lines = [[line.file, line.number] for line in served.tables if line.outcome.value in {"refused", "waits"}]
    return {
        "outcome": "served" if not served.errors else f"served, {type(served.errors[0]).__name__}",
        "served": True,
        "photographs": [[line.photograph, line.reason] for line in served.photographs],
        "tables": [[line.file, line.number, line.reason] for line in served.tables],
        "errors": [str(error) for error in served.errors],
        "refused": refused,
        "refused_lines": refused_lines,
        "n_refused": len(refused) + len(refused_lines),
        "code": served.exit_code,
    }


def _difference(one: Memory, other: Memory) -> str:
    for name in ("people", "rows", "sticks"):
        if getattr(one, name) != getattr(other, name):
            return f"{name}: {str(getattr(one, name))[-300:]} became {str(getattr(other, name))[-300:]}"
    return "nothing"


if __name__ == "__main__":
    sys.exit("python -m hostile plays cases")
