"""The few messages between the unit and the Edge TPU's process, which both import this.

Each is one packet of a SOCK_SEQPACKET socket, so half a message cannot arrive: three fixed fields, and a text. (As JSON they
made a call 0.1 ms longer where both processes had slept for 20 ms: that is much code for caches that are cold.)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 16384
"""A longer packet is cut off when it is received."""
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
_HEAD = struct.Struct("<cQI")  # kind, sequence, n_rows; text follows


def encode(message: Message) -> bytes:
    """A message as one packet. What UTF-8 has no letters for, as in a file's name that is no text, becomes a question mark."""
    match message:
        case Request(sequence, name, n_rows):
            return _HEAD.pack(b"r", sequence, n_rows) + name.encode(errors="replace")
        case Done(sequence):
            return _HEAD.pack(b"d", sequence, 0)
        case Failed(sequence, words):
            return _HEAD.pack(b"f", sequence, 0) + words.encode(errors="replace")
        case Ready(runtime, library):
            return _HEAD.pack(b"o", 0, 0) + f"{runtime}\n{library}".encode(errors="replace")


def decode(packet: bytes) -> Message:
    """What a packet says.

    Raises:
        ValueError: it is no message.
    """
    if len(packet) < _HEAD.size:
        raise ValueError("it is no message")
    kind, sequence, n_rows = _HEAD.unpack_from(packet)
    text = packet[_HEAD.size :].decode()
    match kind:
        case b"d":
            return Done(sequence)
        case b"r":
            return Request(sequence, text, n_rows)
        case b"f":
            return Failed(sequence, text)
        case b"o":
            runtime, _, library = text.partition("\n")
            return Ready(runtime, library)
    raise ValueError("it is no message")
