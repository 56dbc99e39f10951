"""The unit itself, in a process of its own: `edge.unit.Unit` with everything that it has on a wall but the devices."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from soak.controls import CONTROLS
from soak.door import PlannedCamera, ServiceManager, WatchedPanel
from soak.faces import Album
from soak.measure import sample
from soak.office import Office
from soak.oracle import WRONG
from soak.plan import Plan
from soak.sabotage import Parts
from soak.trace import Trace

from edge import wiring
from edge.config import Config, load
from edge.device.announcements import Announcements
from edge.device.fakes import ManualClock
from edge.device.notify import Systemd
from edge.store import FILE_NAME, Store
from edge.unit import Hands, Unit
from edge.wiring.noticeboard import status_file

N_SAMPLES = 400
"""Of memory, over the whole run, each while nobody is at the door."""


def main() -> None:
    """The argument is the order, as JSON: a folder in which everything is prepared, a control or nothing."""
    order = json.loads(sys.argv[1])
    folder, control = Path(order["folder"]), order["control"]
    data = folder / "data"
    logging.basicConfig(filename=data / "unit.log", level=logging.INFO, format="%(levelname)s: %(message)s")
    plan, config, clock = Plan.read(folder / "plan.npz"), load(data / "muster.toml"), ManualClock(WRONG, trusted=False)
    with ExitStack() as stack:
        trace = stack.enter_context(closing(Trace(folder / "trace")))
        manager = stack.enter_context(closing(ServiceManager(trace, clock)))
        office = Office(data, folder / "share", trace, plan)
        between = _between(plan, trace, told=order["told"], does=(manager.listen, office))
        recogniser, fitting = stack.enter_context(wiring.fitted(config, data, wiring.Places()))
        camera = stack.enter_context(closing(PlannedCamera(plan, Album(folder / "album"), clock, between=between)))
        panel = stack.enter_context(closing(WatchedPanel(trace, data / FILE_NAME)))
        watchdog = stack.enter_context(closing(Systemd(manager.environ, now_s=clock.monotonic_s)))
        hands = Hands(camera, panel, clock, _store(stack, config, data), fitting, watchdog=watchdog)
        parts = Parts(_heard(stack, hands, config, data), recogniser, wiring.rules(config))
        if control:
            parts = CONTROLS[control].spoilt(parts)
        unit = Unit(parts.hands, parts.recogniser, rules=parts.rules, limits=wiring.limits(config), report=lambda _: None)
        tally = unit.run()
        office.settle()
        trace.note("ended", tally=str(tally), n_frames=tally.n_frames, cpu_s=round(time.process_time(), 1))


def _store(stack: ExitStack, config: Config, data: Path) -> Store:
    """The database, and the lock that says that a unit works on it."""
    store = stack.enter_context(Store.open(data / FILE_NAME, unit=config.unit.name))
    stack.enter_context(wiring.alone(data))
    return store


def _heard(stack: ExitStack, hands: Hands, config: Config, data: Path) -> Hands:
    """With the status file, and announcements of others."""
    noticeboard = stack.enter_context(status_file(config, data, hands.accelerator))
    return replace(hands, noticeboard=noticeboard, announcements=stack.enter_context(closing(Announcements(data))))


def _between(plan: Plan, trace: Trace, *, told: str, does: tuple[Callable[[], None], Office]) -> Callable[[int], None]:
    """What is done between two turns: listen, send for the office, measure, tell how far it is."""
    listen, office = does
    every, part, began = max(1, len(plan.ticks) // N_SAMPLES), max(1, len(plan.ticks) // 50), time.monotonic()
    due = 0

    def between(turn: int) -> None:
        nonlocal due
        trace.turn = turn
        listen()
        if turn == len(plan.ticks):
            return
        office.work(int(plan.ticks[turn]))
        if turn >= due and (plan.shown[turn] < 0).all():
            due = turn + every
            trace.note("sample", **sample())
        if told and turn % part == 0:
            now = sample()
            memory = f"{now['rss'] / 1000:.1f} MB, {now.get('heap', 0) / 1000:.1f} MB of it by malloc"
            print(f"{told}: frame {turn:,}, hour {plan.hour(turn):.1f}, {memory}, {time.monotonic() - began:.0f} s", flush=True)

    return between


if __name__ == "__main__":
    main()
