"""A stick becomes one of this unit's, and stops being one."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from edge.errors import StickError
from edge.exchange.files import Files, PrivateFiles, unwritable
from edge.exchange.stick.manifest import PHOTOGRAPHS
from edge.exchange.stick.tree import Tree
from edge.exchange.stick.trust import KEY, STICK, read_key, read_stick
from edge.store import Store
from edge.store.audit import STICK_PAIRED, STICK_UNPAIRED
from edge.store.sticks import Stick

KEY_BYTES = 32
MAX_NAME = 100

TOOL = "prepare-stick.py"
"""What `scripts/prepare-stick` is called on the stick: with this ending Windows knows what to do with it."""

README = "muster-readme.txt"

_NO_KEY = (
    "stick {id} was paired with a unit before, and its key is not on it: whoever has it keeps it elsewhere. Put it back with"
    " `prepare-stick --give-key`; or, to begin anew with this stick, remove {stick} from it. Then pair it again."
)

_COMMENT = "# A stick of Muster's. Never copy this file to another stick."

_TEXT = """\
This stick brings people to Muster units and takes attendance rows away.

enrol/            one folder for each person, called "code Name" as in "1042 Ada Lovelace", with photographs in it
people.csv        code,name,active,valid_from,valid_until,language: what is to be changed about people
remove.csv        code,why: who is to be erased
receipts/         written by the unit: what became of each photograph and each line

When all is in place, and after each change:    python3 {tool}    (Windows: py {tool})
It writes muster-manifest.json; without that, no unit takes anything in. Then eject the stick and plug it into the unit.

muster-stick.key is secret: whoever has it can enrol people. To keep it on your computer and off the stick:
    python3 {tool} --take-key
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known besides the stick when it is paired.

    Attributes:
        name: what to call it; None for what it is called already, or what its folder is called.
        hardware: what the stick itself says that it is; empty where nothing does.
        at_utc: now.
        clock_ok: whether the clock is known to be right.
        tool: `scripts/prepare-stick`; None where it is not on this unit.
    """

    name: str | None
    hardware: str
    at_utc: datetime
    clock_ok: bool
    tool: Path | None = None


def pair(mountpoint: Path, store: Store, wishes: Wishes, *, files: Files | None = None) -> tuple[Stick, list[str]]:
    """Make a stick known to this unit. Twice is the same as once, and another unit's stick becomes this one's too.

    The stick is written first: what the power cut leaves there is taken over the next time.

    Returns:
        the stick, and the names of the files that were written on it.

    Raises:
        StickError: it is damaged, or its key is not on it and this unit does not know it.
        MusterError: it cannot be written.
    """
    try:
        with Tree(mountpoint) as tree:
            stick, is_new = _met(tree, store, wishes)
            written = _write(tree, _content(stick, wishes.tool, with_key=is_new), files)
    except OSError as error:
        raise unwritable(str(mountpoint), error) from error
    with store.transaction():
        before = store.find_stick(stick.id)
        after = store.pair_stick(stick)
        if before != after:
            store.note(STICK_PAIRED, stick.id, at_utc=wishes.at_utc, clock_ok=wishes.clock_ok)
    return after, written


def unpair(named: str, store: Store, *, at_utc: datetime, clock_ok: bool) -> str:
    """Forget a stick and its key: from now on it is a stranger's. What lies on it stays.

    Args:
        named: its id, or where it is mounted.
        store: knows it.
        at_utc: now.
        clock_ok: whether the clock is known to be right.

    Returns:
        its id.

    Raises:
        StickError: there is no such stick, or it is not paired with this unit.
    """
    stick_id = _id(named)
    with store.transaction():
        if not store.unpair_stick(stick_id):
            raise StickError(f"stick {stick_id} is not paired with this unit. `muster stick list` shows which are.")
        store.note(STICK_UNPAIRED, stick_id, at_utc=at_utc, clock_ok=clock_ok)
    store.empty_log()
    return stick_id


def _met(tree: Tree, store: Store, wishes: Wishes) -> tuple[Stick, bool]:
    """The stick as it will be known, and whether it gets a new id and key.

    Raises:
        StickError: it is damaged, or its key is not on it and this unit does not know it.
    """
    if not tree.has(STICK):
        name = _name(wishes.name if wishes.name is not None else tree.top.absolute().name)
        return Stick(str(uuid4()), name, secrets.token_bytes(KEY_BYTES), wishes.hardware, wishes.at_utc), True
    stick_id, called = read_stick(tree)
    known = store.find_stick(stick_id)
    key = read_key(tree) or (known.key if known else None)
    if key is None:
        raise StickError(_NO_KEY.format(id=stick_id, stick=STICK), stick_id=stick_id)
    name = _name(wishes.name if wishes.name is not None else called)
    return Stick(stick_id, name, key, wishes.hardware, wishes.at_utc), False


def _content(stick: Stick, tool: Path | None, *, with_key: bool) -> dict[str, bytes]:
    """What belongs on a stick, the key before the id: an id without its key would be of no use."""
    name = json.dumps(stick.name, ensure_ascii=False).replace("\x7f", "\\u007f")
    wanted = {STICK: f'{_COMMENT}\nid = "{stick.id}"\nname = {name}\n'.encode(), README: _TEXT.format(tool=TOOL).encode()}
    if with_key:
        wanted = {KEY: f"{stick.key.hex()}\n".encode()} | wanted
    if tool is not None:
        wanted[TOOL] = tool.read_bytes()
    return wanted


def _write(tree: Tree, wanted: Mapping[str, bytes], files: Files | None) -> list[str]:
    """What is not there yet; the names of it. The key is for its owner's eyes, where the file system knows of owners."""
    with contextlib.suppress(FileExistsError):
        (tree.top / PHOTOGRAPHS).mkdir()
    written = [each for each, content in wanted.items() if not _holds(tree, each, content)]
    for each in written:
        (files or (PrivateFiles() if each == KEY else Files())).replace(tree.top / each, wanted[each])
    return written


def _holds(tree: Tree, name: str, content: bytes) -> bool:
    try:
        return tree.read(name, at_most=len(content)) == content
    except OSError:
        return False


def _name(text: str) -> str:
    """What a stick may be called.

    Raises:
        StickError: it cannot be printed, or not be remembered.
    """
    name = text.strip() or "stick"
    if len(name) > MAX_NAME or not name.isprintable():
        raise StickError(f"{text[:MAX_NAME]!a} is no name for a stick. Give it one of at most {MAX_NAME} letters with --name.")
    return name


def _id(named: str) -> str:
    """The id of a stick, or of the one that is mounted there.

    Raises:
        StickError: there is none.
    """
    with contextlib.suppress(ValueError):
        return str(UUID(named))
    try:
        with Tree(Path(named)) as tree:
            return read_stick(tree)[0]
    except OSError as error:
        raise StickError(
            f"{named} is neither the id of a stick nor a folder that can be read. `muster stick list` shows the ids."
        ) from error
