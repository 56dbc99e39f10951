"""The unit outlives a process in its Edge TPU's place that has gone mad, talks too much, or cannot end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from edgetpu.asking import (
    PLENTY_S,
    SOON_S,
    Puppet,
    await_death,
    failure,
    refusal,
    rows,
)

import edge
from edge.device.tpu.edgetpu import EdgeTpu
from edge.device.tpu.last_words import LastWords
from edge.device.tpu.memory import Memory
from edge.device.tpu.process import TpuProcess
from edge.device.tpu.selftest import SelfTest
from edge.device.tpu.spawn import END_S, Spawned, reap

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("nothing_is_left_behind")]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("parent.send(b'what?'); parent.recv(1)", "said something that nobody understands"),
        ("parent.send(b'[' * 100000); parent.recv(1)", "said something that nobody understands"),
        ("say(Done(1)); parent.recv(1)", "said something that it was not asked"),
        ("say(Failed(0, 'a\\n\\x1b[1mb')); parent.recv(1)", "a  [1mb"),
        ("", "ended with exit code 0 while it loaded the library and opened the Edge TPU"),
        (
            "sys.exit('the reason')",
            "ended with exit code 1 while it loaded the library and opened the Edge TPU; it said: the reason",
        ),
        (
            "parent.close(); signal.pause()",
            "its process closed its connection while it loaded the library and opened the Edge TPU",
        ),
    ],
)
def test_nonsense_while_it_opens_is_a_failure(puppet: Puppet, script: str, words: str) -> None:
    assert words in refusal(puppet(script))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("say(Done(2))", "said something that it was not asked"),
        ("say(Failed(2, 'no'))", "no"),
        ("say(Ready('', ''))", "said something that it was not asked"),
        ("parent.send(b'{}')", "said something that nobody understands"),
        ("[say(Done(0)) for _ in iter(int, 1)]", "it did not answer within"),
        ("[os.write(2, b'x' * 60000 + b'\\n') for _ in iter(int, 1)]", "it did not answer within"),
        ("os.ftruncate(told['memory'], 0)", "Operation not permitted"),
    ],
)
def test_nonsense_at_work_is_a_failure(puppet: Puppet, script: str, words: str) -> None:
    process = puppet(f"say(Ready('', '')); hear(); {script}; parent.recv(1)")
    process.opened(PLENTY_S)
    deadline_s = SOON_S if "iter" in script else PLENTY_S
    assert words in failure(lambda: process.run("rnet", rows(1), deadline_s=deadline_s))


def test_one_that_closes_its_stderr_is_waited_for_without_a_busy_loop(puppet: Puppet) -> None:
    process = puppet("os.close(1); os.close(2); say(Ready('', '')); parent.recv(999); parent.recv(1)")
    process.opened(PLENTY_S)
    began_s = time.process_time()
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    assert time.process_time() - began_s < SOON_S / 4


def test_one_that_takes_no_requests_is_not_waited_for(puppet: Puppet) -> None:
    process = puppet("say(Ready('', '')); signal.pause()")
    process.opened(PLENTY_S)
    texts = (failure(lambda: process.run("rnet", rows(1), deadline_s=0)) for _ in range(10_000))  # the kernel keeps a few
    assert next(text for text in texts if "did not answer" not in text) == "its process does not take requests"


def test_who_speaks_between_two_requests_has_failed(puppet: Puppet) -> None:
    process = puppet("say(Ready('', '')); say(Done(1))")
    process.opened(PLENTY_S)
    await_death(process)
    assert "said something that it was not asked" in failure(process.check)


def test_a_late_answer_is_never_taken_for_the_next_ones(puppet: Puppet) -> None:
    process = puppet(
        "say(Ready('', '')); first, second = hear(), hear()\n"
        "say(Failed(first.sequence, 'too late')); say(Done(first.sequence))\n"
        "memory[told['n_in']:told['n_in'] + 5] = memory[:5]\n"
        "say(Done(second.sequence)); parent.recv(1)"
    )
    process.opened(PLENTY_S)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    given = rows(2)[1:]
    answers = process.run("rnet", given, deadline_s=PLENTY_S)
    assert b"".join(answer.tobytes() for answer in answers) == given.tobytes()[:5]


def test_a_late_answer_is_no_answer_at_all(puppet: Puppet) -> None:
    process = puppet("say(Ready('', '')); first, second = hear(), hear(); say(Done(first.sequence)); sys.exit(3)")
    process.opened(PLENTY_S)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    assert "ended with exit code 3" in failure(lambda: process.run("rnet", rows(1), deadline_s=PLENTY_S))


def test_it_is_told_where_muster_lies_also_where_that_is_not_installed(puppet: Puppet) -> None:
    assert str(Path(edge.__file__).parents[1]) in refusal(puppet("sys.exit(os.environ['PYTHONPATH'])"))


def test_a_talkative_process_neither_waits_for_us_nor_reaches_the_terminal(
    puppet: Puppet, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "[os.write(1 + n % 2, b'y' * 50000 + b'\\n') for n in range(40)]; print('the reason', file=sys.stderr); os.abort()"
    assert refusal(puppet(script)).endswith("y / the reason")
    assert capfd.readouterr() == ("", "")


class Sleeper:
    """A process that waits for a device: it was killed, and hears it when the device answers."""

    def __init__(self) -> None:
        self.is_awake = False
        self.n_kills = self.n_polls = 0
        self.returncode: int | None = None

    def kill(self) -> None:
        self.n_kills += 1

    def wait(self, timeout: float) -> int:
        assert timeout <= END_S
        raise subprocess.TimeoutExpired("sleeper", timeout)

    def poll(self) -> int | None:
        self.n_polls += 1
        self.returncode = -9 if self.is_awake else None
        return self.returncode


def given_up() -> Sleeper:
    """One that was killed and cannot end yet."""
    read_end, write_end = os.pipe()
    ours, theirs = socket.socketpair()
    sleeper = Sleeper()
    Spawned(sleeper, ours, LastWords(read_end), Memory.create(n_in=1, n_out=1)).end()
    os.close(write_end)
    theirs.close()
    return sleeper


def test_one_that_could_not_end_is_let_go_of_though_the_stick_never_comes_back() -> None:
    sleeper = given_up()
    tpu = EdgeTpu(TpuProcess.start, SelfTest({}, {}), is_listed=lambda: False)
    sleeper.is_awake = True
    tpu.advance()
    assert sleeper.returncode == -9


def test_a_process_that_cannot_end_now_is_let_go_of_when_it_can() -> None:
    sleeper = given_up()
    reap()
    sleeper.is_awake = True
    reap()
    n_polls = sleeper.n_polls
    reap()
    assert sleeper.n_kills == 1
    assert sleeper.n_polls == n_polls == 2
