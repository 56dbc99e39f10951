"""The few messages between the unit and the Edge TPU's process, which both import this.

Each is one packet of a SOCK_SEQPACKET socket, so half a message cannot arrive, and one flat JSON object, so that whatever a
process that has gone mad may send, nothing is done with it but to read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 16384
"""A longer packet is cut off when it is received, and then is no message."""
MAX_WORDS = 2000
"""Characters of an explanation that are sent."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a child process is to open.

    Attributes:
        library: name or path of the shared library.
        device: "", usb, usb:N, pci or pci:N; empty for the only one.
        manifest: ``models/manifest.toml``.
        names: the networks, the small ones first: they share the memory on the chip in this order.
    """

    library: str
    device: str
    manifest: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """It is open. Each network's answer to its self-test picture lies in the second region, one behind the other."""

    runtime: str
    library: str


@dataclass(frozen=True, slots=True)
class Request:
    """Run so many rows that lie in the first region."""

    sequence: int
    name: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Done:
    """The answers to this request lie in the second region."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Failed:
    """This request could not be run, or (0) it could not be opened, and why."""

    sequence: int
    words: str


Message = Ready | Request | Done | Failed
_FIELDS: dict[type[Message], dict[str, type]] = {
    Ready: {"runtime": str, "library": str},
    Request: {"sequence": int, "name": str, "n_rows": int},
    Done: {"sequence": int},
    Failed: {"sequence": int, "words": str},
}
_KINDS: dict[str, type[Message]] = {kind.__name__.lower(): kind for kind in _FIELDS}


def encode(message: Message) -> bytes:
    """A message as one packet."""
    kind = type(message)
    return json.dumps({"kind": kind.__name__.lower(), **{key: getattr(message, key) for key in _FIELDS[kind]}}).encode()


def decode(packet: bytes) -> Message:
    """What a packet says.

    Raises:
        ValueError: it is no message.
    """
    try:
        content = json.loads(packet)
    except RecursionError as error:
        raise ValueError("it is no message") from error
    kind = _KINDS.get(str(content.pop("kind", None))) if isinstance(content, dict) else None
    if kind is None or {key: type(value) for key, value in content.items()} != _FIELDS[kind]:
        raise ValueError("it is no message")
    return kind(**content)
