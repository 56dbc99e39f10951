"""The envelope of a backup: one readable line, then the age format (age-encryption.org/v1), which its key alone opens.

The line says that this is a backup, which one and from when; it is repeated inside, where nobody can change it. What the
library has for a passphrase wants the whole content in memory at once. So a key pair is made for that one backup: its secret
key, closed with the passphrase, comes next, as text, and everything else is for that key. By hand, where there is none, with
the program `age`:

    tail -n +2 FILE | age --decrypt --identity IDENTITY | { read -r header; cat; } > muster.db
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NamedTuple, Protocol, Self

import pyrage

from edge.errors import BackupError
from edge.types import utc_text

_FIRST_LINE = re.compile(
    rb"muster backup 1 ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\n"
)
_LINE_BYTES = 78
"""Of the first line, with its end."""

_WRAP_BEGINS, _WRAP_ENDS = b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----END AGE ENCRYPTED FILE-----\n"
_WRAP_LINES = 40
"""A secret key that is closed with a passphrase has about ten."""

LEAST_PASSPHRASE = 12
"""Characters. Whoever has the file can try as many as they have computers for."""


class Source(Protocol):
    """What is read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


class Sink(Protocol):
    """What takes bytes piece by piece."""

    def write(self, content: bytes, /) -> object:
        """Take the next bytes."""


class Label(NamedTuple):
    """What the first line says."""

    id: str
    made_utc: datetime

    def line(self) -> bytes:
        """As it stands in the file."""
        return f"muster backup 1 {self.id} {utc_text(self.made_utc)}\n".encode()

    @classmethod
    def read(cls, file: BinaryIO) -> Self | None:
        """From the beginning of a file; None where it is no backup."""
        found = _FIRST_LINE.fullmatch(file.read(_LINE_BYTES))
        return cls(found[1].decode(), datetime.fromisoformat(found[2].decode())) if found else None


