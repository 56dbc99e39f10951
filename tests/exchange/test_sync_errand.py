"""One destination that hangs, breaks down or comes late, beside others that do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge import programs
from edge.device.fakes import ManualClock
from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.patience import insist

STAND_IN = """
import json, os, sys, time
order = json.loads(sys.argv[1])
name = os.path.basename(order["destination"])
open(order["destination"] + ".pid", "w").write(str(os.getpid()))
if "hangs" in name:
    time.sleep(600)
if "dies" in name:
    sys.exit(3)
if "chatters" in name:
    sys.exit(print("a library's warning"))
print(json.dumps({"done": order["task"], "much": "x" * 200_000}))
sys.exit("ends badly" in name)
"""
PROGRAM = (sys.executable, "-c", STAND_IN)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_one_that_hangs_is_given_up_and_the_others_have_their_answers(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("hangs", "share", "hangs too", "stick", "dies", "chatters", "ends badly")]
    began = time.monotonic()
    answers = run_errands([Order("deliver", name) for name in names], limit_s=2.0, program=PROGRAM)
    assert [answer if not answer else answer["done"] for answer in answers] == [None, "deliver", None, "deliver", {}, {}, {}]
    assert time.monotonic() - began < 5.0, "all at once, not one after the other"
    assert all(is_gone(int((tmp_path / f"{name}.pid").read_text())) for name in ("hangs", "hangs too"))


def test_the_order_arrives_whole() -> None:
    order = Order("look", 'a "stick"\n\N{SNOWMAN}', "data/muster.db", "door-1", "Europe/Vienna", must_be_mounted=True, again=True)
    echo = (sys.executable, "-c", "import sys; print(sys.argv[1])")
    (answer,) = run_errands([order], limit_s=20.0, program=echo)
    assert Order(**answer) == order


def test_what_goes_wrong_on_purpose_is_an_answer(tmp_path: Path) -> None:
    """By the real program: a folder that is not there, and a database that is none."""
    (tmp_path / "muster.db").write_bytes(b"not a database, however you look at it")
    (tmp_path / "stick").mkdir()
    missing, damaged = run_errands(
        [
            Order("look", str(tmp_path / "gone")),
            Order("deliver", str(tmp_path / "stick"), database=str(tmp_path / "muster.db"), unit="door-1", prepare=True),
        ],
        limit_s=20.0,
    )
    assert "it is not there" in missing["failed"]["text"]
    assert missing["failed"]["class"] == "SyncError"
    assert damaged["failed"]["class"] == "StoreError"
    assert not damaged["failed"]["retryable"]
    json.dumps([missing, damaged])


def test_where_memory_is_short_the_process_of_a_destination_goes_first() -> None:
    code = "from edge.exchange.delivery import child; child.be_the_first_to_go(); print(open('/proc/self/oom_score_adj').read())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=programs.environment())
    assert told.stdout.strip() == "1000"


class Server:
    """Destinations of which some come up later; tells when it was asked for what."""

    def __init__(self, clock: ManualClock, up_at_s: dict[str, float]) -> None:
        self._clock, self._up_at_s = clock, up_at_s
        self.asked: list[tuple[float, list[str]]] = []

    def attempt(self, names: Sequence[str]) -> list[str]:
        self.asked.append((self._clock.now_s, list(names)))
        return [name for name in names if self._clock.now_s < self._up_at_s[name]]


@pytest.mark.parametrize(
    ("for_s", "asked_at_s"),
    [
        (0, [0]),
        (3, [0, 1, 3]),
        (30, [0, 1, 6, 21, 30]),
        (200, [0, 1, 6, 21, 81, 141, 200]),
    ],
)
def test_it_is_tried_again_after_longer_and_longer_pauses(for_s: float, asked_at_s: list[float]) -> None:
    clock = ManualClock()
    server = Server(clock, {"share": 1e9})
    insist(server.attempt, ["share"], for_s=for_s, time=clock)
    assert [at_s for at_s, _ in server.asked] == asked_at_s


def test_only_what_failed_is_tried_again_and_no_longer_than_needed() -> None:
    clock = ManualClock()
    server = Server(clock, {"stick": 0, "share": 5, "other": 20})
    insist(server.attempt, ["stick", "share", "other"], for_s=1000, time=clock)
    assert server.asked == [
        (0, ["stick", "share", "other"]),
        (1, ["share", "other"]),
        (6, ["share", "other"]),
        (21, ["other"]),
    ]
