"""What the doctor says of the library, and of an Edge TPU that it opens."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from doctor.units import NOWHERE, Examine
from edgetpu.packages import installed
from edgetpu.plugged import BOOTLOADER, READY, as_nobody, plug

from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.linker import Linker
from edge.device.tpu.process import Order
from edge.doctor import Finding, Places, State
from edge.doctor.trial import why


def stood_for(places: Places, fate: str) -> Places:
    return replace(places, environment={"MUSTER_STAND_IN": fate})


# The library


def test_no_library(look: Examine, places: Places, tmp_path: Path) -> None:
    without = replace(places, library=LibraryPlaces(Linker((), NOWHERE, (tmp_path,)), NOWHERE))
    assert look(without)["edge tpu library"].state is State.OK, "nobody misses it"
    plug(tmp_path, "2-1", READY)
    found = look(without)
    assert found["edge tpu library"].state is State.WARNING
    assert found["edge tpu library"].sentence == "libedgetpu.so.1 is not installed"
    assert "16.0tf2.17.1 or newer" in found["edge tpu library"].advice
    assert found["edge tpu use"].advice == "see to the edge tpu library first"
    assert look(without, kind="edgetpu")["edge tpu library"].state is State.FAULT


def test_a_file_that_is_none(look: Examine, places: Places, tmp_path: Path) -> None:
    (tmp_path / "libedgetpu.so.1").write_text("Not Found")
    wrong = replace(places, library=LibraryPlaces(Linker((), NOWHERE, (tmp_path,)), NOWHERE))
    found = look(wrong)["edge tpu library"]
    assert found.state is State.WARNING, "also while nothing is plugged in"
    assert "is no shared library" in found.sentence


def test_a_path_that_is_configured_is_what_is_wrong_also_where_no_stick_is(look: Examine, tmp_path: Path) -> None:
    found = look(library=str(tmp_path))["edge tpu library"]
    assert (found.state, found.sentence) == (State.WARNING, f'accelerator.library = "{tmp_path}" is a folder')
    assert found.advice.startswith("set accelerator.library to the path of a libedgetpu.so.1")


def test_a_plain_16_0_is_refused_before_it_crashes(look: Examine, places: Places, stand_in: Path, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-std", "16.0", stand_in)
    found = look(replace(places, library=replace(places.library, dpkg=dpkg)))
    assert "libedgetpu1-std 16.0 crashes when it is loaded" in found["edge tpu library"].sentence
    assert found["edge tpu use"].sentence == "not opened, because of the edge tpu library"


@pytest.mark.native
def test_one_that_crashes_is_the_wrong_one(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(stood_for(places, "abi"))["edge tpu use"]
    assert found.state is State.WARNING
    assert "crashes the process that loads it" in found.sentence
    assert "16.0tf2.17.1 or newer" in found.advice


def test_one_without_a_package_has_no_version_yet(look: Examine, stand_in: Path) -> None:
    assert look()["edge tpu library"].sentence == f"{stand_in} (of no Debian package); its version shows when it is opened"


def test_the_maximum_clock_is_a_warning(look: Examine, places: Places, stand_in: Path, tmp_path: Path) -> None:
    taken = installed(tmp_path / "taken", "libedgetpu1-std", "16.0tf2.17.1-1", stand_in)
    found = look(replace(places, library=replace(places.library, dpkg=taken)))["edge tpu library"]
    assert (found.state, found.sentence) == (State.OK, "libedgetpu1-std 16.0tf2.17.1-1")
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-max", "16.0tf2.17.1-1", stand_in)
    found = look(replace(places, library=replace(places.library, dpkg=dpkg)))["edge tpu library"]
    assert found.state is State.WARNING
    assert "25 °C" in found.sentence
    assert "libedgetpu1-std" in found.advice


# Opened, and not right


def test_before_its_firmware_and_not_to_be_opened(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", BOOTLOADER)
    found = look(stood_for(places, "no device"), kind="edgetpu")["edge tpu use"]
    assert found.state is State.FAULT
    assert found.sentence.startswith("its firmware could not be sent, or this user may not open it under the id that it has then")
    assert "both of its ids" in found.advice


def test_with_its_firmware_and_without_permission_for_the_second_id(places: Places) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        plug(root, "2-1", READY).chmod(0o600)
        plug(root, "2-2", BOOTLOADER, devnum=4).chmod(0o600)
        where = replace(places, sysfs=root / "sys", dev=root / "dev")
        with as_nobody():
            wrong, advice = why("no Edge TPU", Order("libedgetpu.so.1", "usb:0", NOWHERE, ()), where)
            still, _ = why("no Edge TPU", Order("libedgetpu.so.1", "usb:1", NOWHERE, ()), where)
    assert wrong.startswith("it has its firmware now, and under its second id there is no permission")
    assert still.startswith("its firmware could not be sent")
    assert "udev rule" in advice


def test_whoever_is_not_root_is_told_that_somebody_else_may_have_it(places: Places) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        node = plug(root, "2-1", READY)
        node.chmod(0o666)
        order, where = Order("libedgetpu.so.1", "", NOWHERE, ()), replace(places, sysfs=root / "sys", dev=root / "dev")
        with as_nobody():
            wrong, advice = why("the library finds no Edge TPU", order, where)
        by_root = why("the library finds no Edge TPU", order, where)[1]
    assert wrong == "the library finds no Edge TPU"
    assert advice.startswith(f"see whether another user's process has it: `sudo fuser -v {node}`; else unplug it")
    assert ("fuser" in by_root) == (os.geteuid() != 0)


def test_one_that_went_away_meanwhile(places: Places) -> None:
    wrong, advice = why("its process died of SIGABRT", Order("libedgetpu.so.1", "", NOWHERE, ()), places)
    assert wrong.startswith("it went away while it was opened")
    assert "another cable" in advice


@pytest.mark.native
@pytest.mark.parametrize(
    ("fate", "words"),
    [("no device", "finds no Edge TPU"), ("abort open", "SIGABRT"), ("wrong", "it computes wrongly: rnet")],
)
def test_one_that_cannot_be_opened_or_computes_wrongly(
    look: Examine, places: Places, tmp_path: Path, fate: str, words: str
) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(stood_for(places, fate))
    assert found["edge tpu use"].state is State.WARNING
    assert words in found["edge tpu use"].sentence
    assert "no Edge TPU can be used" in found["placement"].sentence


@pytest.mark.native
def test_the_last_words_of_the_library_are_quoted_whole_and_are_no_advice(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(stood_for(places, "abort open"))["edge tpu use"]
    assert "died of SIGABRT" in found.sentence
    assert found.sentence.endswith("transfer on tag 2 failed. Abort. Deadline exceeded: USB transfer error 2")
    assert (
        found.advice
        == "its connection over USB broke: another cable, another blue port, a stronger supply, or a powered USB 3 hub"
    )


def test_one_that_never_opens(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(replace(stood_for(places, "hang open"), open_s=0.5))["edge tpu use"]
    assert found.sentence == "it was not open after 0.5 s"
    assert "unplug it" in found.advice


def test_nothing_is_opened_while_the_networks_themselves_are_amiss(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    altered = Finding("models", State.FAULT, "altered")
    found = look(models=altered)
    assert found["edge tpu use"].advice == "see to the models first"
    for kind in ("auto", "cpu"):
        place = look(models=altered, kind=kind)["placement"]
        assert (place.state, place.sentence) == (State.WARNING, "nowhere: nothing starts without the models")
