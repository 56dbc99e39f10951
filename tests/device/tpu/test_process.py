"""The Edge TPU's process as the unit has it: the same bytes come out, every way to fail has its words, and nothing stays."""

from __future__ import annotations

import hashlib
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from edgetpu.compiled_models import with_compiled
from edgetpu.fates import Belongings

from edge.device.interpreter import PROVEN_FIRST, RUNTIMES, Interpreter, runtime_name_and_version
from edge.device.manifest import read_spec
from edge.device.tpu.last_words import LastWords
from edge.device.tpu.memory import Memory
from edge.device.tpu.process import Order, TpuFailure, TpuProcess
from edge.device.tpu.selftest import picture
from edge.device.tpu.spawn import END_S, Spawned, reap
from models import MANIFEST

pytestmark = pytest.mark.native

PLENTY_S = 60
SOON_S = 0.2
TWINS = {name: read_spec(MANIFEST, name, variant="int8") for name in ("rnet", "onet")}
LIBRARY = "libedgetpu.so.1"

PUPPET = """
import json, mmap, os, signal, socket, sys
from edge.device.tpu.messages import Done, Failed, Ready, decode, encode
told = json.loads(sys.argv[1])
parent = socket.socket(fileno=told["socket"])
memory = mmap.mmap(told["memory"], told["n_in"] + told["n_out"])

def say(message):
    parent.send(encode(message))

def hear():
    return decode(parent.recv(999))

"""
"""The beginning of a program that takes the child's place."""


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = Belongings.now()
    yield
    reap()
    assert Belongings.now() == before


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_compiled(tmp_path_factory.mktemp("models"), list(TWINS))


@pytest.fixture(scope="module")
def serving(stand_in: Path, manifest: Path) -> Iterator[TpuProcess]:
    """A process that is open, for the tests that leave it so."""
    process = TpuProcess.start(Order(str(stand_in), "", manifest, tuple(TWINS)))
    process.opened(PLENTY_S)
    yield process
    process.close()


Begin = Callable[..., TpuProcess]


