"""Which TFLite runtime is used, and that an interpreter takes a delegate of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edgetpu.compiled_models import with_compiled

from edge.device.compiled import read_compiled
from edge.device.interpreter import (
    NEWEST_FIRST,
    PROVEN_FIRST,
    RUNTIMES,
    Interpreter,
    breaks_with_numpy,
    runtime_name_and_version,
)
from edge.errors import ModelError

pytestmark = pytest.mark.native


def test_both_orders_name_every_runtime() -> None:
    assert set(NEWEST_FIRST) == set(PROVEN_FIRST) == set(RUNTIMES)


@pytest.mark.parametrize("preference", [NEWEST_FIRST, PROVEN_FIRST])
def test_one_that_works_with_this_numpy_is_found(preference: tuple[str, ...]) -> None:
    assert not breaks_with_numpy(*runtime_name_and_version(preference), numpy=np.__version__)


def test_without_a_runtime_it_is_said_what_to_install() -> None:
    with pytest.raises(ModelError, match="Install ai-edge-litert"):
        runtime_name_and_version(())


@pytest.mark.parametrize(
    ("module", "version", "numpy", "expected"),
    [
        ("tflite_runtime", "2.14.0", "2.0.0", True),
        ("tflite_runtime", "2.14.0", "1.26.4", False),
        ("tflite_runtime", "2.9.1", "2.4.1", True),
        ("tflite_runtime", "2.17.1", "2.4.1", False),
        ("ai_edge_litert", "2.3.0", "2.4.1", False),
    ],
)
def test_an_old_runtime_is_not_used_with_a_new_numpy(module: str, version: str, numpy: str, *, expected: bool) -> None:
    assert breaks_with_numpy(module, version, numpy=numpy) is expected


def test_a_compiled_file_without_its_library_is_a_fault_of_the_model(tmp_path: Path) -> None:
    spec = read_compiled(with_compiled(tmp_path, ["rnet"]), "rnet").as_network()
    with pytest.raises(ModelError, match="cannot prepare it"):
        Interpreter(spec)
