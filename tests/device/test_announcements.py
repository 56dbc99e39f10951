"""What other programs have the unit's panel say, over a real socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.device.announcements import FILE_NAME, Announcements, announce
from edge.errors import DeviceError
from edge.ports import ANNOUNCEABLE
from edge.types import Signal

AT_WORK, SAFE, REFUSED, READY = Signal.STICK_AT_WORK, Signal.SAFE_TO_PULL, Signal.STICK_REFUSED, Signal.READY


@pytest.fixture
def announcements(tmp_path: Path) -> Iterator[Announcements]:
    with closing(Announcements(tmp_path)) as announcements:
        yield announcements


def send(data: Path, text: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.sendto(text, str(data / FILE_NAME))


@pytest.mark.parametrize("signal", sorted(ANNOUNCEABLE, key=lambda signal: signal.value))
def test_what_is_announced_is_heard_once(tmp_path: Path, announcements: Announcements, signal: Signal) -> None:
    assert announcements.latest() is None
    assert announce(tmp_path, signal)
    assert announcements.latest() is signal
    assert announcements.latest() is None


def test_of_what_lasts_only_the_latest_counts(tmp_path: Path, announcements: Announcements) -> None:
    for signal in (AT_WORK, SAFE, AT_WORK, SAFE):
        announce(tmp_path, signal)
    assert announcements.latest() is SAFE
    assert announcements.latest() is None


def test_an_answer_is_not_lost_to_what_followed_it(tmp_path: Path, announcements: Announcements) -> None:
    for signal in (AT_WORK, REFUSED, READY):
        announce(tmp_path, signal)
    assert [announcements.latest() for _ in range(3)] == [REFUSED, READY, None]


@pytest.mark.parametrize("signal", sorted(set(Signal) - ANNOUNCEABLE, key=lambda signal: signal.value))
def test_nobody_else_accepts_or_turns_away_a_person(tmp_path: Path, announcements: Announcements, signal: Signal) -> None:
    with pytest.raises(ValueError, match="the unit's own"):
        announce(tmp_path, signal)
    send(tmp_path, signal.value.encode())
    assert announcements.latest() is None


@pytest.mark.parametrize("text", [b"", b"\0", b"stick at work\n", b"\xff\xfe", b"safe to pull" * 20_000 + b"."])
def test_what_is_no_signal_is_not_heard(tmp_path: Path, announcements: Announcements, text: bytes) -> None:
    if len(text) < 100_000:
        send(tmp_path, text)
    announce(tmp_path, SAFE)
    assert announcements.latest() is SAFE


def test_where_no_unit_listens_the_program_is_told_so(tmp_path: Path) -> None:
    assert not announce(tmp_path, AT_WORK)
    assert not announce(tmp_path / "missing", AT_WORK)
    with closing(Announcements(tmp_path)):
        assert announce(tmp_path, AT_WORK)
    assert not announce(tmp_path, AT_WORK)
    assert list(tmp_path.iterdir()) == []


def test_the_socket_of_a_unit_that_was_killed_is_nobody_and_in_nobodys_way(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from edge.device.announcements import Announcements;"
        " ours = Announcements(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60).returncode == -9
    assert (tmp_path / FILE_NAME).is_socket()
    assert not announce(tmp_path, AT_WORK)
    with closing(Announcements(tmp_path)) as announcements:
        assert announce(tmp_path, AT_WORK)
        assert announcements.latest() is AT_WORK


def test_a_unit_that_does_not_listen_for_a_while_holds_nobody_up(tmp_path: Path, announcements: Announcements) -> None:
    assert all(announce(tmp_path, AT_WORK) for _ in range(2_000)), "it is there, only busy"
    assert announcements.latest() is AT_WORK
    assert announce(tmp_path, SAFE)
    assert announcements.latest() is SAFE


def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / ("Büro \N{OFFICE BUILDING} " + "x" * 200)
    folder.mkdir()
    with closing(Announcements(folder)) as announcements:
        assert announce(folder, SAFE)
        assert announcements.latest() is SAFE


def test_a_relative_folder_is_the_same_folder(tmp_path: Path, announcements: Announcements) -> None:
    assert announce(Path(os.path.relpath(tmp_path)), SAFE)
    assert announcements.latest() is SAFE


def test_only_the_owner_may_write_to_it(tmp_path: Path, announcements: Announcements) -> None:
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert announcements.latest() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a moment")
def test_somebody_else_is_not_heard_even_where_the_file_lets_them(tmp_path: Path, announcements: Announcements) -> None:
    (tmp_path / FILE_NAME).chmod(0o666)
    tmp_path.chmod(0o755)
    folder = os.open(tmp_path, os.O_RDONLY)
    script = (
        f"import os, socket; os.fchdir({folder}); os.setgid(65534); os.setuid(65534);"
        f" socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'safe to pull', '{FILE_NAME}')"
    )
    try:
        done = subprocess.run([sys.executable, "-c", script], pass_fds=[folder], check=False, timeout=60, capture_output=True)
    finally:
        os.close(folder)
    assert done.returncode == 0, done.stderr
    assert announcements.latest() is None


def test_what_is_in_the_way_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    (tmp_path / FILE_NAME / "kept").touch()
    with pytest.raises(DeviceError, match=rf"{FILE_NAME}: nobody can announce anything"):
        Announcements(tmp_path)
    assert (tmp_path / FILE_NAME / "kept").exists()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / FILE_NAME).symlink_to(precious)
    with closing(Announcements(tmp_path)):
        assert announce(tmp_path, SAFE)
    assert precious.read_text() == "kept"


def test_closing_twice_takes_nothing_from_the_next_unit(tmp_path: Path) -> None:
    first = Announcements(tmp_path)
    first.close()
    with closing(Announcements(tmp_path)) as second:
        first.close()
        assert announce(tmp_path, SAFE)
        assert second.latest() is SAFE
