"""How long after the system itself the unit is ready: systemd as PID 1 in a machine that is thrown away, the units as they are.

``python -m tests.bench.boot``; root, a minute. multi-user.target waits for each service that it wants, and so for the unit:
what would be there without the unit is basic.target. No emulation, no udev, no devices of a Raspberry Pi.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench.timing import table
from tests.deploy.machine import Machine, why_not

N_TIMES = 5
REQUIRED_S = 5.0


def ready_s(folder: Path) -> tuple[float, float]:
    """Seconds from basic.target until muster.service is ready, and until multi-user.target."""
    with Machine(folder) as machine:
        machine.systemctl("add-wants", "multi-user.target", "muster.service")
        machine.systemctl("start", "multi-user.target")
        machine.until("is-active", "multi-user.target", says="active", limit_s=120)
        begun, ready, all_of_it = (
            int(machine.show(unit, "ActiveEnterTimestampMonotonic")) / 1e6
            for unit in ("basic.target", "muster.service", "multi-user.target")
        )
        asked = int(machine.show("muster.service", "InactiveExitTimestampMonotonic")) / 1e6
    return ready - max(begun, asked), all_of_it - ready


def main() -> None:
    """Print the table."""
    if reason := why_not():
        sys.exit(f"No machine can be booted here: {reason}.")
    times = []
    for _ in range(N_TIMES):
        with tempfile.TemporaryDirectory() as name:
            times.append(ready_s(Path(name)))
    ready, rest = ([each[i] for each in times] for i in (0, 1))
    rows = {
        "basic.target until muster.service is ready": f"{statistics.median(ready):.2f} s, at most {max(ready):.2f} s",
        "from then until multi-user.target": f"{statistics.median(rest):.2f} s, at most {max(rest):.2f} s",
    }
    print(table(f"{N_TIMES} starts", rows))
    print(f"Required: ready at most {REQUIRED_S:g} s after the system itself.")


if __name__ == "__main__":
    main()
