"""people.csv and remove.csv as nobody should write them."""

from __future__ import annotations

import codecs
from random import Random

from hostile.names import NASTY, leading_out

PEOPLE = ("code", "name", "active", "valid_from", "valid_until", "language")
HEADERS = {b"people.csv": PEOPLE, b"remove.csv": ("code", "why")}

_CELLS = (
    "",
    "none",
    "NONE",
    "true",
    "false",
    "yes",
    "0",
    "1",
    "-1",
    "2026-11-22",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "-0001-01-01",
    "22.11.2026",
    "2026-11-22T08:00:00Z",
    "٢٠٢٦-١١-٢٢",
    "de",
    "xx-XX-x-private",
    "1e999",
    "NaN",
    '=HYPERLINK("http://x";"y")',
    "=cmd|'/C calc'!A0",
    "+1",
    "@x",
    "-2+3",
    "\t=1",
    "'=1",
    "a" * 100_000,
    "é" * 5_000,
    "a\nb",
    "a\r\nb",
    "a\rb",
    "\x00",
    "a\0b",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\u2028",
    "sealed:AAAA",
    "\ue000" * 10,
    "\U0010ffff",
    "a,b",
    'a"b',
    "a;b",
    "99999999999999999999999999",
)

_CODES = ("1001", "1002", "1003", "1042", "9001", "9002", " 1001 ", "1001", "１００１", "ada", "")


def table(name: bytes, rng: Random) -> bytes:
    """A table of this name, spoilt in one or several ways; sometimes nothing is wrong with it."""
    header = list(HEADERS[name])
    rows = [_row(header, rng) for _ in range(rng.choice([0, 1, 3, 3, 10, 60]))]
    _HEADERS[rng.randrange(len(_HEADERS))](header, rng)
    separator, quote = rng.choice([",", ",", ",", ";", "\t", "|"]), rng.choice(['"', '"', '"', "'", ""])
    ending = rng.choice(["\n", "\r\n", "\r\n", "\r", "\n\r", "\n\n"])
    text = ending.join(separator.join(_quoted(cell, separator, quote) for cell in row) for row in [header, *rows])
    content = bytearray(_encoded(text, rng))
    for _ in range(rng.choice([0, 0, 1, 1, 2, 6])):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](content, rng)
    return bytes(content)


def _row(header: list[str], rng: Random) -> list[str]:
    row = [_value(column, rng) for column in header]
    if not rng.randrange(12):
        row = row[: rng.randrange(len(row) + 1)]
    if not rng.randrange(12):
        row += [rng.choice(_CELLS)] * rng.choice([1, 2, 2_000])
    return row


def _value(column: str, rng: Random) -> str:
    if not rng.randrange(5):
        return rng.choice([*_CELLS, *NASTY, leading_out(rng).encode("utf-8", "replace").decode()])
    if column == "code":
        return rng.choice(_CODES)
    if column in {"name", "why"}:
        return rng.choice(["Ada Lovelace", "Bob", "left", "Zoë", ""])
    return {"active": "true", "valid_from": "2026-01-01", "valid_until": "2027-01-01"}.get(column, "de")


def _quoted(cell: str, separator: str, quote: str) -> str:
    if quote and any(each in cell for each in (separator, quote, "\n", "\r")):
        return quote + cell.replace(quote, quote * 2) + quote
    return cell


def _encoded(text: str, rng: Random) -> bytes:
    kind = rng.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "utf-7", "cp037"])
    content = text.encode(kind, "replace")
    return (
        rng.choice([b"", b"", b"", codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE]) + content
        if rng.randrange(2)
        else content
    )


def _same(header: list[str], rng: Random) -> None:
    """Nothing is wrong with it."""


def _twice(header: list[str], rng: Random) -> None:
    header.append(rng.choice(header))


def _unknown(header: list[str], rng: Random) -> None:
    header[rng.randrange(len(header))] = rng.choice(["password", "", " ", "id", "vector", "code\0", "__class__"])


def _gone(header: list[str], rng: Random) -> None:
    header.clear()


def _shouted(header: list[str], rng: Random) -> None:
    header[:] = [f" {cell.upper()} " for cell in header]


def _shuffled(header: list[str], rng: Random) -> None:
    rng.shuffle(header)


_HEADERS = (_same, _same, _same, _same, _same, _twice, _unknown, _gone, _shouted, _shuffled)


def _half(content: bytearray, rng: Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _nul(content: bytearray, rng: Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = b"\0" * rng.choice([1, 1, 3, 5_000])


def _open_quote(content: bytearray, rng: Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = b'"'


def _bits(content: bytearray, rng: Random) -> None:
    for _ in range(rng.randint(1, 9) if content else 0):
        content[rng.randrange(len(content))] = rng.randrange(256)


def _giant(content: bytearray, rng: Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = rng.choice([b"a", b",", b'"', b"\n", b"\xff", b"=1,"]) * rng.choice([200_000, 1_500_000])


def _repeated(content: bytearray, rng: Random) -> None:
    content *= rng.choice([2, 30]) if len(content) < 100_000 else 1


def _not_utf8(content: bytearray, rng: Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = rng.choice([b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\x80"])


_MUTATIONS = (_half, _half, _nul, _open_quote, _open_quote, _bits, _bits, _giant, _repeated, _not_utf8)


def long(name: bytes, n_lines: int) -> bytes:
    """A table that is right, of so many lines."""
    header = HEADERS[name]
    rows = (",".join([str(n + 20_000), *(["Somebody", "", "", "", ""][: len(header) - 1])]) for n in range(n_lines))
    return "\r\n".join([",".join(header), *rows, ""]).encode()
