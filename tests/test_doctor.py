"""The doctor, on trees of files that look like a unit in trouble."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.config import Config, parse
from edge.device.clock import SystemClock
from edge.doctor import (
    Finding,
    Places,
    State,
    camera,
    clock,
    database,
    destinations,
    disk,
    edge_tpu,
    examine,
    models,
    pins,
    pycoral,
    runtime,
)
from edge.store import Store

MODEL = "facenet/int8"
RUNTIME_OK = Finding("runtime", State.OK, "fine")


def package(folder: Path, name: str, version: str, *, summary: str = "", files: tuple[str, ...] = ()) -> None:
    """What pip leaves behind of a package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {summary}\n")
    if files:
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def usb(folder: Path, place: str, vendor: str, product: str) -> None:
    device = folder / "bus/usb/devices" / place
    device.mkdir(parents=True)
    (device / "idVendor").write_text(f"{vendor}\n")
    (device / "idProduct").write_text(f"{product}\n")


def config(**sections: dict[str, object]) -> Config:
    return parse(dict(sections))


# Runtime


@pytest.mark.parametrize(
    ("packages", "state", "words"),
    [
        ({"ai-edge-litert": "2.3.0", "numpy": "2.4.6"}, State.OK, "ai-edge-litert 2.3.0 with numpy 2.4.6"),
        ({"tflite-runtime": "2.14.0", "numpy": "1.26.4"}, State.OK, "tflite-runtime 2.14.0"),
        ({"tflite-runtime": "2.14.0", "numpy": "2.0.0"}, State.FAULT, "cannot work"),
        ({"tflite-runtime": "2.14.0", "ai-edge-litert": "2.3.0", "numpy": "2.0.0"}, State.OK, "ai-edge-litert"),
        ({"numpy": "2.0.0"}, State.FAULT, "no TFLite runtime"),
    ],
)
def test_runtime(tmp_path: Path, packages: dict[str, str], state: State, words: str) -> None:
    for name, version in packages.items():
        package(tmp_path, name, version)
    found = runtime([str(tmp_path)])
    assert found.state is state
    assert words in found.sentence
    assert bool(found.advice) == (state is not State.OK)


def test_models_are_not_looked_at_without_a_runtime() -> None:
    found, model = models(Config(), Finding("runtime", State.FAULT, "none"))
    assert (found.state, model) == (State.WARNING, None)


def test_models_that_are_missing_are_a_fault_with_advice(tmp_path: Path) -> None:
    found, model = models(Config(), RUNTIME_OK, tmp_path / "manifest.toml")
    assert (found.state, model) == (State.FAULT, None)
    assert str(tmp_path) in found.sentence
    assert "make models" in found.advice


# pycoral


def test_the_pycoral_of_pypi_is_recognised_as_the_wrong_one(tmp_path: Path) -> None:
    # Name, summary and files of pycoral-0.2.0-py3-none-any.whl as PyPI serves it (2026-11-22).
    files = ("pycoral/__init__.py", "pycoral/pycoral.py", "pycoral-0.2.0.dist-info/METADATA")
    package(tmp_path, "pycoral", "0.2.0", summary="Simple CLI for Allen Coral Atlas", files=files)
    found = pycoral([str(tmp_path)])
    assert found.state is State.WARNING
    assert "not Coral's library" in found.sentence
    assert "pip uninstall pycoral" in found.advice


def test_a_package_without_corals_own_file_is_wrong_whatever_it_says(tmp_path: Path) -> None:
    package(tmp_path, "pycoral-pi5", "0.1", summary="Coral for the Pi 5", files=("pycoral/__init__.py",))
    assert pycoral([str(tmp_path)]).state is State.WARNING


@pytest.mark.parametrize("files", [("pycoral/__init__.py", "pycoral/utils/edgetpu.py"), ()])
def test_the_genuine_one_is_fine_also_from_debian_which_lists_no_files(tmp_path: Path, files: tuple[str, ...]) -> None:
    package(tmp_path, "pycoral", "2.0.3", summary="Coral Python API", files=files)
    assert pycoral([str(tmp_path)]).state is State.OK


def test_none_is_fine_too(tmp_path: Path) -> None:
    assert pycoral([str(tmp_path)]).sentence == "not installed, and not needed"


# Hardware


def test_an_edge_tpu_is_seen_before_and_after_its_firmware(tmp_path: Path) -> None:
    assert "none is plugged in" in edge_tpu(tmp_path).sentence
    usb(tmp_path, "1-1", "046d", "0825")
    assert "none is plugged in" in edge_tpu(tmp_path).sentence
    usb(tmp_path, "2-1", "1a6e", "089a")
    usb(tmp_path, "2-2", "18d1", "9302")
    (tmp_path / "bus/usb/devices/usb1").mkdir()
    sentence = edge_tpu(tmp_path).sentence
    assert "USB 2-1, not used" in sentence
    assert "USB 2-2, in use" in sentence
    assert "on the CPU" in sentence


