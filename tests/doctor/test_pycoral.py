"""Which pycoral is Coral's."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor.distributions import package

from edge.doctor import State
from edge.doctor.pycoral import pycoral


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
    found = pycoral([str(tmp_path)], ask=lambda: ["usb /sys/bus/usb/devices/2-1"])
    assert (found.state, found.sentence) == (State.OK, "pycoral 2.0.3, not needed; it lists usb /sys/bus/usb/devices/2-1")
    assert pycoral([str(tmp_path)], ask=list).sentence.endswith("it lists no Edge TPU")


def test_a_genuine_one_that_does_not_answer_is_no_harm(tmp_path: Path) -> None:
    package(tmp_path, "pycoral", "2.0.3", summary="Coral Python API")

    def ask() -> list[str]:
        raise ValueError("gave no answer within 5 s")

    found = pycoral([str(tmp_path)], ask=ask)
    assert (found.state, found.sentence) == (State.OK, "pycoral 2.0.3, not needed; it gave no answer within 5 s")


def test_none_is_fine_too(tmp_path: Path) -> None:
    assert pycoral([str(tmp_path)]).sentence == "not installed, and not needed"
