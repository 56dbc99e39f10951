"""What the doctor says of a card that is too small, and of an image that was never grown to its card."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.doctor.card import card
from edge.doctor.finding import State

GB = 1_000_000_000
CARD = os.makedev(179, 2)


def sysfs(folder: Path, *, disk: int, partitions: dict[int, tuple[int, int]]) -> Path:
    """A card as the kernel shows it: bytes in all, and where each partition begins and how long it is; the second is the root."""
    block = folder / "devices/mmc/block/mmcblk0"
    for number, (start, size) in partitions.items():
        here = block / f"mmcblk0p{number}"
        here.mkdir(parents=True)
        for name, value in (("partition", number), ("start", start // 512), ("size", size // 512)):
            (here / name).write_text(f"{value}\n")
    (block / "size").write_text(f"{disk // 512}\n")
    (folder / "dev/block").mkdir(parents=True)
    (folder / "dev/block/179:2").symlink_to(block / "mmcblk0p2")
    (folder / "dev/block/179:0").symlink_to(block)
    return folder


BOOT, ROOT = (0, GB // 2), (GB // 2, 3 * GB)


@pytest.mark.parametrize(
    ("disk", "partitions", "free", "state", "words"),
    [
        (32 * GB, {1: BOOT, 2: (GB // 2, 31 * GB)}, 20 * GB, State.OK, "20.0 GB free"),
        (32 * GB, {1: BOOT, 2: ROOT}, GB // 5, State.WARNING, "28.5 GB of the card belong to no partition"),
        (32 * GB, {1: BOOT, 2: ROOT, 3: (4 * GB, 28 * GB)}, GB // 5, State.WARNING, "it is too small, or full"),
        (32 * GB, {1: BOOT, 2: ROOT, 3: (4 * GB, 28 * GB)}, GB, State.OK, "1.0 GB free"),
        (4 * GB, {1: BOOT, 2: ROOT}, GB // 5, State.WARNING, "of the card belong to no partition"),
        (4 * GB, {1: BOOT, 2: (GB // 2, 3_400_000_000)}, GB // 5, State.WARNING, "it is too small, or full"),
        (4 * GB, {1: BOOT, 2: (GB // 2, 3_400_000_000)}, 19_999_999, State.FAULT, "it is too small, or full"),
    ],
)
def test_a_card_without_room_is_told_with_what_to_do(
    tmp_path: Path, disk: int, partitions: dict[int, tuple[int, int]], free: int, state: State, words: str
) -> None:
    kernel = sysfs(tmp_path / "sys", disk=disk, partitions=partitions)
    usage = SimpleNamespace(used=GB, free=free)
    found = card(tmp_path, Path("/"), sysfs=kernel, usage=lambda _: usage, devices=(CARD,))
    assert (found.state, words in found.sentence) == (state, True), found
    assert ("expand-rootfs" in found.advice) == ("no partition" in words)
    assert bool(found.advice) == (state is not State.OK)


@pytest.mark.parametrize("device", [os.makedev(179, 0), os.makedev(0, 40)])
def test_a_whole_disk_and_what_is_on_none_has_nothing_unused(tmp_path: Path, device: int) -> None:
    kernel = sysfs(tmp_path / "sys", disk=32 * GB, partitions={1: BOOT, 2: ROOT})
    found = card(tmp_path, Path("/"), sysfs=kernel, usage=lambda _: SimpleNamespace(used=GB, free=GB // 5), devices=(device,))
    assert "too small, or full" in found.sentence


def test_on_this_computer_it_is_asked_without_a_fault(tmp_path: Path) -> None:
    assert "GB free in /" in card(tmp_path / "not yet there", Path("/"), sysfs=Path("/sys")).sentence
    assert "nobody can say" in card(tmp_path, tmp_path / "gone", sysfs=Path("/sys")).sentence
