"""How long after the system itself the unit is ready: systemd as PID 1 boots to multi-user.target, with the units as installed.

``python -m tests.bench.boot``; root, two minutes; ends with 1 where it takes too long. Before each boot everything of deploy/ is
enabled as the installer leaves it, and the files of Python, its packages and this checkout are put out of the page cache (those
that another process has mapped stay). multi-user.target waits for each service that it wants, and so for the unit, which is
never ready after it. What counts is therefore when everything else that multi-user.target waits for was active. Nothing is
emulated, and it is no Raspberry Pi: no firmware, no kernel's own start, no udev, a recording in place of a camera.
"""

from __future__ import annotations

import os
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.timing import table
from tests.deploy.machine import ROOT, Machine, why_not

N_TIMES = 7
REQUIRED_S = 5.0
UNIT, TARGET, READY = "muster.service", "multi-user.target", "INFO: ready "
LABELS = {
    "after": "muster.service ready after everything else of multi-user.target",
    "own": "of that and before, muster.service by itself (from its start)",
    "basic": "muster.service ready after basic.target",
    "ready": "muster.service ready after the start of PID 1",
    "target": "multi-user.target after the start of PID 1",
    "without": "the same in a machine without Muster",
}


def enabled(system: Path) -> None:
    """What ``systemctl enable`` makes of the units of deploy/: links, in the folder that becomes /etc/systemd/system."""
    for unit in sorted((ROOT / "deploy/systemd").glob("*.*")):
        lines = unit.read_text(encoding="utf-8").splitlines() if unit.is_file() else []
        for target in (line.removeprefix("WantedBy=") for line in lines if line.startswith("WantedBy=")):
            wants = system / f"{target}.wants"
            wants.mkdir(exist_ok=True)
            (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")


def boot(folder: Path, *, is_installed: bool) -> dict[str, float]:
    """One boot: seconds from one moment to another, the keys of `LABELS`."""
    machine = Machine(folder)
    (folder / "target").write_text(TARGET)
    if is_installed:
        enabled(folder / "system")
    for place in (sys.base_prefix, sysconfig.get_path("purelib"), str(ROOT / "edge"), str(ROOT / "models")):
        _forget(Path(place))
    with machine:
        machine.until("is-active", TARGET, says="active", limit_s=120)
        began, reached = (_stamp(machine, "", "UserspaceTimestampMonotonic"), _active(machine, TARGET))
        if not is_installed:
            return {"without": reached - began}
        _demand(machine)
        ready, basic, started = _active(machine, UNIT), _active(machine, "basic.target"), _stamp(machine, UNIT, "InactiveExit")
        others = max(_active(machine, each) for each in _others(machine))
        print("\n".join(line for line in machine.log().splitlines() if READY in line))
    times = {"after": ready - others, "own": ready - started, "basic": ready - basic, "ready": ready - began}
    return times | {"target": reached - began}


def _others(machine: Machine) -> Iterator[str]:
    """What multi-user.target waits for, but the unit: what it wants that is active and is not ordered behind it."""
    for each in machine.show(TARGET, "Requires").split() + machine.show(TARGET, "Wants").split():
        is_later = TARGET in machine.show(each, "After").split()
        if each != UNIT and not is_later and machine.show(each, "ActiveState") == "active":
            yield each


def _demand(machine: Machine) -> None:
    """A unit that is not ready, or not for the first time, has no time to show."""
    found = {what: machine.show(UNIT, what) for what in ("ActiveState", "SubState", "NRestarts", "Result")}
    if found != {"ActiveState": "active", "SubState": "running", "NRestarts": "0", "Result": "success"}:
        raise SystemExit(f"{UNIT} is not well: {found}\n{machine.log()}")


def _active(machine: Machine, unit: str) -> float:
    return _stamp(machine, unit, "ActiveEnter")


def _stamp(machine: Machine, unit: str, what: str) -> float:
    """A moment by systemd, in seconds; of systemd itself where no unit is named."""
    name = what if what.endswith("Monotonic") else f"{what}TimestampMonotonic"
    moment = int(machine.systemctl("show", "--value", f"--property={name}", *([unit] if unit else [])) or 0)
    if moment <= 0:
        raise SystemExit(f"systemd does not know {name} of {unit or 'itself'}: it has not come so far.")
    return moment / 1e6


def _forget(folder: Path) -> None:
    """What is there has to be read from its disk again."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> int:
    """Print the table; whether it took too long."""
    if reason := why_not():
        sys.exit(f"No machine can be booted here: {reason}.")
    times: dict[str, list[float]] = {name: [] for name in LABELS}
    for _ in range(N_TIMES):
        for is_installed in (True, False):
            with tempfile.TemporaryDirectory() as name:
                for each, seconds in boot(Path(name), is_installed=is_installed).items():
                    times[each].append(seconds)
    rows = {LABELS[each]: f"{statistics.median(took):.2f} s, at most {max(took):.2f} s" for each, took in times.items()}
    ratio = statistics.median(times["ready"]) / statistics.median(times["without"])
    rows["ready, as a multiple of a whole boot without Muster"] = f"{ratio:.1f}"
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(table(f"{N_TIMES} boots with Muster and {N_TIMES} without, in turns; load {load}", rows))
    print(f"Required: ready at most {REQUIRED_S:g} s after everything else of {TARGET}.")
    return int(max(times["after"]) > REQUIRED_S)


if __name__ == "__main__":
    sys.exit(main())
