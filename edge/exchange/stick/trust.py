"""Whether a stick is one of ours, and what it may do here: take rows away, and bring in what its manifest names.

Of a stick that is not known nothing is read but the few lines in which it says who it is. It proves that with its key, or with a
manifest that only its key could make; and where the unit could tell at pairing which piece of hardware it is, it must be that
piece.
"""

from __future__ import annotations

import hmac
import re
import tomllib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from edge.errors import StickError
from edge.exchange.stick.manifest import AGAIN, MANIFEST, MAX_BYTES, Manifest
from edge.exchange.stick.tree import Tree
from edge.store import Store
from edge.store.audit import STICK_REFUSED
from edge.store.sticks import Stick

STICK = "muster-stick.toml"
KEY = "muster-stick.key"

MAX_STICK_BYTES = 2_000
"""It has three lines. TOML of 60 kB can keep a reader of TOML busy for half a minute."""

_KEY = re.compile(rb"(?:\xef\xbb\xbf)?\s*([0-9A-Fa-f]{64})\s*")
_PAIR = "To make it one of this unit's, at the unit: `muster stick pair`, then where it is mounted"
_QUIET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a stick may do. Whichever it is, rows may go out to it.

    Attributes:
        stick: as it is paired; None for any other under the policy ``open``.
        manifest: what it brings; None where nothing is brought in, unless it is open.
        reason: why nothing is brought in, as a sentence; empty where something is.
        is_open: everything on it may be brought in, without a manifest.
        is_done: all that the manifest names was taken in before; nothing is left to do.
    """

    stick: Stick | None
    manifest: Manifest | None
    reason: str = ""
    is_open: bool = False
    is_done: bool = False

    @property
    def known_as(self) -> str:
        """For whom the unit remembers which rows went out: the paired stick; all others are one, and told apart by markers."""
        return self.stick.id if self.stick else "without pairing"


def examine(mountpoint: Path, store: Store, *, policy: str, hardware: str) -> Trust:
    """Find out which stick it is. Nothing is written, neither there nor here.

    Args:
        mountpoint: where it is mounted.
        store: knows the sticks of this unit.
        policy: ``paired`` or ``open``, as configured.
        hardware: what the stick itself says that it is (`edge.exchange.stick.hardware`); empty where nothing does.

    Raises:
        StickError: under the policy ``paired``: it is not known, does not prove who it is, or is a copy.
    """
    if policy == "open":
        return Trust(None, None, is_open=True)
    try:
        with Tree(mountpoint) as tree:
            return _examine(tree, store, hardware)
    except OSError as error:
        raise StickError(f"{mountpoint} cannot be read ({error.strerror}). Plug the stick in again.") from error


def note_refusal(store: Store, error: StickError, *, at_utc: datetime, clock_ok: bool) -> None:
    """A line in the audit log for a stick that was refused; for the same one at most one a minute."""
    store.note(STICK_REFUSED, error.stick_id or "without an id", at_utc=at_utc, clock_ok=clock_ok, quiet=_QUIET)


def read_stick(tree: Tree) -> tuple[str, str]:
    """Id and name that a stick gives itself.

    Raises:
        StickError: it gives none.
    """
    try:
        table = tomllib.loads(tree.read(STICK, at_most=MAX_STICK_BYTES).decode("utf-8-sig"))
        named, name = table["id"], table.get("name", "")
        if not isinstance(named, str) or not isinstance(name, str):
            raise TypeError("id and name are texts")
        return str(UUID(named)), name
    except FileNotFoundError as error:
        raise StickError(f"this stick is not paired with any unit: it has no {STICK}. {_PAIR}.") from error
    except OSError as error:
        raise StickError(f"{STICK} of this stick cannot be read: {error.strerror}. Remove it. {_PAIR}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StickError(f"{STICK} of this stick is damaged. Remove it. {_PAIR}.") from error


def read_key(tree: Tree) -> bytes | None:
    """The key that lies on a stick, 32 bytes; None where there is none, or something else.

    Zeros are none: where prepare-stick takes the key away it writes them over it first, and the stick may be pulled just then.

    Raises:
        OSError: the stick fails.
    """
    try:
        found = _KEY.fullmatch(tree.read(KEY, at_most=MAX_STICK_BYTES))
    except FileNotFoundError:
        return None
    key = bytes.fromhex(found[1].decode()) if found else b""
    return key if any(key) else None


def _examine(tree: Tree, store: Store, hardware: str) -> Trust:
    stick_id, _ = read_stick(tree)
    stick = store.find_stick(stick_id)
    if stick is None:
        raise StickError(f"stick {stick_id} is not paired with this unit. {_PAIR}.", stick_id=stick_id)
    if stick.hardware and stick.hardware != hardware:
        told = hardware or "nothing that can be told"
        raise StickError(
            f"stick {stick_id} was paired as {stick.hardware}, and this is {told}: a copy, or another reader of the same card."
            f" {_PAIR}.",
            stick_id=stick_id,
        )
    trust = _admitted(tree, stick)
    if not (trust.manifest or _has_key(tree, stick)):
        raise StickError(f"stick {stick_id} does not prove that it is the one: {trust.reason}", stick_id=stick_id)
    return _unless_replayed(trust, stick)


def _admitted(tree: Tree, stick: Stick) -> Trust:
    """What its manifest is worth, whenever it was made."""
    try:
        content = tree.read(MANIFEST, at_most=MAX_BYTES)
        return Trust(stick, Manifest.parse(content, key=stick.key, stick_id=stick.id))
    except FileNotFoundError:
        return Trust(stick, None, f"{MANIFEST} is not there. {AGAIN}")
    except OSError as error:
        return Trust(stick, None, f"{MANIFEST} cannot be read: {error.strerror}. {AGAIN}")
    except StickError as error:
        return Trust(stick, None, str(error))


def _unless_replayed(trust: Trust, stick: Stick) -> Trust:
    """A manifest is taken in once. Its serial says which is the later one; no clock is asked, for this unit may have none."""
    manifest = trust.manifest
    if manifest is None or manifest.serial > stick.serial:
        return trust
    if manifest.serial == stick.serial and hmac.compare_digest(manifest.mac, stick.mac):
        return replace(trust, is_done=stick.is_done)
    reason = (
        f"{MANIFEST} is older than what was brought in last, or another of the same number. To bring this in all the same:"
        " prepare-stick --again, on a computer whose clock is right."
    )
    return Trust(stick, None, reason)


def _has_key(tree: Tree, stick: Stick) -> bool:
    try:
        return hmac.compare_digest(read_key(tree) or b"", stick.key)
    except OSError:
        return False
