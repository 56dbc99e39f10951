"""What the Edge TPU's process of its own costs a call: the stand-in library there, and the same library in this process."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.device.compiled import read_compiled
from edge.device.interpreter import PROVEN_FIRST, Interpreter, load_delegate
from edge.device.tpu.process import Order, TpuProcess
from tests.bench.timing import Call, medians_ms, table
from tests.edgetpu import stand_in

NAMES = ("rnet", "facenet")
OPEN_S, REQUEST_S = 60, 10
REST_S = 0.02
"""Between two frames both processes sleep, and the caches are somebody else's."""
TESTS = str(Path(__file__).parents[1])


def missing() -> str:
    """What this machine lacks to measure it; empty when nothing."""
    if stand_in.COMPILER is None:
        return "a C compiler, cc"
    packages = [name for name in ("flatbuffers", "tflite") if importlib.util.find_spec(name) is None]
    return f"the package {packages[0]}, which `make test` installs" if packages else ""


def overhead() -> str:
    """A table: one row of a network, by the library in this process and in one of its own. The answer is given, not computed."""
    with tempfile.TemporaryDirectory() as folder:
        library = stand_in.build(Path(folder))
        manifest = _models(Path(folder))
        process = TpuProcess.start(Order(str(library), "", manifest, NAMES))
        try:
            opened = process.opened(OPEN_S)
            rows = {name: _rows(manifest, library, name, process) for name in NAMES}
        finally:
            process.close()
    runtime = opened.runtime if opened else ""
    return table(f"Edge TPU, given answers, {runtime}: the call alone, and through the process of its own", rows)


def _models(folder: Path) -> Path:
    sys.path.append(TESTS)  # tests import each other from there
    from edgetpu.compiled_models import with_compiled

    return with_compiled(folder, NAMES, answer=bytes(range(64)))


def _rows(manifest: Path, library: Path, name: str, process: TpuProcess) -> str:
    spec = read_compiled(manifest, name).as_network()
    here = Interpreter(spec, delegate=load_delegate(str(library), ""), preference=PROVEN_FIRST)
    row = np.random.default_rng(7).integers(-128, 128, spec.input.shape).astype(np.int8)
    calls = {"here": lambda: here.run(row), "there": lambda: process.run(name, row, deadline_s=REQUEST_S)}
    columns = [_column(medians_ms(calls, n_rounds=400)), _column({key: _rested_ms(call) for key, call in calls.items()})]
    return "; after a rest ".join(columns)


def _column(taken: Mapping[str, float]) -> str:
    return f"{taken['here']:.3f} ms, {taken['there']:.3f} ms: {taken['there'] - taken['here']:.3f} ms more"


def _rested_ms(call: Call, *, n: int = 60) -> float:
    """The median of calls, each after both processes have slept."""
    taken = []
    for _ in range(n):
        time.sleep(REST_S)
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))
