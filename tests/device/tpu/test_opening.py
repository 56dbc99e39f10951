"""What is looked at before the Edge TPU is opened: each thing that is wrong is named, with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from edgetpu.plugged import READY, as_nobody, plug

from edge.device.fakes import ManualClock
from edge.device.tpu.last_words import LastWords
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.memory import Memory
from edge.device.tpu.opening import Claim, Opening, TpuPlaces
from edge.device.tpu.process import Order, TpuFailure
from edge.device.tpu.spawn import Spawned

HOLDS = """
import sys
from edge.device.tpu.opening import Claim
claim = Claim()
print(claim.take(sys.argv[1]), flush=True)
sys.stdin.read()
"""
OPENS = """
import sys
file = open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(program: str, argument: str) -> Iterator[str]:
    """One that does something and then waits until it is let go; what it says first is what comes back."""
    command = [sys.executable, "-c", program, argument]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(20)


@pytest.fixture
def places(tmp_path: Path) -> TpuPlaces:
    (tmp_path / "dpkg").mkdir()
    return TpuPlaces(tmp_path / "sys", tmp_path / "dev", library=LibraryPlaces(dpkg=tmp_path / "dpkg"))


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return plug(tmp_path, "2-1", READY)


def opening(library: object, places: TpuPlaces, device: str = "") -> Opening:
    return Opening(Order(str(library), device, Path("manifest.toml"), ("rnet",)), places, start=lambda order: order)


def test_where_all_is_well_the_library_that_was_looked_at_is_the_one_that_is_loaded(
    stand_in: Path, places: TpuPlaces, node: Path
) -> None:
    with closing(opening(stand_in, places)) as ready:
        assert ready.is_listed()
        assert ready.speed_mbps() == 5000
        assert ready.start().library == str(stand_in)
        assert ready.start().library == str(stand_in), "the claim is ours already"
        assert len(ready.library.identity) == 64


def test_no_library(places: TpuPlaces, node: Path, tmp_path: Path) -> None:
    with closing(opening(tmp_path / "libedgetpu.so.1", places)) as missing, pytest.raises(TpuFailure, match="is not there"):
        missing.start()


def test_no_stick(stand_in: Path, places: TpuPlaces) -> None:
    with closing(opening(stand_in, places)) as unplugged:
        assert not unplugged.is_listed()
        assert unplugged.speed_mbps() is None
        with pytest.raises(TpuFailure, match="it is not plugged in"):
            unplugged.start()


def test_another_stick_than_the_one_that_is_meant(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    with closing(opening(stand_in, places, "usb:1")) as other:
        assert not other.is_listed()
        assert other.absence() == 'accelerator.device = "usb:1" is not plugged in; there is usb:0 (USB 2-1)'
        with pytest.raises(TpuFailure) as caught:
            other.start()
        assert str(caught.value) == other.absence()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "dpkg").mkdir()
        yield root


def public_places(root: Path) -> TpuPlaces:
    return TpuPlaces(root / "sys", root / "dev", library=LibraryPlaces(dpkg=root / "dpkg"))


def test_no_rights(stand_in: Path, public: Path) -> None:
    plug(public, "2-1", READY).chmod(0)
    library = shutil.copy(stand_in, public)
    message = r"this user may not open .*bus/usb/002/003. Install the udev rules"
    with as_nobody(), closing(opening(library, public_places(public))) as ready:
        assert ready.is_listed(), "it was there before anybody looked"
        with pytest.raises(TpuFailure, match=message):
            ready.start()


def test_one_that_has_just_come_is_given_a_second_for_its_rights_each_time(public: Path) -> None:
    """The kernel lists it before udev has seen to the file."""
    clock = ManualClock()
    order = Order("libedgetpu.so.1", "", Path("manifest.toml"), ("rnet",))
    with closing(Opening(order, public_places(public), start=lambda order: order, now_s=clock.monotonic_s)) as late:
        assert not late.is_listed()
        for number in (3, 4):
            node = plug(public, "2-1", READY, devnum=number)
            node.chmod(0)
            for after_s, is_listed in ((0.0, False), (0.9, False), (0.1, True), (60.0, True)):
                clock.advance(after_s)
                with as_nobody():
                    assert late.is_listed() is is_listed
            assert late.absence() == "it is not plugged in"
            shutil.rmtree(public / "sys")
        node = plug(public, "2-1", READY, devnum=5)
        node.chmod(0o666)
        with as_nobody():
            assert late.is_listed(), "who has its rights need not wait"


def test_a_container_that_was_not_given_the_device(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    node.unlink()
    with closing(opening(stand_in, places)) as ready, pytest.raises(TpuFailure, match="003 is not there, though the system"):
        ready.start()


def test_one_that_another_process_has_open_is_busy_and_the_process_is_named(
    stand_in: Path, places: TpuPlaces, node: Path
) -> None:
    with another_process(OPENS, str(node)) as said, closing(opening(stand_in, places)) as second:
        assert said == "open"
        with pytest.raises(TpuFailure, match=r"^it is busy: process \d+ \(.*python -c import sys .*\) has it. End that one"):
            second.start()


def test_one_that_another_muster_claims_is_busy_until_that_ends(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    """Also while the other one has not opened it yet, or is another user's, whose files nobody sees."""
    with closing(opening(stand_in, places)) as second:
        with another_process(HOLDS, f"{places.sysfs.absolute()} USB 2-1") as said:
            assert said == "True"
            with pytest.raises(TpuFailure, match=r"it is busy: another process of Muster has it. End that"):
                second.start()
        assert second.start().library == str(stand_in)


def test_whoever_moves_to_another_port_claims_that_and_leaves_the_first(tmp_path: Path) -> None:
    ours, theirs = Claim(), Claim()
    with ExitStack() as stack:
        for claim in (ours, theirs):
            stack.callback(claim.release)
        assert ours.take(f"{tmp_path} USB 2-1")
        assert not theirs.take(f"{tmp_path} USB 2-1")
        assert ours.take(f"{tmp_path} USB 1-1")
        assert theirs.take(f"{tmp_path} USB 2-1")
        assert not theirs.take(f"{tmp_path} USB 1-1")


def test_a_claim_ends_with_its_opening(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    first, second = opening(stand_in, places), opening(stand_in, places)
    with closing(first), closing(second):
        first.start()
        with pytest.raises(TpuFailure, match="busy"):
            second.start()
        first.close()
        second.start()


class Undying(subprocess.Popen[bytes]):
    """A process that hears no signal, as one that waits for a device."""

    def kill(self) -> None:
        """Nothing comes of it."""


def test_a_former_process_that_has_not_ended_is_not_called_somebody_elses(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    os.close(write_end)
    program = [sys.executable, "-c", OPENS, str(node)]
    with (
        theirs,
        closing(opening(stand_in, places)) as again,
        Undying(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout.readline() == b"open\n"
        Spawned(process, ours, LastWords(read_end), Memory.create(n_in=8, n_out=8)).end()
        with pytest.raises(TpuFailure, match=rf"its former process \({process.pid}\) has not ended yet.* Unplug it") as caught:
            again.start()
        assert "End that one" not in str(caught.value)
        process.stdin.close()
        process.wait(20)
        assert again.start().library == str(stand_in)
