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
MOMENTS = {
    "basic": "basic.target",
    "begun": "muster.service is begun",
    "others": "everything else that multi-user.target waits for",
    "ready": "muster.service is ready",
    "target": "multi-user.target",
}
"""After the start of PID 1, in their usual order."""


def enabled(system: Path) -> None:
    """What ``systemctl enable`` makes of the units of deploy/: links, in the folder that becomes /etc/systemd/system."""
    for unit in sorted((ROOT / "deploy/systemd").glob("*.*")):
        lines = unit.read_text(encoding="utf-8").splitlines() if unit.is_file() else []
        for target in (line.removeprefix("WantedBy=") for line in lines if line.startswith("WantedBy=")):
            wants = system / f"{target}.wants"
            wants.mkdir(exist_ok=True)
            (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")


def boot(folder: Path, *, is_installed: bool) -> dict[str, float]:
    """One boot: when each of `MOMENTS` was, in seconds after the start of PID 1."""
    machine = Machine(folder)
    (folder / "target").write_text(TARGET)
    if is_installed:
        enabled(folder / "system")
    for place in (sys.base_prefix, sysconfig.get_path("purelib"), str(ROOT / "edge"), str(ROOT / "models")):
        _forget(Path(place))
    with machine:
        machine.until("is-active", TARGET, says="active", limit_s=120)
        found = {"basic": _active(machine, "basic.target"), "target": _active(machine, TARGET)}
        if is_installed:
            _demand(machine)
            found |= {"begun": _stamp(machine, UNIT, "InactiveExit"), "ready": _active(machine, UNIT)}
            found["others"] = max(_active(machine, each) for each in _others(machine))
            print("\n".join(line for line in machine.log().splitlines() if READY in line), flush=True)
        began = _stamp(machine, "", "UserspaceTimestampMonotonic")
    return {name: moment - began for name, moment in found.items()}


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
    boots: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for _ in range(N_TIMES):
        for is_installed, found in boots.items():
            with tempfile.TemporaryDirectory() as name:
                found.append(boot(Path(name), is_installed=is_installed))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(table(f"{N_TIMES} boots with Muster and {N_TIMES} without, in turns; load {load}", _rows(boots[True], boots[False])))
    print(f"Required: ready at most {REQUIRED_S:g} s after everything else of {TARGET}.")
    return int(max(each["ready"] - each["others"] for each in boots[True]) > REQUIRED_S)


def _rows(boots: list[dict[str, float]], without: list[dict[str, float]]) -> dict[str, str]:
    """Of the table: each moment, and what is asked for."""
    rows = {label: _told([each[name] for each in boots]) for name, label in MOMENTS.items()}
    rows["multi-user.target without Muster"] = _told([each["target"] for each in without])
    rows["ready after everything else of multi-user.target"] = _told([each["ready"] - each["others"] for each in boots])
    rows["ready after its own beginning"] = _told([each["ready"] - each["begun"] for each in boots])
    ready, bare = (statistics.median(each[name] for each in part) for part, name in ((boots, "ready"), (without, "target")))
    return rows | {"ready, as a multiple of the whole boot without Muster": f"{ready / bare:.1f}"}


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"


if __name__ == "__main__":
    sys.exit(main())