@pytest.fixture
def begin(manifest: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a process that is closed after the test; `told` is for the stand-in."""
    begun: list[TpuProcess] = []

    def start(
        *names: str, told: str = "", library: str = "", device: str = "", at: Path = manifest, **options: object
    ) -> TpuProcess:
        library = library or str(request.getfixturevalue("stand_in"))
        order = Order(library, device, at, names or ("rnet",))
        begun.append(TpuProcess.start(order, environment={"MUSTER_STAND_IN": told}, **options))
        return begun[-1]

    yield start
    for process in begun:
        process.close()


@pytest.fixture
def puppet(begin: Begin) -> Callable[[str], TpuProcess]:
    """Begins a program of the test's own in the child's place."""
    return lambda script: begin(library=LIBRARY, program=(sys.executable, "-c", PUPPET + script))


def rows(n: int, name: str = "rnet") -> np.ndarray:
    return np.random.default_rng(n).integers(-128, 128, (n, *TWINS[name].input.shape[1:])).astype(np.int8)


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(TpuFailure) as caught:
        call()
    text = str(caught.value)
    assert text.isprintable()
    assert not text.endswith(".")
    return text


def refusal(process: TpuProcess) -> str:
    """Why it cannot be opened."""
    return failure(lambda: process.opened(PLENTY_S))


def await_death(process: TpuProcess) -> None:
    descriptor = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(1000 * PLENTY_S)
    os.close(descriptor)


def served(process: TpuProcess, n: int = 1) -> list[np.ndarray]:
    return process.run("rnet", rows(n), deadline_s=PLENTY_S)


def assert_same(actual: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


# What it is for


def test_it_says_what_runs_it_and_what_it_answers_to_the_self_test(serving: TpuProcess) -> None:
    opened = serving.opened(0)
    module, version = runtime_name_and_version(PROVEN_FIRST)
    assert opened.runtime == f"{RUNTIMES[module]} {version}"
    assert "stand-in" in opened.library
    assert list(opened.answers) == ["rnet", "onet"]
    for name, twin in TWINS.items():
        assert_same(opened.answers[name], Interpreter(twin).run(picture(twin)))


def assert_as_the_twins(process: TpuProcess) -> None:
    for name, n in (("onet", 7), ("rnet", 1), ("onet", 3), ("rnet", 13)):
        twin = Interpreter(TWINS[name])
        given = rows(n, name)
        expected = [np.concatenate(parts) for parts in zip(*[twin.run(row[np.newaxis]) for row in given], strict=True)]
        actual = process.run(name, given, deadline_s=PLENTY_S)
        assert_same(actual, expected)
        assert all(array.flags.writeable and array.flags.owndata for array in actual)


def test_bytes_come_back_as_the_twin_computes_them(serving: TpuProcess) -> None:
    assert_as_the_twins(serving)


def test_what_does_not_fit_at_once_goes_in_parts(begin: Begin) -> None:
    process = begin("rnet", "onet", region_bytes=3 * 6912 + 1)
    process.opened(PLENTY_S)
    assert_as_the_twins(process)


def test_no_rows_have_no_answers_and_need_no_process(begin: Begin) -> None:
    process = begin(told="abort 2")
    process.opened(PLENTY_S)
    assert [answer.shape for answer in process.run("rnet", rows(0), deadline_s=0)] == [(0, 1), (0, 4)]


@pytest.mark.parametrize("wrong", [rows(1, "onet"), rows(1).astype(np.uint8), rows(1)[0]])
def test_rows_that_it_does_not_take_are_the_callers_mistake(serving: TpuProcess, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rnet takes int8 rows"):
        serving.run("rnet", wrong, deadline_s=PLENTY_S)
    assert len(served(serving)) == 2


def test_to_begin_it_takes_no_time_and_it_is_not_open_before_it_says_so(begin: Begin) -> None:
    process = begin(told="hang open")
    assert process.opened(0) is None
    assert "not open" in failure(lambda: served(process))


def test_it_is_found_from_any_folder_and_takes_nothing_from_there(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "edge.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('what lies about here was run')")
    monkeypatch.chdir(tmp_path)
    assert begin().opened(PLENTY_S)


def test_it_leaves_no_core_that_would_hold_a_face_and_has_a_session_of_its_own(serving: TpuProcess) -> None:
    assert resource.prlimit(serving.pid, resource.RLIMIT_CORE) == (0, 0)
    assert int(Path(f"/proc/{serving.pid}/coredump_filter").read_text(), 16) == 0
    assert os.getsid(serving.pid) == serving.pid


def test_the_library_is_loaded_there_and_not_here(serving: TpuProcess, stand_in: Path) -> None:
    assert str(stand_in) in Path(f"/proc/{serving.pid}/maps").read_text()
    assert str(stand_in) not in Path("/proc/self/maps").read_text()


# It cannot be opened


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"library": "/nowhere/libedgetpu.so.1"}, "its library cannot be loaded (/nowhere/libedgetpu.so.1: cannot open"),
        ({"library": str(MANIFEST)}, "its library cannot be loaded ("),
        ({"library": "libc.so.6"}, "tflite_plugin_create_delegate"),
        ({"told": "no device"}, "libedgetpu.so.1 finds no Edge TPU that it can use"),
        ({"told": "only usb:1", "device": "usb:0"}, "libedgetpu.so.1 finds no Edge TPU 'usb:0' that it can use"),
        (
            {"told": "abort open"},
            "died of SIGABRT while it opened it; it said: F driver/usb/usb_driver.cc:857] transfer on tag 2",
        ),
        ({"told": "abi"}, "died of SIGSEGV while it opened it"),
        ({"told": "error 1"}, "it cannot run rnet (Node number"),
        ({"names": ("facenet",)}, "facenet"),  # the manifest names no compiled file of it
    ],
)
def test_what_keeps_it_from_opening_is_said_in_words(begin: Begin, options: dict[str, str], words: str) -> None:
    names = options.pop("names", ())
    assert words in refusal(begin(*names, **options))


def test_one_of_several_devices_is_the_one_that_is_asked_for(begin: Begin) -> None:
    assert begin("rnet", "onet", told="only usb:1", device="usb:1").opened(PLENTY_S)


def instead(manifest: Path, folder: Path, content: bytes) -> Path:
    """A manifest that names this content as R-Net's compiled file."""
    original = (manifest.parent / "rnet-int8_edgetpu.tflite").read_bytes()
    (folder / "rnet-int8_edgetpu.tflite").write_bytes(content)
    copy = folder / manifest.name
    old, new = (hashlib.sha256(each).hexdigest() for each in (original, content))
    copy.write_text(manifest.read_text("utf-8").replace(old, new), "utf-8")
    return copy


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file_takes_no_more_than_the_child_along(begin: Begin, manifest: Path, tmp_path: Path, share: float) -> None:
    whole = (manifest.parent / "rnet-int8_edgetpu.tflite").read_bytes()
    assert refusal(begin(at=instead(manifest, tmp_path, whole[: int(share * len(whole))])))


def test_the_compiled_file_of_another_network_is_not_taken(begin: Begin, manifest: Path, tmp_path: Path) -> None:
    other = (manifest.parent / "onet-int8_edgetpu.tflite").read_bytes()
    assert "its tensors are not those of the manifest" in refusal(begin(at=instead(manifest, tmp_path, other)))


def test_an_altered_file_never_reaches_the_runtime(begin: Begin, manifest: Path, tmp_path: Path) -> None:
    copy = instead(manifest, tmp_path, (manifest.parent / "rnet-int8_edgetpu.tflite").read_bytes())
    with (tmp_path / "rnet-int8_edgetpu.tflite").open("ab") as file:
        file.write(b"\0")
    assert "sha256" in refusal(begin(at=copy))


def test_a_missing_manifest_is_said_before_anything_begins(begin: Begin, tmp_path: Path) -> None:
    assert "manifest.toml" in failure(lambda: begin(library=LIBRARY, at=tmp_path / "manifest.toml"))


def test_a_row_that_does_not_fit_is_said_before_anything_begins(begin: Begin) -> None:
    assert "one row of rnet does not fit" in failure(lambda: begin(library=LIBRARY, region_bytes=1000))


def test_a_missing_program_is_named(begin: Begin) -> None:
    assert "/nowhere/python" in failure(lambda: begin(library=LIBRARY, program=("/nowhere/python",)))


def test_it_begins_or_says_that_it_cannot_however_few_descriptors_are_left(begin: Begin) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 20
    taken = []
    results = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        while "began" not in results:
            try:
                begin(library=LIBRARY).close()
                results.append("began")
            except TpuFailure as error:
                results.append(str(error))
            os.close(taken.pop())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    assert len(results) > 8  # the manifest, memory, two sockets, two pipes and what Python itself opens
    assert all("Too many open files" in result for result in results[:-1])


# It fails at work


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("abort 3", "its process died of SIGABRT; it said: F driver/usb/usb_driver.cc:857] transfer on tag 2 failed. Abort."),
        ("kill 3", "its process died of SIGKILL"),
        ("segv 3", "its process died of SIGSEGV"),
        ("error 3", "it could not run rnet (Node number"),
    ],
)
def test_how_it_failed_is_said_in_words(begin: Begin, told: str, words: str) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    assert len(served(process)) == 2
    assert failure(lambda: served(process, 3)).startswith(words)


