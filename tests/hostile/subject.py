"""What is tried: `edge.exchange.stick.serve` on a unit with people and rows, with a cheap stand-in for the networks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from decisions import accepted
from hostile.papers import SECRET, STICK_ID

from edge.exchange.delivery.report import Delivery
from edge.exchange.delivery.terms import Terms as DeliveryTerms
from edge.exchange.enrolment.desk import Terms
from edge.exchange.stick.serve import Means, Served, serve
from edge.exchange.sync import sync
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.store import FILE_NAME, Store
from edge.store.sticks import Stick
from edge.types import Direction, Faces, Floats, Image
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn
from edge.vision.quality import OPEN
from edge.vision.recogniser import Recogniser

Serve = Callable[[Path, Store, Means], Served]

UNIT = "door-1"
MODEL = "middle/1"
NOW = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
PEOPLE = {"1001": "Ada Byron", "1002": "Bob Noyce", "1003": "Grace Hopper", "1004": "Tim Lee", "1005": "Joan Clarke"}


class Middle:
    """Stands in for MTCNN: there is one face in the middle of each picture that is not of one colour."""

    def detect(self, pixels: Image) -> Faces:
        h, w = pixels.shape[:2]
        if min(h, w) < 20 or np.ptp(pixels[:: max(1, h // 50), :: max(1, w // 50)]) == 0:
            return Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
        box = np.array([[w / 4, h / 4, w * 3 / 4, h * 3 / 4]], np.float32)
        marks = np.array([[[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]]], np.float32) * np.array(
            [w, h], np.float32
        )
        return Faces(box, np.ones(1, np.float32), marks)


class Digested:
    """Stands in for FaceNet: a template of a small copy of the picture, near for pictures that look alike."""

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        small = (
            cv2.resize(np.ascontiguousarray(pixels), (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() / 255 - 0.5
        )
        template = np.resize(small, (1, 128)).astype(np.float32) + 1e-3
        template /= np.linalg.norm(template)
        return template, template


def stand_in() -> Recogniser:
    """The cheap recogniser."""
    return Recogniser(cast(Mtcnn, Middle()), cast(Facenet, Digested()), MODEL)


def unit(folder: Path) -> Path:
    """A data folder with people, templates, rows and the paired stick; closed."""
    with Store.open(folder / FILE_NAME, unit=UNIT) as store:
        for code, name in PEOPLE.items():
            person = store.add_person(code, name)
            seed = int.from_bytes(hashlib.sha256(code.encode()).digest()[:4], "big")
            template = np.random.default_rng(seed).normal(size=128).astype(np.float32)
            store.add_template(
                person.id,
                template / np.linalg.norm(template),
                model=MODEL,
                photo_sha256=hashlib.sha256(code.encode()).hexdigest(),
            )
            for day in range(4):
                at = NOW - timedelta(days=10 * day, minutes=int(code))
                store.record(person, accepted(at, (Direction.IN, Direction.OUT)[day % 2]))
        store.pair_stick(Stick(STICK_ID, "office", SECRET, "", NOW))
    return folder


def means(store: Store, policy: str) -> Means:
    """How the stick is served here: the rows are brought by this process, and nothing is unmounted."""
    return Means(
        recogniser=stand_in,
        terms=Terms(min_face_px=20, gates=OPEN, policy=Policy(Rule(max_distance=0.3))),
        deliver=partial(_deliver, store),
        release=lambda mountpoint: "synced",
        at_utc=NOW,
        clock_ok=True,
        unit=UNIT,
        policy=policy,
    )


def _deliver(store: Store, mountpoint: Path, stick: str) -> Delivery:
    (delivery,) = sync(store, [os.fspath(mountpoint)], timezone=UTC, terms=DeliveryTerms(prepare=True, stick=stick))
    return delivery


REAL: Serve = serve
