"""A power cut while a database is sealed, or gets another key: all of it is under the old key, or all of it under the new one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from decisions import accepted
from faults import log
from faults.cuts import cuts
from faults.disk import MAPPED, Disk, Folder
from faults.harness import IN_MEMORY

from edge.errors import StoreError
from edge.ledger import verify
from edge.store import Seal, Store

KEYS = {"none": Seal.none(), "key": Seal.of(bytes(range(32))), "other": Seal.of(bytes(range(1, 33)))}
NAMES = ["Ada Augusta Lovelace", "Grace Brewster Hopper", "Emmy Amalie Noether"]
EVERY, ONLY_SYNCED = {"all there", "only what was synced"}, {"only what was synced"}
"""The ways in which the power fails here; what tears in SQLite's log is for `make faults`, which does what happens every day."""

ACT = """
import ctypes, os, sys
from edge.store import Seal, Store
from faults.test_sealing_cut import KEYS
root, name, old, new = sys.argv[1:]
ctypes.CDLL(None).faults_arm(root.encode(), name.encode(), -1, ctypes.c_long(-1), 0)
if old == "none":
    Store.open(root + "/muster.db", unit="u", seal=KEYS[new]).close()
else:
    with Store.open(root + "/muster.db", unit="u", seal=KEYS[old]) as store:
        store.reseal(KEYS[new])
os._exit(0)
"""


def opened(folder: Path, seal: Seal) -> Store:
    return Store.open(folder / "muster.db", unit="u", seal=seal)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder, in memory where the machine has that: the disk is a model."""
    if log.COMPILER is None:
        pytest.skip("no C compiler (cc) is here to build what watches the calls")
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="muster-sealing-", dir=parent) as folder:
        yield Path(folder).resolve()


def prepare(folder: Path, seal: Seal) -> None:
    folder.mkdir()
    with opened(folder, seal) as store:
        for number, name in enumerate(NAMES):
            person = store.add_person(str(number), name)
            vector = np.random.default_rng(number).normal(size=128).astype(np.float32)
            store.add_template(person.id, vector, model="m", photo_sha256=f"{number:064x}")
            store.record(person, accepted())


def calls(place: Path, folder: Path, old: str, new: str) -> list[log.Call]:
    """What sealing asks of the disk, call by call."""
    tests = Path(__file__).parent.parent
    paths = os.pathsep.join(map(str, (tests, tests.parent)))
    environment = os.environ | {"LD_PRELOAD": str(log.build(place)), "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", ACT, str(folder), str(place / "log"), old, new], env=environment, check=True)
    return log.read(place / "log", folder)


def left_by_cuts(disk: Disk, made: list[log.Call], kinds: set[str]) -> Iterator[tuple[str, Folder]]:
    """Each different folder that a cut can leave."""
    seen = set()
    for number, call in enumerate([*made, None]):
        if call is None or call.is_point:
            for each in islice(cuts(disk), len(EVERY)):  # they come first
                digest = hashlib.blake2b(repr(sorted(each.folder.items())).encode()).digest()
                if each.kind in kinds and digest not in seen:
                    seen.add(digest)
                    yield f"{each.kind}, before call {number}, {call or 'the end'}", each.folder
        if call is not None:
            disk.apply(call)


def lay_out(folder: Path, content: Folder) -> None:
    for name, each in content.items():
        (folder / name).write_bytes(each or b"")


def opened_with_either(folder: Path, old: str, new: str) -> Store:
    """With the old key where that opens it: one without a seal would be sealed by the new one."""
    try:
        return opened(folder, KEYS[old])
    except StoreError:
        return opened(folder, KEYS[new])


def said(store: Store) -> tuple[list[str], list[str], int, list[object]]:
    names = [person.name for person in store.people()]
    return (
        names,
        [event.person_name for event in store.events()],
        len(store.templates("m")[1]),
        [*verify(store.entries(), n_written=store.n_written())],
    )


@pytest.mark.parametrize(("old", "new", "kinds"), [("none", "key", EVERY), ("key", "other", ONLY_SYNCED)])
def test_a_cut_leaves_the_old_key_or_the_new_one_whole(place: Path, old: str, new: str, kinds: set[str]) -> None:
    prepare(place / "work", KEYS[old])
    disk = Disk(place / "work")
    made = calls(place, place / "work", old, new)
    found = dict.fromkeys((KEYS[old].key_id, KEYS[new].key_id), 0)
    for number, (where, content) in enumerate(left_by_cuts(disk, made, kinds)):
        folder = place / str(number)
        folder.mkdir()
        lay_out(folder, content)
        with opened_with_either(folder, old, new) as store:
            found[store.key_id] += 1
            assert said(store) == (NAMES, NAMES, len(NAMES), []), where
        if old == "none":  # opened once more with the key, nothing of before is left, wherever it was interrupted
            with opened(folder, KEYS[new]) as store:
                assert said(store) == (NAMES, NAMES, len(NAMES), []), where
                raw = b"".join(path.read_bytes() for path in folder.iterdir() if not path.name.endswith(MAPPED))
            assert not [name for name in NAMES if name.encode() in raw], where
    assert min(found.values()) > 1, "cut before and after"