@pytest.mark.parametrize("told", ["hang 2", "hang 4"])
def test_who_does_not_answer_in_time_is_not_waited_for(begin: Begin, told: str) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    began = time.monotonic()
    assert failure(lambda: process.run("rnet", rows(3), deadline_s=SOON_S)) == "it did not answer within 0.2 s"
    assert SOON_S <= time.monotonic() - began < 10


def test_one_deadline_is_for_all_rows_together(begin: Begin) -> None:
    process = begin(told="slow 50", region_bytes=2000)
    process.opened(PLENTY_S)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(20), deadline_s=SOON_S))


def test_a_stopped_process_is_not_waited_for_and_can_be_ended(begin: Begin) -> None:
    process = begin()
    process.opened(PLENTY_S)
    os.kill(process.pid, signal.SIGSTOP)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    process.close()
    assert not Path(f"/proc/{process.pid}").exists()


@pytest.mark.parametrize("n_served", [0, 2])
def test_one_that_was_killed_between_two_requests_is_missed_at_the_next(begin: Begin, n_served: int) -> None:
    process = begin()
    process.opened(PLENTY_S)
    for _ in range(n_served):
        served(process)
    os.kill(process.pid, signal.SIGKILL)
    await_death(process)
    for _ in range(2):
        assert failure(lambda: served(process)) == "its process died of SIGKILL"


