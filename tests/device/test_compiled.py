"""Only a file that was compiled for the Edge TPU from the twin that is here is given to it; else it is said what to do."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from edgetpu.flatbuffer import compiled

from edge.device.compiled import CompiledError, CompiledSpec, CompiledState, is_compiled, read_compiled
from edge.device.manifest import read_spec
from edge.device.tensors import read_tensors
from edge.errors import ModelError
from models import FOLDER, MANIFEST, manifest

COMPILED = compiled((FOLDER / "pnet-int8.tflite").read_bytes(), answer=bytes(64))
FILE = "pnet-int8_edgetpu.tflite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder in which P-Net alone is compiled."""
    shutil.copy(FOLDER / "pnet-int8.tflite", tmp_path)
    (tmp_path / FILE).write_bytes(COMPILED)
    tables = manifest.read()
    for name in ("pnet", "rnet", "onet", "facenet"):
        tables["networks"][name]["variants"]["int8"].pop("compiled", None)
    int8 = tables["networks"]["pnet"]["variants"]["int8"]
    int8["compiled"] = {
        "file": FILE,
        "sha256": hashlib.sha256(COMPILED).hexdigest(),
        "twin_sha256": int8["sha256"],
        "compiler": "16.0.384591198",
        "n_mapped": 9,
        "n_on_cpu": 0,
    }
    manifest.write(tables, tmp_path / MANIFEST.name)
    return tmp_path


def read(folder: Path, name: str = "pnet") -> CompiledSpec:
    return read_compiled(folder / MANIFEST.name, name)


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    tables = manifest.read(folder / MANIFEST.name)
    edit(tables["networks"]["pnet"]["variants"]["int8"])
    manifest.write(tables, folder / MANIFEST.name)


def refused(folder: Path, name: str = "pnet") -> CompiledError:
    with pytest.raises(CompiledError) as caught:
        read(folder, name)
    assert caught.value.exit_code == 65
    return caught.value


def test_a_good_file_has_its_twins_tensors_and_its_own_hash(folder: Path) -> None:
    found = read(folder)
    twin = read_spec(folder / MANIFEST.name, "pnet", variant="int8")
    assert found == CompiledSpec(twin, folder / FILE, hashlib.sha256(COMPILED).hexdigest())
    network = found.as_network()
    assert (network.path, network.sha256, network.free_axes) == (folder / FILE, found.sha256, ())
    assert (network.name, network.model, network.variant) == ("pnet", twin.model, "int8")
    assert (network.input, network.outputs) == (twin.input, twin.outputs)


