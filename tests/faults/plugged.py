"""A stick that is plugged in while somebody pulls it, or the power fails: what is on it, and what must come of it.

The stick is the folder ``share``. `edge.exchange.stick.serve` does all that the command does, except that the networks are the
cheap stand-ins of `hostile.subject`, that rows are brought by the same process, and that nothing is flushed or unmounted at the
end: what the panel says that may be pulled must be on the medium without that.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from decisions import accepted
from faults.scene import DIALECT, MOUNTS, NOVEMBER, OCTOBER, SHARE, Say, Scene, in_dialect, mounted
from hostile.papers import SECRET, STICK_ID, body, signed
from hostile.subject import MODEL, stand_in

from edge.exchange.delivery.report import Delivery
from edge.exchange.enrolment.desk import Terms
from edge.exchange.stick.manifest import MANIFEST
from edge.exchange.stick.serve import Means, Served, serve
from edge.exchange.stick.trust import KEY, STICK
from edge.exchange.sync import sync
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.store import Store
from edge.store.sticks import Stick
from edge.types import Signal
from edge.vision.quality import OPEN

NOW = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
SERIAL = int(NOW.timestamp())

PEOPLE_CSV = (
    "code,name,active,valid_from,valid_until,language\r\n"
    "1,Person One,,,2027-06-30,de\r\n"  # is here
    "5,Person 5,yes,2026-12-01,,\r\n"  # comes without a face
    "3,,no,,,\r\n"  # comes with photographs, which give the name
)
REMOVE_CSV = "code,why\r\n2,has left\r\n99,never came\r\n"
PHOTOGRAPHS = {"3 Person 3": 3, "6 Person 6": 2}

BROUGHT = {"5": [0], "3": [3], "6": [2]}
"""How many templates each has who comes, on the way and at the end."""

LEAVES = "2"

IN_THE_END = {
    "1": ("Person One", "until 2027-06-30", "de", 2),
    "1042": ("Jane Doe", "", "", 0),
    "3": ("Person 3", "not active", "", 3),
    "5": ("Person 5", "from 2026-12-01", "", 0),
    "6": ("Person 6", "", "", 2),
}
"""Everybody, with their limits, language and number of templates, when the stick has been served."""

RECEIPTS = {
    "enrol": [f"{folder}/{number}.png" for folder, n in PHOTOGRAPHS.items() for number in range(1, n + 1)],
    "people": ["remove.csv 2", "remove.csv 3", "people.csv 2", "people.csv 3", "people.csv 4"],
}
"""What each of the two receipts has a line for."""


class Panel:
    """Says when the stick may be pulled."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def show(self, signal: Signal) -> None:
        """What somebody sees who stands before it."""
        if signal is Signal.SAFE_TO_PULL:
            self._say({"pulled": True})

    def close(self) -> None:
        """There is nothing to let go of."""


def new_stick(scene: Scene) -> None:
    """It is no destination yet. Rows go out in a dialect, too."""
    DIALECT.write_text("attlog", encoding="ascii")
    _unit(scene)
    _load()
    _prepare(SERIAL)


def known_stick(scene: Scene) -> None:
    """It has taken rows before and has those of another unit; then somebody copied files onto it and plugged it in unprepared."""
    MOUNTS.write_text("27 1 254:0 / / rw - vfat /dev/sda1 rw\n", encoding="utf-8")
    _unit(scene)
    _prepare(SERIAL - 100)
    with scene.open() as store:
        plug(scene, store)
    with Store.open("other/muster.db", unit="door-2") as other:
        other.record(other.add_person("7", "Joe Bloggs"), accepted(OCTOBER))
        sync(other, [SHARE], timezone=UTC, terms=mounted())
    _load()
    with scene.open() as store:
        plug(scene, store)
        scene.record(store, 2, start=NOVEMBER)
    _prepare(SERIAL)


def plug_in(scene: Scene) -> None:
    """It is served."""
    with scene.open() as store:
        plug(scene, store)


