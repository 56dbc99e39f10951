"""Destinations on a server over SSH: ``sftp://user@host:port/folder``, by the `sftp` of OpenSSH.

`sftp` and not `rsync`: it comes with every OpenSSH, needs no program on the other side but the server itself (which can keep a
user to one folder, `ForceCommand internal-sftp`), and can do what a whole month's file needs: put, wait until the medium has it
(`put -f`, fsync@openssh.com), and rename over the old one in one step (posix-rename@openssh.com). rsync saves bytes that are few.

Nobody is asked anything: no password, and no unknown host key is accepted. There are no locks. Two units that write the same
month in the same moment: the last one wins, and what the other one wrote comes back with its next delivery in that month.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from edge.errors import SyncError
from edge.exchange.delivery.address import Access, Address
from edge.exchange.delivery.destination import MAX_BYTES, OURS, Destination
from edge.exchange.delivery.marker import MARKER, Marker, read_marker
from edge.exchange.delivery.marker import MAX_BYTES as MARKER_BYTES
from edge.exchange.files import PART

COMMAND_S = 120.0
"""How long one connection may take with all that it does."""

_LINE = re.compile(r"(?P<kind>.)[rwxsStT-]{9}\S*\s+\S+\s+\S+\s+\S+\s+(?P<size>\d+)\s+\S+\s+\S+\s+\S+\s(?P<name>.+)")
"""``-rw-r--r--    ? 0        0            1234 Nov 22 12:00 name``, as `ls -ln` of sftp prints it."""

_FATAL = {
    "Host key verification failed": "its host key is not known, or another one than before. Compare the key that `ssh-keyscan`"
    " prints with the server's own and put it into the known hosts",
    "Permission denied (": "it does not let this unit in. Add the unit's public key to the server's user (sync.ssh_key)",
    "UNPROTECTED PRIVATE KEY": "the key file may be read by others: chmod 600",
    "Permission denied": "it may not be written. Give the folder to the server's user",
}


class SftpFolder(Destination):
    """A folder of a server."""

    def __init__(self, name: str, *, access: Access, program: str = "sftp") -> None:
        """A folder, which is not looked at yet.

        Args:
            name: its address.
            access: how the server lets us in.
            program: the `sftp` of OpenSSH.
        """
        self.name = name
        self._address = Address.parse(name)
        self._access = access
        self._program = program
        self._sizes: dict[str, int] = {}

    @contextmanager
    def visit(self) -> Iterator[Marker]:
        """There are no locks."""
        yield self.look()

    def look(self) -> Marker:
        """List the folder and read the marker."""
        self._sizes = self._listing()
        return read_marker(self._read(MARKER, at_most=MARKER_BYTES), self.name)

    def prepare(self, marker: Marker) -> Marker:
        """Write the marker where there is none, or a damaged one."""
        with suppress(SyncError):
            return self.look()
        self._sizes = self._listing()
        self.keep(MARKER, marker.content())
        return marker

    def recover(self) -> list[str]:
        """Temporary files of this unit; another may be writing its own."""
        begins = tuple(f".{prefix}" for prefix in OURS)
        mine = [name for name in self._sizes if name.startswith(begins) and name.endswith(self._ending())]
        if mine:
            self._do(*(f"-rm {_quoted(name)}" for name in mine))
        return []

    def read(self, name: str) -> bytes | None:
        """A regular file that was there when the visit began, or was written since."""
        return self._read(name, at_most=MAX_BYTES)

    def keep(self, name: str, content: bytes) -> None:
        """Upload under another name, wait until the server's medium has it, rename."""
        part = f".{name}{self._ending()}"
        with _memory() as file:
            file.write(content)
            file.flush()
            put = f"put -f {_path(file)} {_quoted(part)}"
            self._do(put, f"rename {_quoted(part)} {_quoted(name)}", file=file)
        self._sizes[name] = len(content)

    def replace(self, name: str, content: bytes, *, before: bytes | None) -> None:  # noqa: ARG002  FAT asks for it
        """Write a month's file."""
        self.keep(name, content)

    @staticmethod
    def _ending() -> str:
        """Of this unit's temporary files."""
        return f".{re.sub(r'[^A-Za-z0-9-]', '-', platform.node())}{PART}"

    def _listing(self) -> dict[str, int]:
        """Regular files of the folder -> their length. Links and pipes are none."""
        lines = (_LINE.fullmatch(line.rstrip()) for line in self._do("ls -lan").splitlines())
        return {found["name"]: int(found["size"]) for found in lines if found and found["kind"] == "-"}

    def _read(self, name: str, *, at_most: int) -> bytes | None:
        if name not in self._sizes:
            return None
        if self._sizes[name] > at_most:
            raise OSError(errno.EFBIG, f"larger than {at_most // 1_000_000} MB", name)
        with _memory() as file:
            self._do(f"get {_quoted(name)} {_path(file)}", file=file)
            file.seek(0)
            return file.read()

    def _do(self, *commands: str, file: BinaryIO | None = None) -> str:
        """Do something in the folder; what it prints.

        Args:
            commands: of sftp.
            file: one that they name.

        Raises:
            SyncError: the server is not reached, or refuses it.
        """
        port = ["-P", self._address.port] if self._address.port else []
        command = [self._program, *self._access.options(), *port, "-b", "-", self._address.host]
        batch = "\n".join([f"cd {_quoted(self._address.folder)}", *commands]) + "\n"
        english = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 -- nothing of it is a shell's
                command,
                input=batch,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND_S,
                env=english,
                pass_fds=(file.fileno(),) if file else (),
                check=False,
            )
        except FileNotFoundError:
            raise SyncError("there is no `sftp` on this unit. Install it: apt install openssh-client") from None
        except subprocess.TimeoutExpired:
            raise SyncError(f"its server did not answer within {COMMAND_S:g} s. See to its network") from None
        if done.returncode:
            raise _refusal(done.stderr)
        return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("sftp> "))


def _refusal(words: str) -> SyncError:
    """What the server or ssh said, as a sentence with what to do."""
    for sign, sentence in _FATAL.items():
        if sign in words:
            fatal = SyncError(sentence)
            fatal.retryable = False
            return fatal
    said = [line.strip() for line in words.splitlines() if line.strip() not in {"", "Connection closed", "Connection closed."}]
    last = said[-1] if said else "without a word"
    if "No such file" in last or "not found" in last:
        return SyncError(f"it is not there ({last}). Make the folder on the server; muster does not")
    return SyncError(f"the server is not reached, or refuses it ({last}). See that it is up and has room on its disk")


def _memory() -> BinaryIO:
    """A file without a name: whoever ends this process leaves no rows behind on the unit's disk."""
    return os.fdopen(os.memfd_create("muster"), "w+b")


def _path(file: BinaryIO) -> str:
    """By which sftp, which inherits it, opens it."""
    return f"/proc/self/fd/{file.fileno()}"


def _quoted(path: str) -> str:
    """A path in a batch of sftp."""
    escaped = re.sub(r'(["\\])', r"\\\1", path)
    return f'"{escaped}"'
