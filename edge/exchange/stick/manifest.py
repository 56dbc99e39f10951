r"""What the office says is on the stick: every file with its SHA-256, and over all of that a keyed hash.

The file is one JSON object, as ``scripts/prepare-stick`` writes it and no other way: its ``mac`` first, on a line of its own;
then the rest with sorted keys, no blanks and nothing but ASCII. So the keyed hash is checked over the very bytes of the rest
before any of them is understood, and nobody without the key can have us read JSON. `docs/stick.md` has the format.

    {"mac":"<64 hexadecimal digits>",
    "files":{"enrol/1042 Ada/1.jpg":{"sha256":"...","size":81723}},"format":1,"made_utc":"...","serial":1795334400,"stick":"..."}

mac = HMAC-SHA256(key, "muster manifest 1\n" + the object without ``mac``) (RFC 2104).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from edge.errors import EnrolError, StickError
from edge.exchange.stick.tree import MAX_DEPTH, OtherSizeError, Tree

MANIFEST = "muster-manifest.json"

MAX_BYTES = 8_000_000
"""A manifest is not read beyond this; one of `MAX_FILES` with long names has about 6 MB."""

MAX_FILES = 20_000
MAX_NAME = 1_000

PREFIX = b"muster manifest 1\n"
"""Hashed in front, so that no keyed hash of another kind of message is ever one of a manifest."""

PHOTOGRAPHS = "enrol"
TABLES = ("people.csv", "remove.csv")
"""What a manifest may name besides everything below `PHOTOGRAPHS`."""

MAX_SERIAL = 10**10
"""Serials are seconds since 1970 or little more; this is in the year 2286."""

_LAYOUT = re.compile(rb'\{"mac":"([0-9a-f]{64})",\n([^\n]+\})\n?')
_KEYS = {"files", "format", "made_utc", "serial", "stick"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)

AGAIN = "Prepare the stick again with prepare-stick."
NOT_LISTED = "not in the manifest; prepare the stick again with prepare-stick"
CHANGED = "changed since the stick was prepared; prepare it again with prepare-stick"


class Digest(NamedTuple):
    """What a file must be."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was on the stick when the office prepared it.

    Attributes:
        serial: grows with each manifest of a stick; about the time in seconds since 1970.
        mac: 64 hexadecimal digits.
        made_utc: when, as the office's computer believed.
        files: name -> what it must be. Names are below the top of the stick, with slashes, in NFC.
    """

    serial: int
    mac: str
    made_utc: str
    files: Mapping[str, Digest]

    @classmethod
    def parse(cls, content: bytes, *, key: bytes, stick_id: str) -> Self:
        """Read a manifest that was made with a key for a stick.

        Raises:
            StickError: it was not, was changed since, or is not what `prepare-stick` writes.
        """
        layout = _LAYOUT.fullmatch(content)
        if layout is None:
            raise StickError(f"{MANIFEST} is damaged, or was not written by prepare-stick. {AGAIN}")
        mac, body = layout[1], b"{" + layout[2]
        if not hmac.compare_digest(mac_of(body, key).encode(), mac):
            raise StickError(f"{MANIFEST} was not made with this stick's key, or was changed since. {AGAIN}")
        try:
            return cls._of(json.loads(body), mac.decode(), stick_id)
        except (ValueError, RecursionError) as error:
            raise StickError(f"{MANIFEST} cannot be used ({error}). {AGAIN}") from error

    @classmethod
    def _of(cls, found: Any, mac: str, stick_id: str) -> Self:
        """From JSON.

        Raises:
            ValueError: with what is wrong.
        """
        if not isinstance(found, dict) or set(found) != _KEYS or type(found["format"]) is not int or found["format"] != 1:
            raise ValueError("it is of another format; update Muster, or prepare-stick")
        if found["stick"] != stick_id:
            raise ValueError("it was made for another stick")
        if type(found["serial"]) is not int or not 0 < found["serial"] < MAX_SERIAL:
            raise ValueError("its serial is no number of seconds since 1970")
        if not isinstance(found["made_utc"], str) or not _MOMENT.fullmatch(found["made_utc"]):
            raise ValueError("it does not say when it was made")
        if not isinstance(found["files"], dict) or len(found["files"]) > MAX_FILES:
            raise ValueError(f"it names more than {MAX_FILES:,} files, or none")
        files = {_name(name): _digest(name, digest) for name, digest in found["files"].items()}
        if len(files) < len(found["files"]):
            raise ValueError("it names a file twice, once with letters and accents apart")
        return cls(found["serial"], mac, found["made_utc"], files)

    def digest(self, name: str) -> Digest | None:
        """What a file that was found on the stick must be; None where the manifest does not name it.

        A Mac lists letters and accents apart that it has written together; that makes no other name.
        """
        return self.files.get(unicodedata.normalize("NFC", name))


def mac_of(body: bytes, key: bytes) -> str:
    """The keyed hash over a manifest without its ``mac``: 64 hexadecimal digits."""
    return hmac.new(key, PREFIX + body, hashlib.sha256).hexdigest()


def read_listed(tree: Tree, manifest: Manifest, name: str, *, at_most: int) -> bytes:
    """A file that the manifest names, if it is what the manifest says. It is read once: what is returned is what was checked.

    Args:
        tree: the stick.
        manifest: of it.
        name: as the manifest or the stick has it.
        at_most: bytes; a longer file is refused.

    Raises:
        EnrolError: with the short reason why not, for a line of the receipt.
    """
    digest = manifest.digest(name)
    if digest is None:
        raise EnrolError(NOT_LISTED)
    try:
        content = _read(tree, name, at_most=at_most, size=digest.size)
    except FileNotFoundError as error:
        raise EnrolError("in the manifest, but not on the stick; prepare the stick again with prepare-stick") from error
    except OtherSizeError as error:
        raise EnrolError(CHANGED) from error
    except OSError as error:
        raise EnrolError(f"{error.strerror or 'cannot be read'}; prepare the stick again with prepare-stick") from error
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), digest.sha256):
        raise EnrolError(CHANGED)
    return content


def _read(tree: Tree, name: str, *, at_most: int, size: int) -> bytes:
    """By its name as it is; else with letters and accents together, else apart, as some file systems keep it."""
    names = dict.fromkeys([name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))])
    *others, last = names
    for other in others:
        try:
            return tree.read(other, at_most=at_most, size=size)
        except FileNotFoundError:
            continue
    return tree.read(last, at_most=at_most, size=size)


def _name(written: str) -> str:
    """A name that a manifest may have, in NFC as this Python knows it.

    Raises:
        ValueError: it leads out of what may be brought in, or is nobody's name here.
    """
    name = unicodedata.normalize("NFC", written)
    first, *below = name.split("/")
    is_inside = first == PHOTOGRAPHS and below and len(below) <= MAX_DEPTH and set(below).isdisjoint({"", ".", ".."})
    if len(name) > MAX_NAME or "\0" in name or not (is_inside or name in TABLES):
        raise ValueError(f"it names {name[:100]!a}, which is nothing that a stick may bring")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise ValueError(f"it names {name[:100]!a}, which can be no file here") from error
    return name


def _digest(name: str, found: Any) -> Digest:
    """What the manifest says of a file.

    Raises:
        ValueError: it says something else.
    """
    if isinstance(found, dict) and set(found) == {"sha256", "size"}:
        sha256, size = found["sha256"], found["size"]
        if isinstance(sha256, str) and _SHA256.fullmatch(sha256) and type(size) is int and 0 <= size < 2**53:
            return Digest(sha256, size)
    raise ValueError(f"it does not say what {name[:100]!a} must be")
