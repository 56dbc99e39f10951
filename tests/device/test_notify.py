"""What systemd hears: over a real socket, of which nobody waits for the other end."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator

import pytest

from edge.device.notify import Systemd


class Manager:
    """The end of systemd."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # a socket's path has 107 bytes at most, and pytest's own folders have long names
        made = Manager(f"{folder}/notify")
        yield made
        made.close()


class Hours:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_first_word_is_that_it_is_ready_and_the_next_ones_come_in_time(manager: Manager) -> None:
    hours = Hours()
    systemd = Systemd({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "90000000"}, now_s=hours)
    assert systemd.is_due()
    systemd.feed()
    assert manager.heard() == ["READY=1\nWATCHDOG=1"]
    hours.now_s = 22.4
    assert not systemd.is_due(), "a quarter of 90 s is not over"
    hours.now_s = 22.5
    assert systemd.is_due()
    systemd.feed()
    assert (manager.heard(), systemd.is_due()) == (["WATCHDOG=1"], False)


@pytest.mark.parametrize(
    "watchdog", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}]
)
def test_where_nobody_watches_it_is_told_once_that_the_unit_is_ready(manager: Manager, watchdog: dict[str, str]) -> None:
    hours = Hours()
    systemd = Systemd({"NOTIFY_SOCKET": manager.address, **watchdog}, now_s=hours)
    systemd.feed()
    hours.now_s = 1e6
    assert not systemd.is_due()


def test_the_watchdog_of_this_process_is_its_own() -> None:
    hours = Hours()
    systemd = Systemd({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}, now_s=hours)
    systemd.feed()
    hours.now_s = 1.0
    assert systemd.is_due()


def test_a_status_is_one_line_and_said_once(manager: Manager) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": manager.address})
    for _ in range(2):
        systemd.say("fault: the camera\nREADY=1 \udcff")
    assert manager.heard() == ["STATUS=fault: the camera READY=1 \\udcff"]
    systemd.close()
    assert manager.heard() == ["STOPPING=1"]


def test_a_name_that_is_in_no_folder() -> None:
    name = f"muster-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    Systemd({"NOTIFY_SOCKET": f"@{name}"}).feed()
    assert manager.heard() == ["READY=1\nWATCHDOG=1"]
    manager.close()


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", f"/{'long' * 60}"])
def test_nobody_there_is_no_reason_to_stop(address: str) -> None:
    Systemd({"NOTIFY_SOCKET": address}).feed()


def test_a_manager_that_does_not_read_is_not_waited_for(manager: Manager) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": manager.address})
    for number in range(3000):  # net.unix.max_dgram_qlen is 10 to 512
        systemd.say(str(number))
    assert 0 < len(manager.heard()) < 3000
