"""Names, templates and keys of sticks as they lie on the card: sealed where the unit has a key, as they are where it has none.

ChaCha20-Poly1305 (RFC 8439) with a nonce of 96 random bits for each value: up to 2^32 values under one key, two nonces meet with
a probability of less than 2^-32. What a value belongs to is sealed along with it as associated data, so that the name or the
template of one person, put into the row of another, does not open. All the rest of the database stays readable (docs/privacy.md).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from edge.errors import StoreError
from edge.types import Person

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from edge.store.database import DurableDatabase

ANY_TEXT = "surrogateescape"
"""Somebody may have put bytes into a cell that are no text: they come back as they were."""

KEY_BYTES = 32
"""Of a key (RFC 8439, section 2.8)."""

_NONCE_BYTES = 12
_TAG_BYTES = 16
_TEXT_MARK = "sealed:"
_BLOB_MARK = b"\x80sealed\x80"
"""No template of ours begins so: the least value of `edge.store.templates.stored` is -127, and 0x80 is -128."""


def of_person(code: str) -> str:
    """What a person's name is bound to. A code never changes."""
    return f"person {code}"


def of_template(code: str, model: str, photo_sha256: str) -> str:
    """What a template is bound to: the person by their code, not by a number that somebody can exchange."""
    return f"template {photo_sha256} {model} {code}"


def of_row(event_id: str) -> str:
    """What the name in a row of the ledger is bound to."""
    return f"row {event_id}"


def of_stick(stick_id: str) -> str:
    """What a stick's key is bound to."""
    return f"stick {stick_id}"


@dataclass(frozen=True, slots=True)
class Seal:
    """A key, or none: then everything stays as it is.

    Attributes:
        key_id: the first 16 hexadecimal digits of the key's SHA-256; it may be shown. Empty for none.
        key: 32 bytes, which nobody prints; empty for none.
    """

    key_id: str
    key: bytes = field(repr=False)
    _cipher: ChaCha20Poly1305 | None = field(repr=False, compare=False)

    @classmethod
    def none(cls) -> Self:
        """Everything stays as it is."""
        return cls("", b"", None)

    @classmethod
    def of(cls, key: bytes) -> Self:
        """Sealed with this key of 32 bytes. The library is loaded here: a unit without a key does without it."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        return cls(hashlib.sha256(key).hexdigest()[:16], key, ChaCha20Poly1305(key))

    def text(self, text: str, bound_to: str) -> str:
        """A text as it is kept: with a key the word ``sealed:`` and base64. Nothing stays nothing: it tells of an erasure."""
        if self._cipher is None or not text:
            return text
        return _TEXT_MARK + base64.b64encode(_closed(self._cipher, _bytes(text), bound_to)).decode()

    def opened_text(self, kept: str, bound_to: str) -> str:
        """A text as it was before `text`.

        Raises:
            StoreError: it was not sealed with this key, or not for this place.
        """
        sealed = _sealed_text(kept)
        if not kept or (self._cipher is None and sealed is None):
            return kept
        return self._opened(sealed, bound_to).decode(errors=ANY_TEXT)

    def blob(self, blob: bytes, bound_to: str) -> bytes:
        """Bytes as they are kept."""
        return blob if self._cipher is None else _BLOB_MARK + _closed(self._cipher, blob, bound_to)

    def opened_blob(self, kept: bytes, bound_to: str) -> bytes:
        """Bytes as they were before `blob`.

        Raises:
            StoreError: they were not sealed with this key, or not for this place.
        """
        sealed = kept.removeprefix(_BLOB_MARK) if kept.startswith(_BLOB_MARK) else None
        if self._cipher is None and sealed is None:
            return kept
        return self._opened(sealed, bound_to)

    def row(self, name: str, salt: str, event_id: str) -> tuple[str, str]:
        """Name and salt of a row of the ledger as their columns have them: together in the first where there is a key.

        With the salt in the open, beside the digest that the chain needs, names could be tried.
        """
        if self._cipher is None or not (name or salt):
            return name, salt
        return self.text(f"{salt}\n{name}", of_row(event_id)), ""

    def opened_row(self, kept: str, salt: str, event_id: str) -> tuple[str, str]:
        """Name and salt from the columns of a row.

        Raises:
            StoreError: they were not sealed with this key, or not for this row.
        """
        opened = self.opened_text(kept, of_row(event_id))
        if self._cipher is None:
            return opened, salt
        if salt:
            raise _foreign(of_row(event_id))
        first, _, name = opened.partition("\n")
        return name, first

    def _opened(self, sealed: bytes | None, bound_to: str) -> bytes:
        if self._cipher is None or sealed is None or len(sealed) < _NONCE_BYTES:
            raise _foreign(bound_to)
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bytes(bound_to))
        except InvalidTag:
            raise _foreign(bound_to) from None


class Sealed:
    """A part of the store whose names and templates may be sealed."""

    _database: DurableDatabase
    _seal: Seal

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """What does not open because another process has put everything under another key is told so.

        Raises:
            StoreError: it does not open.
        """
        try:
            yield
        except StoreError:
            self._database.check_key()
            raise

    def _person(self, row: tuple[int, str, str]) -> Person:
        """Somebody from id, code and name as they are kept."""
        person_id, code, kept = row
        with self._opening():
            return Person(person_id, code, self._seal.opened_text(kept, of_person(code)))


def looks_sealed(text: str) -> bool:
    """Whether a text would be taken for a sealed one. Nobody is called so."""
    return _sealed_text(text) is not None


def _closed(cipher: ChaCha20Poly1305, content: bytes, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, _bytes(bound_to))


def _sealed_text(kept: str) -> bytes | None:
    """What a sealed text holds; None for any other, also one that only begins so."""
    if not kept.startswith(_TEXT_MARK):
        return None
    try:
        sealed = base64.b64decode(kept.removeprefix(_TEXT_MARK), validate=True)
    except ValueError:
        return None
    return sealed if len(sealed) >= _NONCE_BYTES + _TAG_BYTES else None


def _bytes(text: str) -> bytes:
    return text.encode(errors=ANY_TEXT)


def _foreign(bound_to: str) -> StoreError:
    """Waiting does not mend it, so it is not retryable."""
    error = StoreError(
        f"what is sealed for {bound_to} does not open: it was sealed with another key or for another place, or was changed."
        " Something else wrote into the database. Restore a backup."
    )
    error.retryable = False
    return error
