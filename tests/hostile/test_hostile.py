"""Some of the 10,000 hostile sticks, and whether sabotage is seen; `make hostile` plays them all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hostile import watch
from hostile.__main__ import worker
from hostile.controls import CONTROLS
from hostile.watch import Places, Touch

PLACES = Places("/stick", "/data", "/scratch")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if watch.COMPILER is None:
        pytest.skip("no C compiler (cc) is here to build what watches the calls")
    return watch.build(tmp_path_factory.mktemp("opens"))


def test_hostile_sticks_do_no_harm(library: Path, tmp_path: Path) -> None:
    tally = worker(tmp_path, library, seed=7, numbers=list(range(12)), is_light=True)
    assert tally.lines() == []
    assert tally.n_cases == 12
    assert tally.n_refused > 12


@pytest.mark.parametrize("control", ["opens everything in enrol, wherever it leads", "tells nothing of what it refused"])
def test_sabotage_is_seen(library: Path, tmp_path: Path, control: str) -> None:
    """Were nothing wrong with these units, the test above would prove nothing. `make hostile` tries all of `CONTROLS`."""
    assert control in CONTROLS
    assert worker(tmp_path, library, seed=1, numbers=list(range(60)), control=control).n_faulty


def test_what_a_process_opens_is_seen_however_it_asks_for_it(library: Path, tmp_path: Path) -> None:
    """By a link, beside a folder's descriptor, in a child: what counts is the place that was reached."""
    stick, log = tmp_path / "stick", tmp_path / "log"
    stick.mkdir()
    (tmp_path / "secret").write_text("s")
    (stick / "link").symlink_to(tmp_path / "secret")
    program = (
        "import os; os.open('link', os.O_RDONLY, dir_fd=os.open('.', os.O_RDONLY)); os.system('cat ../secret > out; rm out')"
    )
    variables = {"LD_PRELOAD": str(library), "HOSTILE_LOG": str(log), "PATH": "/usr/bin:/bin"}
    subprocess.run([watch.PYTHON, "-I", "-c", program], cwd=stick, env=variables, check=True, capture_output=True)
    places = Places(str(stick), str(tmp_path / "data"), str(tmp_path / "scratch"))
    faults = [fault for fault in places.faults(watch.read(log.read_bytes())) if "secret" in fault]
    assert [fault.split(":")[0] for fault in faults] == ["a link led out of the stick", "read outside"]


@pytest.mark.parametrize(
    ("touch", "fault"),
    [
        (Touch("open r", "file", "/stick/enrol/1.jpg", "/stick/enrol/1.jpg"), ""),
        (Touch("open w", "file", "/data/muster.db", "/data/muster.db"), ""),
        (Touch("open r", "file", "/usr/lib/x.so", "/usr/lib/x.so"), ""),
        (Touch("open w", "file", "/usr/lib/x.so", "/usr/lib/x.so"), "written outside"),
        (Touch("open r", "file", "/stick/../home/x", "/home/x"), "read outside"),
        (Touch("open r", "file", "/stick/link", "/home/x"), "a link led out"),
        (Touch("open r", "file", "/stickier", "/stickier"), "read outside"),
        (Touch("remove", "", "/home/x", "/home/x"), "written outside"),
        (Touch("open r", "other", "/stick/enrol/pipe", "/stick/enrol/pipe"), "a pipe"),
        (Touch("open r", "file", "/stick/enrol/1.jpg", "/stick/muster-stick.key"), "a link of the stick"),
    ],
)
def test_where_a_process_may_be(touch: Touch, fault: str) -> None:
    (found,) = list(PLACES.faults([touch])) or [""]
    assert found.startswith(fault)
    assert bool(found) == bool(fault)