def plug_in_twice(scene: Scene) -> None:
    """It is served, somebody comes, and it is served again: there is nothing to do but to bring a row."""
    with scene.open() as store:
        plug(scene, store)
        scene.record(store, 1, start=NOVEMBER + timedelta(days=2))
        plug(scene, store)


def plug(scene: Scene, store: Store) -> Served:
    """As `muster stick serve` does it."""
    stick = store.find_stick(STICK_ID)
    is_new = stick is None or (stick.serial, stick.is_done) != (SERIAL, True)
    if is_new:
        scene.say({"begins": LEAVES, "n": None})
        for code, numbers in BROUGHT.items():
            for n in numbers:
                scene.say({"begins": code, "n": n})
    served = serve(Path(SHARE), store, _means(scene, store))
    if is_new and served.exit_code == 0:
        for code, (*_, n) in BROUGHT.items():
            scene.say({"ends": code, "n": n})
    return served


def _means(scene: Scene, store: Store) -> Means:
    def deliver(mountpoint: Path, stick: str) -> Delivery:
        ids, forms = [event.event_id for event in store.events()], in_dialect(store)
        scene.say({"tells": forms})
        (delivery,) = sync(store, [str(mountpoint)], timezone=UTC, terms=replace(mounted(), prepare=True, stick=stick))
        if delivery.error is None:
            scene.say({"delivered": ids})
            scene.say({"told": forms})
        return delivery

    return Means(
        recogniser=stand_in,
        terms=Terms(min_face_px=20, gates=OPEN, policy=Policy(Rule(max_distance=0.3))),
        deliver=deliver,
        release=lambda _: "Nothing was flushed.",
        at_utc=NOW,
        clock_ok=True,
        unit="door-1",
        panel=Panel(scene.say),
        files=scene.files(),
    )


def _unit(scene: Scene) -> None:
    """Two people with faces, of whom one is to leave, one without, rows, and a stick that has nothing but its key."""
    stick = Path(SHARE)
    stick.mkdir()
    (stick / STICK).write_text(f'id = "{STICK_ID}"\nname = "office"\n', encoding="utf-8")
    (stick / KEY).write_text(f"{SECRET.hex()}\n", encoding="ascii")
    with scene.open() as store:
        scene.enrol(store, "1", range(2), model=MODEL)
        scene.enrol(store, LEAVES, range(2), model=MODEL)
        scene.record(store, 2, start=OCTOBER)
        scene.record(store, 1, start=OCTOBER, code=LEAVES)
        store.pair_stick(Stick(STICK_ID, "office", SECRET, "", NOW))


def _load() -> None:
    """The office puts everything onto the stick."""
    stick = Path(SHARE)
    (stick / "people.csv").write_bytes(PEOPLE_CSV.encode())
    (stick / "remove.csv").write_bytes(REMOVE_CSV.encode())
    for folder, n in PHOTOGRAPHS.items():
        (stick / "enrol" / folder).mkdir(parents=True)
        for number in range(1, n + 1):
            (stick / "enrol" / folder / f"{number}.png").write_bytes(_photograph(folder, number))


def _photograph(who: str, number: int) -> bytes:
    """(64, 64) pixels of coloured noise, much the same in all photographs of somebody."""
    random = np.random.default_rng(hashlib.sha256(who.encode()).digest()[0])
    colours = random.integers(30, 225, (8, 8, 3)) + np.random.default_rng(number).integers(-30, 30, (8, 8, 3))
    found, png = cv2.imencode(".png", cv2.resize(colours.astype(np.uint8), (64, 64), interpolation=cv2.INTER_NEAREST))
    assert found
    return png.tobytes()


def _prepare(serial: int) -> None:
    """As `prepare-stick` does it."""
    top = Path(SHARE)
    paths = [*top.glob("*.csv"), *top.glob("enrol/*/*")]
    names = {path.relative_to(top).as_posix(): path.read_bytes() for path in paths if not path.name.startswith("attendance")}
    files = {name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in names.items()}
    (top / MANIFEST).write_bytes(signed(body(files, serial=serial)))
