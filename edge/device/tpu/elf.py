"""What a shared library says of itself, read from the file: loading it would run its code.

Only what is needed to tell libedgetpu from something else, for 64 bits, which is what the TFLite runtimes are built for.
Layout: System V ABI, chapters 4 and 5 (elf.h).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAGIC = b"\x7fELF"
ORDERS = {1: "<", 2: ">"}
IS_64_BITS = 2

SYMBOLS = 11
"""SHT_DYNSYM: the section of the names that are bound when a program is loaded."""


def machine(content: bytes) -> bytes:
    """For which processor it was built: word length, byte order and number; empty when it is no such file."""
    return content[4:6] + content[18:20] if content.startswith(MAGIC) and len(content) >= 20 else b""


def exports(content: bytes) -> set[bytes]:
    """The names that a program finds in it.

    Raises:
        ValueError: it is no such file, or ends before its tables do.
    """
    if not content.startswith(MAGIC) or content[4:5] != bytes([IS_64_BITS]):
        raise ValueError("not an ELF file of 64 bits")
    try:
        return set(_exports(content, ORDERS[content[5]]))
    except (KeyError, IndexError, struct.error) as error:
        raise ValueError("not a whole ELF file") from error


def _exports(content: bytes, order: str) -> Iterator[bytes]:
    (start,) = struct.unpack_from(order + "Q", content, 0x28)
    size, n = struct.unpack_from(order + "HH", content, 0x3A)
    # sh_name, type, flags, addr, offset, size, link, info, addralign, entsize
    sections = [struct.unpack_from(order + "IIQQQQIIQQ", content, start + row * size) for row in range(n)]
    for _, kind, _, _, offset, length, link, *_, entry in sections:
        if kind != SYMBOLS:
            continue
        strings = sections[link][4]
        for at in range(offset, offset + length, entry or 24):
            name, _, _, defined_in = struct.unpack_from(order + "IBBH", content, at)
            if defined_in:
                end = content.find(b"\0", strings + name)
                yield content[strings + name : end]
