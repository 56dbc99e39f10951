"""What other programs of this computer have to say on the panel of a unit at work, which alone may use the pins.

A datagram socket in the data folder, for the user that owns it and for root: a short text, `Signal.value`. Nobody waits for
anybody: a unit that is busy is told nothing more for a while, and a program that died cannot freeze the panel, because what it
said lasts a minute at most (`edge.announced`).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import DeviceError
from edge.ports import ANNOUNCEABLE, ANNOUNCED_ANSWERS
from edge.types import Signal

FILE_NAME = "announcements.sock"

_CREDENTIALS = struct.Struct("3i")
"""struct ucred of unix(7): process, user, group."""

_LONGEST = 64
"""Bytes; no signal has a longer name."""


def announce(data: Path, signal: Signal) -> bool:
    """Have the unit at work say something on its panel. Returns at once.

    A signal that lasts must be announced again within a minute, and ends with `Signal.READY`.

    Args:
        data: the unit's data folder.
        signal: one of `edge.ports.ANNOUNCEABLE`.

    Returns:
        Whether a unit is there; one that has too much to read is.

    Raises:
        ValueError: this is not for others to say.
    """
    if signal not in ANNOUNCEABLE:
        raise ValueError(f"{signal} is the unit's own to say")
    try:
        with _socket() as ours, _address(data) as address:
            ours.sendto(signal.value.encode(), address)
    except BlockingIOError:
        return True
    except OSError:  # no folder, no socket, or nobody behind it any more
        return False
    return True


class Announcements:
    """The unit's end; implements `edge.ports.Announcements`. Only one process may have it: see `edge.device.lock`.

    Args:
        data: the unit's data folder.

    Raises:
        DeviceError: there can be no socket in this folder.
    """

    def __init__(self, data: Path) -> None:
        self._waiting: list[Signal] = []
        self._path = data / FILE_NAME
        self._socket = _socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            os.fchmod(self._socket.fileno(), 0o600)  # the file is born with this mode
            self._path.unlink(missing_ok=True)  # of a unit that was killed
            with _address(data) as address:
                self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise DeviceError(
                f"{self._path}: nobody can announce anything to this unit ({error.strerror}); its panel will say nothing about"
                " sticks. Move what is in the way, or put the data folder on a disk of Linux."
            ) from error

    def latest(self) -> Signal | None:
        """The latest of what was announced since it was last asked, or None; returns at once.

        An answer is not lost to what followed it: it comes first, and the latest of the others when it is asked again.
        """
        while (datagram := self._received()) is not None:
            signal = _understood(*datagram)
            if signal:
                self._waiting.append(signal)
        answers = [signal for signal in self._waiting if signal in ANNOUNCED_ANSWERS]
        if answers:
            self._waiting = [signal for signal in self._waiting if signal not in ANNOUNCED_ANSWERS][-1:]
            return answers[-1]
        latest, self._waiting = self._waiting[-1:], []
        return latest[0] if latest else None

    def close(self) -> None:
        """Nobody is heard any more. Closing twice is allowed."""
        if self._socket.fileno() != -1:
            self._socket.close()
            with suppress(OSError):
                self._path.unlink()

    def _received(self) -> tuple[bytes, int | None] | None:
        """A text and the user it is from; None when there is no more."""
        try:
            text, ancillary, _flags, _sender = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(_CREDENTIALS.size))
        except BlockingIOError:
            return None
        users = [
            _CREDENTIALS.unpack(content)[1]
            for level, kind, content in ancillary
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(content) == _CREDENTIALS.size
        ]
        return text, users[0] if users else None


def _understood(text: bytes, user: int | None) -> Signal | None:
    """The signal, if it is one that may be announced and comes from us or root."""
    if user not in {os.geteuid(), 0}:
        return None
    return next((signal for signal in ANNOUNCEABLE if signal.value.encode() == text), None)


def _socket() -> socket.socket:
    ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    return ours


@contextmanager
def _address(data: Path) -> Iterator[str]:
    """The socket by a short name: sun_path has 108 bytes (unix(7)), and a folder's name may be longer."""
    folder = os.open(data, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{FILE_NAME}"
    finally:
        os.close(folder)
