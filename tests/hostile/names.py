"""Names that somebody might be sorry to have printed, joined, split or believed."""

from __future__ import annotations

from random import Random

LONGEST = 255
"""Bytes of one name, on nearly every file system."""

NASTY = (
    "..\\..\\etc\\passwd",
    "..%2f..%2fetc",
    "．．／．．／etc",
    "...",
    "~",
    "~root",
    "-rf",
    "--help",
    "*",
    "$(reboot)",
    "`reboot`",
    "${HOME}",
    "%s%n%x",
    "{0.__class__}",
    "C:",
    "C:\\x",
    "CON",
    "nul.jpg",
    "aux",
    "a:b",
    "=1+1",
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "'; DROP TABLE person; --",
    "1042 Ada\nLovelace",
    "1042 Ada\r\nbutton,row",
    "1042 \x1b[2J\x1b]0;owned\x07",
    "1042 \u202egpj.ada",
    "1042 \u2066\u2069",
    "1042 a\u0301\u0301\u0301" * 8,
    "\ufeff1042 Bom",
    "1042\u00a0Nbsp",
    "1042 \u200b",
    "\u200b",
    "\u00ad",
    " ",
    "  leading",
    "trailing ",
    "trailing.",
    "1042 \U0001f600",
    "1042 \ufffd",
    "１０４２ Wide",
    "٣ Arabic",
    "1042 İstanbul",
    "1042 ß",
    "\u0000".replace("\0", "\x01"),
    "\x7f",
    '"',
    "'",
    ",",
    ";",
    "a,b\tc",
    "IMG_0001",
    "Thumbs.db",
    ".hidden",
    "$RECYCLE.BIN",
    "attendance-2026-11.csv",
    "muster-receipt.csv",
    "1042 Ada.zip",
    "1042 Ada.tar.gz",
    "1042 Ada.exe",
    "1042 Ada.lnk",
    "1042 Ada.svg",
    "1042 Ada.heic",
    "1042 Ada.jpg.exe",
    "muster.db",
    "muster.toml",
    "people.csv",
    "0",
    "00",
    "1e400",
    "nan",
    "None",
    "null",
    "true",
)


def nasty(rng: Random) -> bytes:
    """One part of a path, with no slash and no NUL in it, of 1 to 255 bytes."""
    kind = rng.randrange(8)
    if kind < 3:
        raw = rng.choice(NASTY).encode()
    elif kind == 3:  # in some other encoding
        raw = rng.choice(["1042 Zoë", "Ångström", "Łódź", "Ελένη", "Иван", "山田 7"]).encode(rng.choice(_CODES), "replace")
    elif kind == 4:  # surrogates and overlong forms that are no UTF-8
        raw = b"1042 " + rng.choice([b"\xed\xa0\x80", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80", b"\xff\xfe", b"\x80"]) + b"x"
    elif kind == 5:  # as long as a name can be, of letters of one, two or four bytes
        raw = (f"{rng.randrange(10_000)} " + rng.choice("aé\U0001f600") * LONGEST).encode()[:LONGEST]
    elif kind == 6:
        raw = bytes(rng.randrange(1, 256) for _ in range(rng.randint(1, 40)))
    else:  # two of them in one
        raw = (rng.choice(NASTY) + rng.choice(NASTY)).encode()
    raw = raw.replace(b"/", b"_").replace(b"\0", b"_")[:LONGEST]
    return raw if raw not in {b"", b".", b".."} else b"...."


_CODES = ("latin-1", "cp1252", "cp437", "shift_jis", "utf-16", "utf-7", "koi8-r", "gb18030")


def leading_out(rng: Random) -> str:
    """A path that leads out of the stick, or is none, for cells and manifests: as text, with slashes and NULs if need be."""
    return rng.choice(
        [
            "../people.csv",
            "enrol/../../outside/1.jpg",
            "enrol/../muster-stick.key",
            "/etc/passwd",
            "//etc/passwd",
            "enrol//1.jpg",
            "enrol/./1.jpg",
            "enrol/..",
            "enrol",
            "enrol/",
            "",
            ".",
            "enrol/a\0b/1.jpg",
            "people.csv\0.jpg",
            "enrol\\..\\x",
            "file:///etc/passwd",
            "enrol/\ud800/1.jpg",
            "ENROL/1042 Ada/1.jpg",
            "receipts/x.csv",
            "muster-stick.key",
            "attendance-2026-11.csv",
            "enrol/" + "a/" * 200 + "1.jpg",
            "enrol/" + "a" * 5_000,
            "enrol/1042 Ada/" + "é" * 300,
            "enrol/%2e%2e/%2e%2e/x",
            "~/x",
        ]
    )
