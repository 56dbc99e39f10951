"""Loading what the manifest names, refusing everything else, and numbers in and out."""

from __future__ import annotations

import hashlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.device.interpreter import RUNTIMES, runtime_name_and_version
from edge.device.manifest import TensorSpec, read_spec, read_specs
from edge.device.network import TfliteNetwork, dequantise, load, quantise, side_by_side
from edge.errors import ModelError
from models import MANIFEST

pytestmark = pytest.mark.native

GREY_VALUES = ((np.arange(256) - 127.5) / 128).astype(np.float32)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of its own beside copies of the small networks."""
    shutil.copy(MANIFEST, tmp_path)
    for path in MANIFEST.parent.glob("[pro]net-*.tflite"):
        shutil.copy(path, tmp_path)
    return tmp_path / "manifest.toml"


def replace_rnet(manifest: Path, content: bytes) -> None:
    """Put something else in R-Net's place, and let the manifest name its hash."""
    spec = read_spec(manifest, "rnet", variant="float32")
    spec.path.write_bytes(content)
    actual = hashlib.sha256(content).hexdigest()
    manifest.write_text(manifest.read_text("utf-8").replace(spec.sha256, actual), "utf-8")


def refusal(manifest: Path, name: str = "rnet") -> str:
    with pytest.raises(ModelError) as caught:
        load(manifest, name, variant="float32")
    assert caught.value.exit_code == 65
    return str(caught.value)


def noise(n: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(-1, 1, (n, height, width, 3)).astype(np.float32)


def test_a_runtime_is_installed_and_named_with_its_version() -> None:
    name, version = runtime_name_and_version()
    assert name in RUNTIMES
    assert version[0].isdecimal()


def test_auto_is_the_variant_for_a_cpu() -> None:
    assert read_spec(MANIFEST, "rnet").variant == "float32"
    assert read_spec(MANIFEST, "facenet").variant == "int8"


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_a_batch_is_its_rows_one_by_one(variant: str) -> None:
    network = load(MANIFEST, "onet", variant=variant)
    batch = noise(5, 48, 48)
    together = network(batch)
    assert {name: values.shape for name, values in together.items()} == {
        "logit": (5, 1),
        "offsets": (5, 4),
        "landmarks": (5, 5, 2),
    }
    for row in range(5):
        alone = network(batch[row : row + 1])
        for name, values in together.items():
            np.testing.assert_array_equal(values[row : row + 1], alone[name])


def test_an_empty_batch_gives_empty_results() -> None:
    results = load(MANIFEST, "rnet")(noise(0, 24, 24))
    assert {name: values.shape for name, values in results.items()} == {"logit": (0, 1), "offsets": (0, 4)}


def test_results_stay_as_they_are_when_the_network_runs_again() -> None:
    network = load(MANIFEST, "rnet")
    first = network(noise(1, 24, 24))["logit"]
    kept = first.copy()
    network(-noise(1, 24, 24))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_the_canvas_of_pnet_may_have_any_size_and_may_change(variant: str) -> None:
    network = load(MANIFEST, "pnet", variant=variant)
    for height, width in ((56, 80), (120, 64), (56, 80)):
        results = network(noise(1, height, width))
        assert results["logit"].shape == (1, height // 2 - 5, width // 2 - 5, 1)
        assert results["offsets"].shape == (1, height // 2 - 5, width // 2 - 5, 4)


def test_a_window_of_pnet_counts_the_same_wherever_it_lies() -> None:
    network = load(MANIFEST, "pnet")
    canvas = noise(1, 64, 80)
    whole = network(canvas)["logit"]
    part = network(np.ascontiguousarray(canvas[:, 16:48, 20:60]))["logit"]
    np.testing.assert_allclose(whole[:, 8 : 8 + part.shape[1], 10 : 10 + part.shape[2]], part, atol=1e-4)


def test_a_wrong_height_or_width_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="rows of"):
        load(MANIFEST, "rnet")(noise(1, 25, 24))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_threads_change_nothing(n_threads: int) -> None:
    batch = noise(3, 24, 24)
    results = load(MANIFEST, "rnet", threads=n_threads)(batch)
    np.testing.assert_allclose(results["offsets"], load(MANIFEST, "rnet")(batch)["offsets"], atol=1e-5)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    assert "manifest.toml" in refusal(tmp_path / "manifest.toml")


@pytest.mark.parametrize("text", ["", "networks = 3", "[networks.rnet", "[networks.rnet.variants.float32]\nfile = 'x'", "\0"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.toml").write_text(text, "utf-8")
    assert "manifest.toml" in refusal(tmp_path / "manifest.toml")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"a = 1\n[networks.rnet", "at end of document"), (b"a = 1\nb = = 2", "at line 2"), (b"\xff", "utf-8")],
)
def test_what_is_no_toml_is_called_that_with_the_line(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "manifest.toml").write_bytes(content)
    assert re.search(rf"manifest.toml: is not TOML \(.*({what})", refusal(tmp_path / "manifest.toml"))


def test_an_unknown_network_or_variant_is_named() -> None:
    with pytest.raises(ModelError, match="'snet'"):
        read_spec(MANIFEST, "snet")
    with pytest.raises(ModelError, match="'float64'"):
        read_spec(MANIFEST, "rnet", variant="float64")


class ReadOnce(type(Path())):
    """A file of which nobody gets the content twice."""

    def read_text(self, *given: str) -> str:
        content = super().read_text(*given)
        self.unlink()
        return content


def test_all_networks_of_a_manifest_are_described_by_one_reading(manifest: Path) -> None:
    expected = {name: read_spec(manifest, name, variant="int8") for name in ("pnet", "facenet")}
    assert read_specs(ReadOnce(manifest), ["pnet", "facenet"], variant="int8") == expected


def test_a_missing_file_is_named_with_what_to_do(manifest: Path) -> None:
    (manifest.parent / "rnet-float32.tflite").unlink()
    message = refusal(manifest)
    assert "rnet-float32.tflite" in message
    assert "make models" in message


def test_one_changed_byte_is_seen(manifest: Path) -> None:
    path = manifest.parent / "rnet-float32.tflite"
    content = bytearray(path.read_bytes())
    content[200_000] ^= 1
    path.write_bytes(content)
    assert "is not the file that the manifest names" in refusal(manifest)


@pytest.mark.parametrize("n_bytes", [0, 3, 100, 5_000, 400_000])
def test_a_truncated_file_never_reaches_the_runtime(manifest: Path, n_bytes: int) -> None:
    path = manifest.parent / "rnet-float32.tflite"
    path.write_bytes(path.read_bytes()[:n_bytes])
    assert "is not the file that the manifest names" in refusal(manifest)


def test_a_foreign_file_is_refused_even_if_the_manifest_names_it(manifest: Path) -> None:
    replace_rnet(manifest, b"PK\x03\x04 this is another kind of file" * 100)
    assert "is not a TFLite model" in refusal(manifest)


def test_another_network_in_the_place_of_the_right_one_is_refused(manifest: Path) -> None:
    replace_rnet(manifest, (manifest.parent / "onet-float32.tflite").read_bytes())
    assert "tensors are not those of the manifest" in refusal(manifest)


def test_a_scale_that_differs_from_the_manifest_is_refused(manifest: Path) -> None:
    text = manifest.read_text("utf-8")
    scale = read_spec(manifest, "rnet", variant="int8").outputs[0].scale
    manifest.write_text(text.replace(f"scale = {scale}", f"scale = {scale * 1.001}"), "utf-8")
    with pytest.raises(ModelError, match="tensors are not those"):
        load(manifest, "rnet", variant="int8")


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet", "facenet"])
def test_no_two_grey_values_become_the_same_number(name: str) -> None:
    numbers = quantise(GREY_VALUES, read_spec(MANIFEST, name, variant="int8").input)
    np.testing.assert_array_equal(numbers, np.arange(256) - 128)


def test_numbers_saturate() -> None:
    spec = TensorSpec("x", (1,), "int8", 0.5, 3)
    np.testing.assert_array_equal(quantise(np.array([-1e9, 1e9], np.float32), spec), [-128, 127])


@given(st.floats(2**-10, 8, width=32), st.integers(-128, 127), st.lists(st.integers(-128, 127), min_size=1, max_size=20))
def test_what_is_dequantised_and_quantised_again_is_the_same(scale: float, zero_point: int, numbers: list[int]) -> None:
    spec = TensorSpec("x", (1,), "int8", scale, zero_point)
    exact = np.array(numbers, np.int8)
    np.testing.assert_array_equal(quantise(dequantise(exact, spec), spec), exact)


def test_a_float_tensor_passes_as_it_is() -> None:
    spec = TensorSpec("x", (1,), "float32", 0.0, 0)
    assert quantise(GREY_VALUES, spec) is GREY_VALUES
    assert dequantise(GREY_VALUES, spec) is GREY_VALUES


def test_int8_agrees_with_float32_on_noise() -> None:
    batch = noise(8, 24, 24)
    spec = read_spec(MANIFEST, "rnet", variant="int8")
    exact, rough = load(MANIFEST, "rnet", variant="float32")(batch), TfliteNetwork(spec)(batch)
    assert np.abs(exact["offsets"] - rough["offsets"]).max() < 0.1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 17])
