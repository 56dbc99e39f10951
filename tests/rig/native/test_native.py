"""What `make arm64-test` rests on and can be told on any machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rig.native.__main__ import counts
from rig.native.left_out import LEFT_OUT
from rig.native.platforms import apart
from rig.native.rooms import NOT_FOR_TESTS, REQUIREMENTS, ROOT, requirements


@pytest.mark.parametrize("test", LEFT_OUT)
def test_what_is_left_out_is_a_test_that_there_is_with_a_reason(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")
    assert len(LEFT_OUT[test].split()) > 10


def test_arm64_gets_what_the_tests_run_on_and_a_pi_s_own_package() -> None:
    names = [line.partition("==")[0] for line in requirements().splitlines()]
    assert {"tflite-runtime", "numpy", "opencv-python-headless", "pytest", "pip", "lgpio"} <= set(names)
    assert not set(NOT_FOR_TESTS) & set(names)
    assert all(f"\n{name}==" in REQUIREMENTS.read_text() for name in NOT_FOR_TESTS), "what is left out was there"
    assert all(" --hash=sha256:" in line for line in requirements().splitlines())


def test_of_templates_the_squared_distance_is_told_and_of_all_else_the_largest_difference() -> None:
    here = {
        "a/template": np.array([1, 0], np.float32),
        "b/template": np.array([0, 1], np.float32),
        "a/box": np.array([3, 9], np.float32),
    }
    there = {
        "a/template": np.array([0, 1], np.float32),
        "b/template": np.array([0, 1], np.float32),
        "a/box": np.array([4, 4], np.float32),
    }
    assert apart(here, there) == {"template": [2.0, 0.0], "box": [5.0]}


def test_a_portrait_that_the_other_side_does_not_have_is_a_fault() -> None:
    with pytest.raises(KeyError):
        apart({"a/template": np.zeros(2, np.float32)}, {})


def test_a_test_that_was_skipped_has_not_run_and_its_reason_is_told(tmp_path: Path) -> None:
    suite = '<testsuite tests="5" skipped="2" failures="1" errors="0">{}</testsuite>'
    skips = "".join(f'<testcase><skipped message="{reason}"/></testcase>' for reason in ("no models", "no portraits"))
    (tmp_path / "results.xml").write_text(f"<testsuites>{suite.format(skips)}</testsuites>")
    assert counts(tmp_path / "results.xml") == (3, "2 passed, 2 skipped (no models; no portraits), 1 failed")
    assert counts(tmp_path / "none.xml") == (0, "pytest did not end")
