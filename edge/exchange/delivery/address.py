"""Where a server is, ``sftp://user@host:port/folder``, and how it lets us in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from edge.errors import SyncError

SCHEME = "sftp://"
CONNECT_S = 10


@dataclass(frozen=True, slots=True)
class Access:
    """How a server lets us in.

    Attributes:
        key: path of the private key; empty for those that ssh finds by itself.
        known_hosts: path of the keys that servers must have; empty for the system's and the user's own.
    """

    key: str = ""
    known_hosts: str = ""

    def options(self) -> list[str]:
        """For the command line: nothing is asked, and nothing waited for without end."""
        wanted = {
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(CONNECT_S),
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "3",
        }
        if self.key:
            wanted |= {"IdentityFile": f'"{self.key}"', "IdentitiesOnly": "yes"}
        if self.known_hosts:
            wanted |= {"UserKnownHostsFile": f'"{self.known_hosts}"', "GlobalKnownHostsFile": "/dev/null"}
        return [part for name, value in wanted.items() for part in ("-o", f"{name}={value}")]


@dataclass(frozen=True, slots=True)
class Address:
    """Where it is.

    Attributes:
        host: with the user, where one is named.
        port: empty for what ssh has configured.
        folder: absolute, or as seen from the user's home.
    """

    host: str
    port: str
    folder: str

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read ``sftp://user@host:port/folder``; ``/~/folder`` is in the home.

        Raises:
            SyncError: it is no such address.
        """
        try:
            parts = urlsplit(name)
            port = str(parts.port or "")
        except ValueError:
            parts, port = urlsplit(""), ""
        user, host = unquote(parts.username or ""), parts.hostname or ""
        folder = unquote(parts.path).removeprefix("/~/")
        is_safe = folder.isprintable() and not host.startswith("-") and re.fullmatch(r"(\w[\w.-]*)?", user)
        if not host or not folder or parts.password or not is_safe:
            error = SyncError("this is not an address such as sftp://user@host/folder. Correct it; a password has no place in it")
            error.retryable = False
            raise error
        host = f"[{host}]" if ":" in host else host
        return cls(f"{user}@{host}" if user else host, port, folder)
