"""The cache of guests: what is there is not taken away under somebody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rig.cache import Taken, held


def test_what_others_need_is_not_made_anew_under_them(tmp_path: Path) -> None:
    def made(folder: Path, _: Callable[[str], None]) -> None:
        (folder / "file").write_text("made")

    with held(tmp_path) as one, held(tmp_path) as other:
        with pytest.raises(Taken, match="runs already"):
            one.kept("system-2", made, print)
        assert not (tmp_path / "system-2").exists()
        del other
    with held(tmp_path) as one:
        folder = one.kept("system-2", made, print)
        with held(tmp_path) as other:
            assert other.kept("system-2", made, print) == folder


def test_of_a_kind_the_latest_stays_and_what_was_begun_goes(tmp_path: Path) -> None:
    for name in ("system-1", ".system-0.part", "wheels-1"):
        (tmp_path / name).mkdir()
    with held(tmp_path) as shelf:
        with shelf.alone(), pytest.raises(Taken), held(tmp_path):
            pass
        assert shelf.kept("system-2", lambda folder, _: (folder / "file").touch(), print).name == "system-2"
        assert {path.name for path in tmp_path.iterdir()} == {"lock", "system-2", "wheels-1"}
        with shelf.alone():
            shelf.kept("system-3", lambda *_: None, print)
            with pytest.raises(Taken), held(tmp_path):
                pass
