"""The self-test of an accelerator: honest arithmetic passes it, and nothing else does."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from edge.device.interpreter import Interpreter, runtime_name_and_version
from edge.device.manifest import NetworkSpec, read_spec
from edge.device.tpu.selftest import SelfTest, picture
from models import MANIFEST

pytestmark = pytest.mark.native

NAMES = ("pnet", "rnet", "onet", "facenet")
Rows = np.ndarray
Answers = dict[str, list[np.ndarray]]


def spec_of(name: str) -> NetworkSpec:
    return read_spec(MANIFEST, name, variant="int8")


@cache
def self_test() -> SelfTest:
    return SelfTest.by_cpu([spec_of(name) for name in NAMES])


def right() -> Answers:
    return {name: [array.copy() for array in arrays] for name, arrays in self_test().expected.items()}


def with_one(name: str, arrays: list[np.ndarray]) -> Answers:
    """Everything right but one network."""
    return right() | {name: arrays}


def shown(name: str, otherwise: Callable[[Rows], Rows]) -> Answers:
    """Everything right, but one network was shown something else than its picture."""
    row = np.ascontiguousarray(otherwise(picture(spec_of(name))))
    return with_one(name, Interpreter(spec_of(name)).run(row))


def by_reference_kernels(name: str) -> list[np.ndarray]:
    """The same file computed by the runtime's slow and plain kernels, which round otherwise than the fast ones."""
    module, _ = runtime_name_and_version()
    runtime = importlib.import_module(f"{module}.interpreter")
    interpreter = runtime.Interpreter(
        model_content=spec_of(name).path.read_bytes(), experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture(spec_of(name)))
    interpreter.invoke()
    named = {details["name"]: details["index"] for details in interpreter.get_output_details()}
    return [interpreter.get_tensor(named[output.name]) for output in spec_of(name).outputs]


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_fits_the_network_and_has_structure(name: str) -> None:
    shown = picture(spec_of(name))
    assert shown.shape == spec_of(name).input.shape
    assert shown.dtype == np.int8
    assert len(np.unique(shown)) > 100, "a grey wall would say little about arithmetic"


def test_the_picture_is_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(picture(spec_of("facenet")).tobytes()).hexdigest()
    assert digest == "503a95eb617038822faa0ef5966dca7c00ee02a24bcabca8cb90d58da69491ff"


def test_the_cpus_own_answers_are_right() -> None:
    assert self_test().fault(right()) is None


def test_more_answers_than_were_asked_for_do_no_harm() -> None:
    one = SelfTest.by_cpu([spec_of("rnet")])
    assert one.fault(right()) is None


@pytest.mark.parametrize("name", NAMES)
def test_other_kernels_are_honest(name: str) -> None:
    assert self_test().fault(with_one(name, by_reference_kernels(name))) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_noise_on_every_output_is_honest(name: str) -> None:
    generator = np.random.default_rng(11)
    noisy = [
        np.clip(array + generator.integers(-1, 2, array.shape), -128, 127).astype(np.int8) for array in self_test().expected[name]
    ]
    assert self_test().fault(with_one(name, noisy)) is None


OTHERWISE: dict[str, Callable[[Rows], Rows]] = {
    "nothing": np.zeros_like,
    "noise": lambda row: np.random.default_rng(5).integers(-128, 128, row.shape).astype(np.int8),
    "mirrored": lambda row: row[:, :, ::-1],
    "upside down": lambda row: row[:, ::-1],
    "blue for red": lambda row: row[..., ::-1],
    "unsigned for signed": lambda row: (row.astype(np.int16) + 128).astype(np.uint8).view(np.int8),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("what", OTHERWISE)
def test_the_answer_to_another_picture_is_refused(name: str, what: str) -> None:
    fault = self_test().fault(shown(name, OTHERWISE[what]))
    assert fault is not None
    assert fault.startswith(f"{name}: ")


@pytest.mark.parametrize("name", NAMES)
def test_zeros_and_noise_are_no_answer(name: str) -> None:
    generator = np.random.default_rng(3)
    arrays = self_test().expected[name]
    assert self_test().fault(with_one(name, [np.zeros_like(array) for array in arrays])) is not None
    noise = [generator.integers(-128, 128, array.shape).astype(np.int8) for array in arrays]
    assert self_test().fault(with_one(name, noise)) is not None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5])
def test_outputs_off_by_a_scale_are_refused(name: str, factor: float) -> None:
    scaled = []
    for array, output in zip(self_test().expected[name], spec_of(name).outputs, strict=True):
        values = (array.astype(np.float64) - output.zero_point) * factor
        scaled.append(np.clip(np.rint(values) + output.zero_point, -128, 127).astype(np.int8))
    assert self_test().fault(with_one(name, scaled)) is not None


def test_a_template_without_its_zero_point_is_refused() -> None:
    (template,) = self_test().expected["facenet"]
    zero_point = spec_of("facenet").outputs[0].zero_point
    off = np.clip(template.astype(np.int16) - 4 * zero_point, -128, 127).astype(np.int8)
    assert self_test().fault(with_one("facenet", [off])) is not None


def test_the_answer_of_another_network_is_refused() -> None:
    answers = right()
    answers["rnet"], answers["onet"] = answers["onet"], answers["rnet"]
    assert self_test().fault(answers) == "rnet: it gave 3 outputs, not 2"


def test_outputs_in_another_order_are_refused() -> None:
    answers = right()
    answers["pnet"].reverse()
    fault = self_test().fault(answers)
    assert fault is not None
    assert "logit is int8[1, 103, 59, 4], not int8[1, 103, 59, 1]" in fault


def test_another_type_is_refused() -> None:
    arrays = [array.view(np.uint8) for array in self_test().expected["onet"]]
    fault = self_test().fault(with_one("onet", arrays))
    assert fault is not None
    assert "uint8" in fault


def test_no_answer_is_refused() -> None:
    answers = right()
    del answers["facenet"]
    assert self_test().fault(answers) == "facenet: it gave no answer"


def test_the_fault_says_how_far_and_what_is_allowed() -> None:
    fault = self_test().fault(shown("facenet", OTHERWISE["upside down"]))
    assert fault is not None
    assert fault.endswith("from the CPU's; 0.04 is allowed")


def test_who_passes_is_told_how_near_it_is_and_how_near_it_must_be() -> None:
    assert self_test().told(right()) == (
        "facenet's template is 0 from the CPU's (0.04 is allowed), onet is 0.0 steps off (12 are allowed), "
        "rnet is 0.0 steps off (6 are allowed), pnet is 0.0 steps off (12 are allowed)"
    )
    off = {
        name: [np.clip(array.astype(np.int16) + 1, -128, 127).astype(np.int8) for array in arrays]
        for name, arrays in right().items()
    }
    told = SelfTest.by_cpu([spec_of("rnet")]).told(off)
    assert told == "rnet is 1.0 steps off (6 are allowed)"
    half = {"rnet": [off["rnet"][0], right()["rnet"][1]]}
    assert SelfTest.by_cpu([spec_of("rnet")]).told(half) == told, "the worse of the outputs"
    assert float(self_test().told(off).split()[3]) > 0