@dataclass(frozen=True, slots=True)
class Lock:
    """For whom a backup is closed.

    Attributes:
        recipient: a public key.
        wrapped: the secret key to it, closed with a passphrase; empty where somebody has it anyway.
    """

    recipient: pyrage.x25519.Recipient
    wrapped: bytes = b""

    @classmethod
    def for_recipient(cls, text: str) -> Self:
        """For whoever has the secret key to this public one.

        Raises:
            BackupError: it is none.
        """
        try:
            return cls(pyrage.x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError as error:
            raise BackupError(
                f"{text!a} is no public key of age, which begins with age1 ({error}). `muster backup --new-identity FILE` makes a"
                " pair and prints it."
            ) from error

    @classmethod
    def for_passphrase(cls, passphrase: str) -> Self:
        """For whoever knows a passphrase. Takes a second or more, and so does each guess.

        Raises:
            BackupError: it is too short.
        """
        if len(passphrase) < LEAST_PASSPHRASE:
            raise BackupError(f"a passphrase of {len(passphrase)} characters is soon guessed. Take {LEAST_PASSPHRASE} or more.")
        identity = pyrage.x25519.Identity.generate()
        return cls(identity.to_public(), pyrage.passphrase.encrypt(str(identity).encode(), passphrase, armored=True))

    def close(self, label: Label, source: Source, sink: Sink) -> None:
        """Write a whole backup; memory holds some kilobytes of it.

        Raises:
            OSError: the sink's own error.
            StoreError: the source's own error.
        """
        sink.write(label.line() + self.wrapped)
        watched = _Watched(source.read), _Watched(sink.write)
        _streamed(lambda: pyrage.encrypt_io(*watched, [self.recipient]), *watched)


@dataclass(frozen=True, slots=True)
class Key:
    """What opens a backup: the text of an identity file, or a passphrase."""

    identity: str = ""
    passphrase: str = ""

    def open(self, file: BinaryIO, sink: Sink) -> Label:
        """Read a whole backup. What the sink has got counts only when this returns: a torn file is told at its end.

        Raises:
            BackupError: it is no backup, torn, altered, or closed for another key.
            OSError: the sink's own error.
        """
        with _readable():
            label, wrapped = _begin(file)
        identities = self._identities(wrapped)
        watched = _Watched(_readable()(file.read)), _Watched(sink.write)
        try:
            _streamed(lambda: pyrage.decrypt_io(*watched, identities), *watched)
        except pyrage.DecryptError as error:
            raise BackupError(
                f"it does not open with this {'passphrase' if wrapped else 'identity'}, or is damaged ({error})"
            ) from error
        except _TornError as error:
            raise BackupError(f"it is torn or was altered ({error}). Take another copy of it, or an earlier backup") from error
        return label

    def _identities(self, wrapped: bytes) -> list[pyrage.x25519.Identity]:
        if bool(wrapped) != bool(self.passphrase):
            how, option = ("a passphrase", "--passphrase-file") if wrapped else ("a recipient's key", "--identity")
            raise BackupError(f"it was made with {how}: give {option} FILE")
        if not wrapped:
            return _parsed(self.identity)
        try:
            return _parsed(pyrage.passphrase.decrypt(wrapped, self.passphrase).decode())
        except (pyrage.DecryptError, UnicodeDecodeError) as error:
            raise BackupError(f"it does not open with this passphrase, or is damaged ({error})") from error


class _TornError(Exception):
    """The library says of a stream that it is not as it was closed."""


class _Watched:
    """A file for the library, which would make an error of its own of whatever is raised in here, Ctrl-C too."""

    def __init__(self, do: Callable[..., object]) -> None:
        self._do = do
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> object:
        return self._watched(size)

    def write(self, content: bytes) -> int:
        self._watched(content)
        return len(content)

    def flush(self) -> None:
        """What is written is with the sink already."""

    def _watched(self, argument: object) -> object:
        try:
            return self._do(argument)
        except BaseException as error:
            self.error = error
            raise


def _streamed(work: Callable[[], None], *watched: _Watched) -> None:
    """Let the library work; what went wrong on our side of it is raised as what it was.

    Raises:
        _TornError: it went wrong on the library's side, in the middle.
        pyrage.DecryptError: at the beginning.
    """
    try:
        work()
    except (pyrage.EncryptError, pyrage.DecryptError, OSError) as error:
        for each in watched:
            if each.error is not None:
                raise each.error from None
        if isinstance(error, OSError):
            raise _TornError(str(error)) from error
        raise


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """What the medium of a backup answers, as a sentence."""
    try:
        yield
    except OSError as error:
        raise BackupError(f"it cannot be read ({error.strerror})") from error


def _begin(file: BinaryIO) -> tuple[Label, bytes]:
    """The first line, and the closed secret key where there is one; the file then stands behind them."""
    label = Label.read(file)
    if label is None:
        raise BackupError("no backup of Muster: its first line is another")
    begin = file.tell()
    wrapped = _wrapped(file)
    if not wrapped:
        file.seek(begin)
    return label, wrapped


def _wrapped(file: BinaryIO) -> bytes:
    """The closed secret key that comes first where there is a passphrase; empty where there is none."""
    lines = [file.readline(len(_WRAP_BEGINS))]
    while lines[0] == _WRAP_BEGINS and lines[-1] not in {_WRAP_ENDS, b""} and len(lines) < _WRAP_LINES:
        lines.append(file.readline(len(_WRAP_BEGINS) * 2))
    return b"".join(lines) if lines[-1] == _WRAP_ENDS else b""


def _parsed(text: str) -> list[pyrage.x25519.Identity]:
    """The secret keys of an identity file, as age and `muster backup --new-identity` write it."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError as error:
        raise BackupError(
            f"the identity is none of age ({error}): its file has a line that begins with AGE-SECRET-KEY-1"
        ) from error
    if not found:
        raise BackupError("the identity is empty: its file has a line that begins with AGE-SECRET-KEY-1")
    return found
