"""What is refused before anything runs, or is no proof afterwards; each with a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from soak.__main__ import _folder, _options, _plans
from soak.cast import Casting
from soak.judge import Finding, _words

from edge.config import Config
from edge.exchange.delivery.mounts import mount_of

IN_MEMORY = Path("/dev/shm")  # noqa: S108  refused for what it is


@pytest.fixture
def casting() -> Casting:
    return Casting(Config(), n_people=80, n_strangers=20)


def test_a_folder_of_few_people_is_refused_before_anybody_is_looked_at(casting: Casting, tmp_path: Path) -> None:
    for name in ("Ada", "Ben"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"no picture at all")
    with pytest.raises(SystemExit, match=r"2 people, too few for 100 faces\. Take fewer people \(--people\)"):
        casting.hold(tmp_path, seed=1, told=print)


@pytest.mark.parametrize(("n_in", "n_out", "is_refused"), [(70, 30, False), (69, 31, True), (68, 31, False), (0, 99, False)])
def test_a_product_that_refuses_most_faces_is_not_judged_by_the_others(
    casting: Casting, n_in: int, n_out: int, is_refused: bool
) -> None:
    casting.cast.photographs, casting.cast.refused["not found"] = [b""] * n_in, n_out
    if not is_refused:
        casting._demand_eyes()
        return
    with pytest.raises(SystemExit, match="Of 100 faces 31 are left out, more than 30%"):
        casting._demand_eyes()


@pytest.mark.skipif(mount_of(IN_MEMORY).kind != "tmpfs", reason=f"{IN_MEMORY} is no tmpfs here")
def test_a_folder_in_memory_is_refused() -> None:
    with pytest.raises(SystemExit, match="--folder"), _folder(IN_MEMORY):
        pass


def test_a_folder_on_a_disk_is_left_empty(tmp_path: Path) -> None:
    with _folder(tmp_path) as folder:
        (folder / "unit").mkdir()
    assert not list(tmp_path.iterdir())


def test_too_few_frames_are_told_in_a_sentence() -> None:
    options = _options(["--people", "300", "--frames", "2000"])
    with pytest.raises(SystemExit, match="too few to show 300 people: take 7,500 "):
        _plans(options)


@pytest.mark.parametrize(
    ("log", "stderr", "n_faults"),
    [
        ("INFO: ready\nERROR: camera: gone\n", "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", 0),
        ("ERROR: recording: no room left\n", "", 1),
        ("", "Exception in thread Thread-1:\nTraceback (most recent call last):\n", 1),
        ("", "ERROR: Node number 3 failed to invoke\n", 1),
    ],
)
def test_a_fault_that_ended_nothing_is_found(tmp_path: Path, log: str, stderr: str, n_faults: int) -> None:
    (tmp_path / "unit.log").write_text(log)
    (tmp_path / "unit.err").write_text(stderr)
    found = Finding()
    assert len(list(_words(found, tmp_path))) == n_faults
    assert bool(found.said) == bool(n_faults)
