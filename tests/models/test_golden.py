"""The committed networks answer in whichever runtime is installed as they did when the golden file was made.

The file was made by ``python -m models.golden`` under LiteRT 2.3.0. Between it and tflite-runtime 2.14.0 float32 is the
same to the last bit on one machine; int8 kernels round differently, and what one layer rounds the next ones carry on:
7 steps at most, 1.3 on average, and for FaceNet, over 130 layers, a cosine of 0.9995.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge.device.manifest import read_spec
from edge.device.network import load
from models import MANIFEST, golden

pytestmark = pytest.mark.native

MAX_STEPS, MEAN_STEPS = 8, 2


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(golden.PATH) as file:
        return dict(file)


def test_every_committed_file_has_its_golden_results(expected: dict[str, np.ndarray]) -> None:
    committed = {f"{name}-{variant}" for name, variant in golden.COMMITTED}
    assert {path.stem for path in MANIFEST.parent.glob("*.tflite")} == committed
    assert {key.split("/")[0] for key in expected} == committed | {"command"}


@pytest.mark.parametrize(("name", "variant"), golden.COMMITTED)
def test_results_are_the_golden_ones(name: str, variant: str, expected: dict[str, np.ndarray]) -> None:
    results = load(MANIFEST, name, variant=variant)(golden.pictures(name))
    for output in read_spec(MANIFEST, name, variant=variant).outputs:
        difference = np.abs(results[output.name] - expected[f"{name}-{variant}/{output.name}"])
        if output.scale:
            steps = difference / output.scale
            assert steps.max() <= MAX_STEPS, output.name
            assert steps.mean() <= MEAN_STEPS, output.name
        else:
            assert difference.max() <= 1e-4, output.name


def test_templates_point_where_the_golden_ones_point(expected: dict[str, np.ndarray]) -> None:
    templates = load(MANIFEST, "facenet")(golden.pictures("facenet"))["template"]
    for actual, golden_one in zip(templates, expected["facenet-int8/template"], strict=True):
        assert actual @ golden_one / np.linalg.norm(actual) / np.linalg.norm(golden_one) > 0.999
