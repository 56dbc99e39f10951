from __future__ import annotations

from pathlib import Path

import pytest

from edge.device.lock import alone
from edge.errors import DeviceError


def test_a_second_loop_in_the_same_folder_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(DeviceError, match=r"another `muster run`.*Stop it"), alone(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path):
            pass


def test_other_folders_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with alone(tmp_path / "a"), alone(tmp_path / "b"):
        pass