def test_one_that_is_killed_while_it_opens_is_missed(begin: Begin) -> None:
    process = begin(told="hang open")
    os.kill(process.pid, signal.SIGKILL)
    assert "died of SIGKILL while it opened it" in refusal(process)


def test_after_the_end_nothing_is_answered_and_ending_it_twice_is_allowed(begin: Begin) -> None:
    process = begin()
    process.opened(PLENTY_S)
    process.close()
    process.close()
    assert not Path(f"/proc/{process.pid}").exists()
    assert "not open" in failure(lambda: served(process))
    assert "not open" in refusal(process)


@pytest.mark.parametrize(("told", "deadline_s"), [("slow 100", PLENTY_S), ("hang 2", SOON_S)])
def test_signals_neither_end_a_wait_nor_lengthen_it(begin: Begin, told: str, deadline_s: float) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        began = time.monotonic()
        if told == "hang 2":
            assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=deadline_s))
            assert time.monotonic() - began < 10
        else:
            assert len(process.run("rnet", rows(1), deadline_s=deadline_s)) == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(heard) > 2


# It has gone mad


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("parent.send(b'what?'); parent.recv(1)", "said something that nobody understands"),
        ("parent.send(b'[' * 100000); parent.recv(1)", "said something that nobody understands"),
        ("say(Done(1)); parent.recv(1)", "said something that it was not asked"),
        ("say(Failed(0, 'a\\n\\x1b[1mb')); parent.recv(1)", "a  [1mb"),
        ("", "ended with exit code 0 while it opened it"),
        ("sys.exit('the reason')", "ended with exit code 1 while it opened it; it said: the reason"),
        ("parent.close(); signal.pause()", "its process closed its connection while it opened it"),
    ],
)
def test_nonsense_while_it_opens_is_a_failure(puppet: Callable[[str], TpuProcess], script: str, words: str) -> None:
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
def test_nonsense_at_work_is_a_failure(puppet: Callable[[str], TpuProcess], script: str, words: str) -> None:
    process = puppet(f"say(Ready('', '')); hear(); {script}; parent.recv(1)")
    process.opened(PLENTY_S)
    deadline_s = SOON_S if "iter" in script else PLENTY_S
    assert words in failure(lambda: process.run("rnet", rows(1), deadline_s=deadline_s))


def test_a_late_answer_is_never_taken_for_the_next_ones(puppet: Callable[[str], TpuProcess]) -> None:
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


def test_a_late_answer_is_no_answer_at_all(puppet: Callable[[str], TpuProcess]) -> None:
    process = puppet("say(Ready('', '')); first, second = hear(), hear(); say(Done(first.sequence)); sys.exit(3)")
    process.opened(PLENTY_S)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    assert "ended with exit code 3" in failure(lambda: process.run("rnet", rows(1), deadline_s=PLENTY_S))


def test_a_talkative_process_neither_waits_for_us_nor_reaches_the_terminal(
    puppet: Callable[[str], TpuProcess], capfd: pytest.CaptureFixture[str]
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


def test_a_process_that_cannot_end_now_is_let_go_of_when_it_can() -> None:
    read_end, write_end = os.pipe()
    ours, theirs = socket.socketpair()
    sleeper = Sleeper()
    Spawned(sleeper, ours, LastWords(read_end), Memory.create(n_in=1, n_out=1)).end()
    os.close(write_end)
    theirs.close()
    reap()
    sleeper.is_awake = True
    reap()
    n_polls = sleeper.n_polls
    reap()
    assert sleeper.n_kills == 1
    assert sleeper.n_polls == n_polls == 2