@pytest.mark.parametrize(("kind", "words"), [("none", "left out"), ("mock", "as configured"), ("auto", "no Raspberry Pi")])
def test_without_pins_there_is_nothing_to_complain_about(tmp_path: Path, kind: str, words: str) -> None:
    found = pins(config(panel={"kind": kind}), tmp_path / "missing")
    assert found.state is State.OK
    assert words in found.sentence


def test_pins_that_cannot_be_used_are_a_fault(tmp_path: Path) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    found = pins(Config(), board)
    assert found.state is State.FAULT
    assert "pins" in found.sentence


def test_a_camera_that_is_not_there_is_a_fault() -> None:
    found = camera(config(camera={"source": "usb:63"}))
    assert found.state is State.FAULT
    assert "/dev/video63 is not there" in found.sentence
    assert found.advice.startswith("Plug the camera in")


def test_a_recording_is_tried_with_one_frame(tmp_path: Path) -> None:
    source = config(camera={"source": f"replay:{tmp_path}"})
    assert camera(source).state is State.FAULT
    (tmp_path / "1.png").write_bytes(b"")
    assert "not one picture" in camera(source).sentence
    Image.new("RGB", (64, 48)).save(tmp_path / "2.png")
    assert camera(source) == Finding("camera", State.OK, f"replay:{tmp_path} gives 64 x 48")


def test_a_clock_that_nobody_set_is_a_warning(tmp_path: Path) -> None:
    assert clock(SystemClock(max_error_us=lambda: 100, rtc=tmp_path)).state is State.OK
    found = clock(SystemClock(max_error_us=lambda: 16_000_000, rtc=tmp_path))
    assert found.state is State.WARNING
    assert "nothing has set it" in found.sentence


# Database and disk


def filled(path: Path, *models: str) -> None:
    with Store.open(path, unit="test") as store:
        for row, model in enumerate(models):
            person = store.add_person(f"A{row}", "Ada")
            store.add_template(person.id, np.eye(4, dtype=np.float32)[0], model=model, photo_sha256=f"{row:064d}")


def test_the_doctor_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    found = database(path, MODEL)
    assert found.state is State.WARNING
    assert "muster enrol" in found.advice
    assert not path.exists()


@pytest.mark.parametrize(
    ("made_by", "state", "words"),
    [
        ((MODEL,), State.OK, "1 person, 1 template"),
        ((), State.WARNING, "0 people, 0 templates: nobody can be recognised"),
        (("old/int8",), State.FAULT, "nobody can be recognised: templates were made by another model (1 by old/int8"),
        ((MODEL, "old/int8"), State.WARNING, "2 people, 1 template; 1 person cannot be recognised"),
    ],
)
def test_a_database_is_counted(tmp_path: Path, made_by: tuple[str, ...], state: State, words: str) -> None:
    filled(tmp_path / "muster.db", *made_by)
    found = database(tmp_path / "muster.db", MODEL)
    assert found.state is state
    assert words in found.sentence


def test_templates_that_cannot_be_compared_are_a_fault(tmp_path: Path) -> None:
    with Store.open(tmp_path / "muster.db", unit="test") as store:
        for d in (4, 8):
            person = store.add_person(f"A{d}", "Ada")
            store.add_template(person.id, np.ones(d, np.float32), model=MODEL, photo_sha256=f"{d:064d}")
    found = database(tmp_path / "muster.db", MODEL)
    assert (found.state, found.advice) == (State.FAULT, "Restore a backup.")
    assert "differ in length" in found.sentence


def test_a_damaged_database_is_a_fault_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    path.write_bytes(b"this is no database" * 100)
    before = path.read_bytes()
    assert database(path, MODEL).state is State.FAULT
    assert path.read_bytes() == before


def test_a_database_of_a_newer_muster_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    filled(path, MODEL)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    assert database(path, MODEL).state is State.FAULT


def test_the_disk_is_looked_at_where_the_data_will_be(tmp_path: Path) -> None:
    found = disk(tmp_path / "not" / "yet" / "there")
    assert str(tmp_path) in found.sentence
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_folder_that_cannot_be_written_is_a_fault() -> None:
    assert disk(Path("/proc/self")).state is State.FAULT


def test_every_finding_is_one_line_and_what_is_wrong_comes_with_advice(tmp_path: Path) -> None:
    findings = examine(config(camera={"source": "usb:63"}), tmp_path, Places(tmp_path, tmp_path / "model", [str(tmp_path)]))
    names = [
        "runtime",
        "models",
        "database",
        "matching",
        "camera",
        "pins",
        "edge tpu",
        "pycoral",
        "clock",
        "disk",
        "destinations",
    ]
    assert [found.name for found in findings] == names
    for found in findings:
        assert "\n" not in found.sentence + found.advice
        assert found.advice or found.state is State.OK


def test_a_destination_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = str(tmp_path / "stick")
    assert destinations(config(sync={"destinations": []})).state is State.OK
    assert destinations(config(sync={"destinations": [str(tmp_path)]})).state is State.OK
    found = destinations(config(sync={"destinations": [str(tmp_path), gone]}))
    assert (found.state, found.sentence) == (State.WARNING, f"not there: {gone}")


def test_a_file_in_the_place_of_the_data_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert database(tmp_path / "file" / "muster.db", None).state is State.FAULT
