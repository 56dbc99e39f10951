"""What is looked at before the Edge TPU is opened: each thing that is wrong is named, with what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from edgetpu.plugged import READY, as_nobody, plug

from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.opening import Claim, Opening, TpuPlaces
from edge.device.tpu.process import Order, TpuFailure

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
    with closing(opening(tmp_path / "libedgetpu.so.1", places)) as missing, pytest.raises(TpuFailure, match="is not installed"):
        missing.start()


def test_no_stick(stand_in: Path, places: TpuPlaces) -> None:
    with closing(opening(stand_in, places)) as unplugged:
        assert not unplugged.is_listed()
        assert unplugged.speed_mbps() is None
        with pytest.raises(TpuFailure, match="it is not plugged in"):
            unplugged.start()


def test_another_stick_than_the_one_that_is_meant(stand_in: Path, places: TpuPlaces, node: Path) -> None:
    with closing(opening(stand_in, places, "usb:1")) as other, pytest.raises(TpuFailure, match="it is not plugged in"):
        other.start()


def test_no_rights(stand_in: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        root = Path(name)
        root.chmod(0o755)
        (root / "dpkg").mkdir()
        plug(root, "2-1", READY).chmod(0)
        library = shutil.copy(stand_in, root)
        places = TpuPlaces(root / "sys", root / "dev", library=LibraryPlaces(dpkg=root / "dpkg"))
        message = r"this user may not open .*bus/usb/002/003. Install the udev rules"
        with as_nobody(), closing(opening(library, places)) as ready, pytest.raises(TpuFailure, match=message):
            ready.start()


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
