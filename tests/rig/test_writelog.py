"""Logs made by hand after the description of the format, and what a disk may hold of them, worked out sector by sector."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from rig.replay import Piece, Replay, copy, points
from rig.writelog import ACKNOWLEDGED, Noted, WriteLog

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
N_SECTORS = 32
Request = tuple[int, bytes | int, int]
"""The first sector; one letter a sector, or how many are discarded; flags."""

Make = Callable[..., WriteLog]


def head(sector: int, n_sectors: int, flags: int, n_mark: int = 0) -> bytes:
    return struct.pack("<QQQQ", sector, n_sectors, flags, n_mark).ljust(512, b"\0")


def entry(sector: int, what: bytes | int, flags: int) -> bytes:
    if isinstance(what, int):
        return head(sector, what, flags)
    return head(sector, len(what), flags) + filled(what)


def filled(letters: bytes) -> bytes:
    """A sector full of each letter."""
    return b"".join(bytes([letter]) * 512 for letter in letters)


def letters(disk: bytes) -> str:
    """The other way round; a point is a sector of zeros. No sector is ever half of one letter and half of another."""
    sectors = [disk[at : at + 512] for at in range(0, len(disk), 512)]
    assert all(len(set(sector)) == 1 for sector in sectors)
    return "".join(chr(sector[0]) if sector[0] else "." for sector in sectors)


def superblock(n_entries: int, sector: int = 512) -> bytes:
    return struct.pack("<QQQI", 0x6A736677736872, 1, n_entries, sector).ljust(sector, b"\0")


@pytest.fixture
def logged(tmp_path: Path) -> Make:
    """Writes a log and opens it."""

    def make(*requests: Request, end: bytes = b"", n_entries: int = 0) -> WriteLog:
        path = tmp_path / "data.log"
        path.write_bytes(superblock(n_entries) + b"".join(entry(*request) for request in requests) + end)
        return WriteLog.open(path)

    return make


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.img"
    path.write_bytes(filled(b"o" * 8) + bytes((N_SECTORS - 8) * 512))
    return path


def test_entries_are_read_in_order_whatever_the_superblock_counts(logged: Make) -> None:
    with logged((3, b"ab", 0), (0, b"", FLUSH), (8, 16, DISCARD), (30, b"z", FUA), n_entries=2) as log:
        assert [(each.at, each.length, each.flags) for each in log.entries] == [
            (1536, 1024, 0),
            (0, 0, FLUSH),
            (4096, 8192, DISCARD),
            (15360, 512, FUA),
        ]
        assert letters(log.bytes_of(log.entries[0].data_at, 1024)) == "ab"
        assert letters(log.bytes_of(log.entries[3].data_at, 512)) == "z"


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(bytes(4096), id="zeros"),
        pytest.param(head(5, 2, 0)[:20], id="half a head"),
        pytest.param(head(5, 2, 0), id="no data"),
        pytest.param(head(5, 2, 0) + filled(b"x") + b"x" * 511, id="not all of the data"),
        pytest.param(bytes(512) + head(0, 0, FLUSH), id="a head that was never written"),
    ],
)
def test_a_log_ends_where_the_power_failed(logged: Make, end: bytes) -> None:
    with logged((0, b"a", 0), (1, b"b", 0), end=end) as log:
        assert len(log.entries) == 2


@pytest.mark.parametrize("content", [b"", bytes(8192), superblock(1, 500), b"SQLite format 3\0" * 64])
def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.log").write_bytes(content)
    with pytest.raises(ValueError, match="log"):
        WriteLog.open(tmp_path / "no.log")


def test_flags_that_nobody_knows_are_no_end_of_the_log(logged: Make) -> None:
    with pytest.raises(ValueError, match="0x40"):
        logged((0, b"a", 0), (0, b"b", 64))


def test_sectors_of_another_size_are_counted_in_that_size(tmp_path: Path) -> None:
    path = tmp_path / "data.log"
    path.write_bytes(superblock(1, 4096) + head(2, 1, 0).ljust(4096, b"\0") + b"k" * 4096 + head(0, 0, FLUSH).ljust(4096, b"\0"))
    with WriteLog.open(path) as log:
        assert [(each.at, each.length, each.flags) for each in log.entries] == [(8192, 4096, 0), (0, 0, FLUSH)]
        assert log.bytes_of(log.entries[0].data_at, 4096) == b"k" * 4096


def test_notes_are_found_by_their_entry(logged: Make) -> None:
    note = [head(40, 1, 0) + f"muster-rig-ack: row {n} id-{n}\n".encode().ljust(512, b"\0") for n in (1, 2)]
    discard = head(40, 1, DISCARD)
    with logged((0, b"a", 0), (0, b"", FLUSH), end=note[0] + discard + note[1]) as log:
        assert list(log.acknowledged()) == [Noted(2, "row 1 id-1"), Noted(4, "row 2 id-2")]


@pytest.mark.parametrize(
    ("requests", "safe", "pending"),
    [
        pytest.param([(0, b"ab", 0), (2, b"c", 0)], "oooooooo", ["ab", "c"], id="nothing is safe without a flush"),
        pytest.param([(0, b"ab", 0), (2, b"c", 0), (0, b"", FLUSH)], "abcooooo", [], id="a flush makes all safe"),
        pytest.param([(0, b"a", 0), (0, b"b", 0), (0, b"", FLUSH)], "booooooo", [], id="in the order of the log"),
        pytest.param([(0, b"a", 0), (0, b"", FLUSH), (1, b"b", 0)], "aooooooo", ["b"], id="not what comes after it"),
        pytest.param([(0, b"a", 0), (4, b"b", FLUSH)], "aooooooo", ["b"], id="nor what it carries"),
        pytest.param([(0, b"a", 0), (4, b"b", FLUSH | FUA)], "aooobooo", [], id="but with FUA that too"),
        pytest.param([(0, b"a", 0), (4, b"b", FUA)], "oooobooo", ["a"], id="FUA makes nothing else safe"),
        pytest.param([(0, b"abcde", 0), (1, b"xy", FUA)], "oxyooooo", ["a", "de"], id="FUA lies over what was before it"),
        pytest.param([(2, b"abc", 0), (0, b"xyz", FUA)], "xyzooooo", ["bc"], id="also at its beginning"),
        pytest.param([(2, b"abc", 0), (4, b"xyz", FUA)], "ooooxyzo", ["ab"], id="also at its end"),
        pytest.param([(2, b"abc", 0), (1, b"vwxyz", FUA)], "ovwxyzoo", [], id="also over all of it"),
        pytest.param([(2, b"abc", 0), (5, b"x", FUA), (1, b"y", FUA)], "oyoooxoo", ["abc"], id="not beside it"),
        pytest.param([(1, 3, DISCARD)], "oooooooo", ["..."], id="a discard waits for a flush"),
        pytest.param([(1, 3, DISCARD), (0, b"", FLUSH)], "o...oooo", [], id="and then leaves zeros"),
        pytest.param([(0, b"ab", 0), (1, 2, DISCARD), (2, b"c", 0), (0, b"", FLUSH)], "a.cooooo", [], id="between two writes"),
    ],
)
def test_what_is_safe(logged: Make, base: Path, tmp_path: Path, requests: list[Request], safe: str, pending: list[str]) -> None:
    with logged(*requests) as log, Replay(log, base, tmp_path / "flushed.img") as disk:
        disk.forward(len(requests) - 1)
        disk.image(tmp_path / "cut.img", [])
        assert letters((tmp_path / "cut.img").read_bytes())[:8] == safe
        assert [read(log, piece) for piece in disk.pending] == pending
        assert letters(base.read_bytes())[:8] == "oooooooo"


def read(log: WriteLog, piece: Piece) -> str:
    return "." * (piece.length // 512) if piece.data_at is None else letters(log.bytes_of(piece.data_at, piece.length))


BUSY: list[Request] = [(0, b"abcdefgh", 0), (0, b"", FLUSH), (0, b"ABCD", 0), (2, b"1234", 0), (3, 2, DISCARD), (20, b"t", 0)]
"""Behind the flush: three requests that lie over each other, and one beside them."""

POSSIBLE = ["aA", "bB", "cC1", "dD2.", "e3.", "f4", "g", "h", *[".."] * 12, ".t", *["."] * 11]
"""What each sector may hold then."""


def cuts(log: WriteLog, base: Path, folder: Path, n: int) -> list[str]:
    with Replay(log, base, folder / "flushed.img") as disk:
        disk.forward(len(log.entries) - 1)
        found = []
        for seed in range(n):
            cut = disk.cut(folder / "cut.img", seed=seed)
            assert (cut.entry, cut.n_pending) == (len(log.entries) - 1, 4)
            assert cut.torn is None or 1 <= cut.torn <= 3, "at least a sector of it is there, and not all"
            found.append(letters((folder / "cut.img").read_bytes()))
        return found


def test_of_what_was_not_flushed_anything_may_be_there_and_nothing_else(logged: Make, base: Path, tmp_path: Path) -> None:
    with logged(*BUSY) as log:
        found = cuts(log, base, tmp_path, 400)
    for sector in range(N_SECTORS):
        assert {disk[sector] for disk in found} == set(POSSIBLE[sector]), f"sector {sector}"
    beginnings = {disk[:6] for disk in found}
    assert "abcdef" in beginnings, "all may be lost"
    assert "AB1..4" in beginnings, "all may be there"
    assert {"ABCdef", "ABcdef", "Abcdef"} & beginnings, "a request may be torn"
    assert {"abcDef", "aBcdef", "abCdef", "aBcDef"} & beginnings, "not only at its end"
    assert "ABCD34" in beginnings, "an older request may come last"


def test_of_many_requests_all_may_be_lost_and_all_may_survive(logged: Make, base: Path, tmp_path: Path) -> None:
    with logged(*[(sector, b"x", 0) for sector in range(N_SECTORS)]) as log, Replay(log, base, tmp_path / "flushed.img") as disk:
        disk.forward(N_SECTORS - 1)
        survived = [disk.cut(tmp_path / "cut.img", seed=seed).n_survived for seed in range(40)]
    assert {0, N_SECTORS} < set(survived)
    assert any(0 < n < N_SECTORS / 4 for n in survived)


def test_a_long_request_is_taken_over_whole(logged: Make, tmp_path: Path) -> None:
    (tmp_path / "long.img").write_bytes(bytes(4 << 20))
    long = bytes(1 + n % 250 for n in range(5_000))
    with (
        logged((3, long, 0), (0, b"", FLUSH), (100, 4_000, DISCARD), (0, b"", FLUSH)) as log,
        Replay(log, tmp_path / "long.img", tmp_path / "flushed.img") as disk,
    ):
        disk.forward(1)
        assert (tmp_path / "flushed.img").read_bytes() == (bytes(3 * 512) + filled(long)).ljust(4 << 20, b"\0")
        disk.forward(3)
        expected = bytes(3 * 512) + filled(long[:97]) + bytes(4_000 * 512) + filled(long[4_097:])
        assert (tmp_path / "flushed.img").read_bytes() == expected.ljust(4 << 20, b"\0")


def test_the_same_seed_gives_the_same_disk(logged: Make, base: Path, tmp_path: Path) -> None:
    with logged(*BUSY) as log:
        assert cuts(log, base, tmp_path, 20) == cuts(log, base, tmp_path, 20)


def test_going_forward_step_by_step_is_as_going_at_once(logged: Make, base: Path, tmp_path: Path) -> None:
    with logged(*BUSY) as log, Replay(log, base, tmp_path / "a.img") as slow, Replay(log, base, tmp_path / "b.img") as quick:
        for index in range(len(BUSY)):
            slow.forward(index)
            slow.cut(tmp_path / "cut.img", seed=index)
        quick.forward(len(BUSY) - 1)
        assert slow.pending == quick.pending
        assert (tmp_path / "a.img").read_bytes() == (tmp_path / "b.img").read_bytes()
        with pytest.raises(ValueError, match="does not go back"):
            slow.forward(1)


def test_points_are_any_and_those_behind_which_something_can_be_lost(logged: Make) -> None:
    with logged(*[(0, b"", FLUSH) if n % 10 == 9 else (n % 32, b"x", FUA if n % 10 == 0 else 0) for n in range(995)]) as log:
        chosen = points(log, n=100, seed=1)
        assert len(chosen) == 100
        assert chosen == sorted(set(chosen))
        assert chosen[-1] == 994
        assert 0 < sum(at % 10 in (9, 0) for at in chosen) < 15, "behind a flush, and where all since then was FUA: few"
        assert sum(at % 10 == 8 for at in chosen) >= 25, "right before a flush"
        assert chosen == points(log, n=100, seed=1) != points(log, n=100, seed=2)
        assert points(log, n=1, seed=1, first=990) == [994]


def test_where_everything_is_safe_any_point_will_do(logged: Make) -> None:
    with logged(*[(n, b"x", FUA) for n in range(20)]) as log:
        assert len(points(log, n=8, seed=1)) == 8
        assert points(log, n=100, seed=1) == list(range(20))


def test_a_note_is_never_lost(logged: Make, base: Path, tmp_path: Path) -> None:
    note = head(3, 1, 0) + (ACKNOWLEDGED + b"row 1 x\n").ljust(512, b"\0")
    with (
        logged((0, b"", FLUSH), end=note + entry(0, b"ab", 0)) as log,
        Replay(log, base, tmp_path / "flushed.img") as disk,
    ):
        assert points(log, n=2, seed=1)[-1] == 2
        disk.forward(2)
        assert [piece.at for piece in disk.pending] == [0]
        assert (tmp_path / "flushed.img").read_bytes()[3 * 512 :].startswith(ACKNOWLEDGED)


def test_a_log_with_a_hole_is_refused(logged: Make) -> None:
    requests = [(0, b"a", 0)] * 100
    with logged(*requests, end=bytes(512) + entry(0, b"b", 0), n_entries=164) as log:
        assert len(log.entries) == 100, "QEMU counts what it has not written yet"
    with pytest.raises(ValueError, match="165 entries, and 100 can be read"):
        logged(*requests, end=bytes(512) + entry(0, b"b", 0), n_entries=165)


def test_a_disk_is_copied_with_its_holes(tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as disk:
        disk.truncate(64 << 20)
        for at in (0, 5 << 20, (64 << 20) - 4096):
            disk.seek(at)
            disk.write(bytes([1 + at % 251]) * 4096)
    copy(tmp_path / "disk", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "disk").read_bytes()
    assert (tmp_path / "copy").stat().st_blocks * 512 < 1 << 20
    copy(tmp_path / "disk", tmp_path / "part", begin=5 << 20)
    assert (tmp_path / "part").read_bytes() == (tmp_path / "disk").read_bytes()[5 << 20 :]
    (tmp_path / "hole").touch()
    copy(tmp_path / "hole", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b""