DAMAGE: dict[str, tuple[CompiledState, Callable[[Path], object]]] = {
    "the file is gone": (CompiledState.MISSING, lambda folder: (folder / FILE).unlink()),
    "the file is empty": (CompiledState.DAMAGED, lambda folder: (folder / FILE).write_bytes(b"")),
    "the file is a page of the web": (CompiledState.DAMAGED, lambda folder: (folder / FILE).write_text("<html>", "utf-8")),
    "a text with the magic word": (CompiledState.DAMAGED, lambda folder: (folder / FILE).write_bytes(b"edgetpu-custom-op " * 9)),
    "the file is a folder": (
        CompiledState.DAMAGED,
        lambda folder: ((folder / FILE).unlink(), (folder / FILE).mkdir()),
    ),
    "the plain file under the compiled one's name": (
        CompiledState.NOT_COMPILED,
        lambda folder: shutil.copy(folder / "pnet-int8.tflite", folder / FILE),
    ),
    "one byte more": (CompiledState.ALTERED, lambda folder: (folder / FILE).write_bytes(COMPILED + b"\0")),
    "the end is missing": (CompiledState.ALTERED, lambda folder: (folder / FILE).write_bytes(COMPILED[:-1])),
    "the twin is another": (
        CompiledState.TWIN_MISMATCH,
        lambda folder: change(folder, lambda int8: int8.update(sha256="0" * 64)),
    ),
    "nothing in the manifest": (CompiledState.MISSING, lambda folder: change(folder, lambda int8: int8.pop("compiled"))),
    "an entry without a hash": (
        CompiledState.DAMAGED,
        lambda folder: change(folder, lambda int8: int8["compiled"].pop("sha256")),
    ),
    "an entry that is no table": (CompiledState.DAMAGED, lambda folder: change(folder, lambda int8: int8.update(compiled="yes"))),
    "a hash that is a number": (
        CompiledState.DAMAGED,
        lambda folder: change(folder, lambda int8: int8["compiled"].update(sha256=7)),
    ),
    "a file in another folder": (
        CompiledState.DAMAGED,
        lambda folder: change(folder, lambda int8: int8["compiled"].update(file="../elsewhere.tflite")),
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_anything_else_is_refused_by_its_state_and_says_what_to_do(what: str, folder: Path) -> None:
    state, damage = DAMAGE[what]
    damage(folder)
    error = refused(folder)
    assert error.state is state
    assert f"Run `make edgetpu` on an x86-64 Linux and copy {FILE} and manifest.toml" in str(error)
    assert 'set pnet = "cpu" under [placement]' in str(error)


def test_a_network_that_nobody_compiled_is_missing(folder: Path) -> None:
    error = refused(folder, "facenet")
    assert error.state is CompiledState.MISSING
    assert "facenet-int8_edgetpu.tflite" in str(error)


def test_the_compiled_file_of_another_network_is_refused(folder: Path) -> None:
    other = compiled((FOLDER / "rnet-int8.tflite").read_bytes())
    (folder / FILE).write_bytes(other)
    assert refused(folder).state is CompiledState.ALTERED
    name_in_the_manifest(folder, other)
    error = refused(folder)
    assert error.state is CompiledState.OF_ANOTHER
    assert f"{FILE}: does not fit pnet-int8.tflite" in str(error)
    assert "TensorSpec" not in str(error)
    assert "make edgetpu" in str(error)


def name_in_the_manifest(folder: Path, content: bytes) -> None:
    """As whoever edits the hash by hand."""
    change(folder, lambda int8: int8["compiled"].update(sha256=hashlib.sha256(content).hexdigest()))


@pytest.mark.parametrize("n_bytes", [40, 150, 300])
def test_a_part_of_a_file_is_damaged_though_its_hash_is_in_the_manifest(folder: Path, n_bytes: int) -> None:
    part = COMPILED[:n_bytes] + b"edgetpu-custom-op"
    (folder / FILE).write_bytes(part)
    name_in_the_manifest(folder, part)
    assert refused(folder).state is CompiledState.DAMAGED


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet", "facenet"])
def test_the_tensors_of_a_file_are_those_that_the_manifest_names(name: str) -> None:
    spec = read_spec(MANIFEST, name, variant="int8")
    inputs, outputs = read_tensors(spec.path.read_bytes())
    assert inputs == [spec.input]
    assert set(outputs) == set(spec.outputs)


def test_tensors_of_what_is_no_file_or_spoilt_are_an_error_and_never_worse() -> None:
    spoiler = random.Random(0)  # noqa: S311 -- a schedule, no secret
    for n_bytes in range(0, 400, 7):
        with pytest.raises(ValueError, match="cannot be read"):
            read_tensors(COMPILED[:n_bytes])
    for _ in range(500):
        spoilt = bytearray(COMPILED)
        for _ in range(8):
            spoilt[spoiler.randrange(len(spoilt))] = spoiler.randrange(256)
        with suppress(ValueError):
            read_tensors(bytes(spoilt))


def test_no_manifest_is_a_fault_of_the_installation_and_not_of_the_compiled_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Reinstall Muster") as caught:
        read(tmp_path)
    assert not isinstance(caught.value, CompiledError)


@pytest.mark.parametrize("name", ["pnet-int8.tflite", "rnet-float32.tflite", "facenet-int8.tflite"])
def test_no_committed_network_passes_for_compiled(name: str) -> None:
    assert not is_compiled((FOLDER / name).read_bytes())


def test_compiled_is_told_by_content() -> None:
    assert is_compiled(COMPILED)
    assert not is_compiled(COMPILED[8:])
    assert not is_compiled(b"")
