"""What keeps the Edge TPU's process from opening, or from beginning at all, is said in words."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
from pathlib import Path

import pytest
from edgetpu.asking import (
    LIBRARY,
    PLENTY_S,
    Begin,
    failure,
    refusal,
)

from edge.device.tpu.process import TpuFailure
from models import MANIFEST

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("nothing_is_left_behind")]


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
            "died of SIGABRT while it loaded the library and opened the Edge TPU; it said: F driver/usb/usb_driver.cc:857]",
        ),
        ({"told": "abi"}, "died of SIGSEGV while it loaded the library and opened the Edge TPU"),
        ({"told": "error 1"}, "it cannot run rnet (Node number"),
        ({"names": ("facenet",)}, "facenet"),  # the manifest names no compiled file of it
    ],
)
def test_what_keeps_it_from_opening_is_said_in_words(begin: Begin, options: dict[str, str], words: str) -> None:
    names = options.pop("names", ())
    assert words in refusal(begin(*names, **options))


def test_one_of_several_devices_is_the_one_that_is_asked_for(begin: Begin) -> None:
    assert begin("rnet", "onet", told="only usb:1", device="usb:1").opened(PLENTY_S)


def test_what_stops_the_unit_is_not_for_its_process_from_the_first_moment_on(begin: Begin) -> None:
    process = begin()
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGINT)
    assert process.opened(PLENTY_S)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}


def instead(manifest: Path, folder: Path, content: bytes) -> Path:
    """A manifest that names this content as R-Net's compiled file."""
    original = (manifest.parent / "rnet-int8_edgetpu.tflite").read_bytes()
    (folder / "rnet-int8_edgetpu.tflite").write_bytes(content)
    copy = folder / manifest.name
    old, new = (hashlib.sha256(each).hexdigest() for each in (original, content))
    copy.write_text(manifest.read_text("utf-8").replace(old, new), "utf-8")
    return copy


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file_takes_no_more_than_the_child_along(
    begin: Begin, two_networks: Path, tmp_path: Path, share: float
) -> None:
    whole = (two_networks.parent / "rnet-int8_edgetpu.tflite").read_bytes()
    assert refusal(begin(at=instead(two_networks, tmp_path, whole[: int(share * len(whole))])))


def test_the_compiled_file_of_another_network_is_not_taken(begin: Begin, two_networks: Path, tmp_path: Path) -> None:
    other = (two_networks.parent / "onet-int8_edgetpu.tflite").read_bytes()
    assert "does not fit rnet-int8.tflite" in refusal(begin(at=instead(two_networks, tmp_path, other)))


def test_an_altered_file_never_reaches_the_runtime(begin: Begin, two_networks: Path, tmp_path: Path) -> None:
    copy = instead(two_networks, tmp_path, (two_networks.parent / "rnet-int8_edgetpu.tflite").read_bytes())
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
    limit = min(max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 20, hard)
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