def test_rows_run_side_by_side_give_what_they_give_one_by_one(n: int) -> None:
    batch = np.random.default_rng(n).uniform(-1, 1, (n, 24, 24, 3)).astype(np.float32)
    alone, together = (load(MANIFEST, "rnet", variant="float32", workers=workers)(batch) for workers in (1, 3))
    for name, expected in alone.items():
        np.testing.assert_array_equal(together[name], expected)


def test_a_row_that_does_not_fit_is_refused_by_the_workers_too() -> None:
    with pytest.raises(ValueError, match="rows of"):
        load(MANIFEST, "rnet", variant="float32", workers=2)(np.zeros((5, 12, 24, 3), np.float32))


def test_after_an_error_no_row_is_begun_and_the_one_that_runs_is_waited_for() -> None:
    begun, failed, ended = Event(), Event(), []

    def fails(_: np.ndarray) -> list[np.ndarray]:
        assert begun.wait(10)
        failed.set()
        raise RuntimeError("the interpreter gave up")

    def runs_on(row: np.ndarray) -> list[np.ndarray]:
        begun.set()
        assert failed.wait(10)
        ended.append(int(row[0]))
        return [row]

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(RuntimeError, match="gave up"):
            side_by_side([fails, runs_on], np.arange(100_000), pool)
        at_the_error = list(ended)
    assert len(at_the_error) == 1
    assert ended == at_the_error


def test_an_error_beside_the_caller_reaches_the_caller() -> None:
    failed = Event()

    def waits(row: np.ndarray) -> list[np.ndarray]:
        assert failed.wait(10)
        return [row]

    def fails(_: np.ndarray) -> list[np.ndarray]:
        failed.set()
        raise RuntimeError("the interpreter gave up")

    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="gave up"):
        side_by_side([waits, fails], np.arange(50), pool)
