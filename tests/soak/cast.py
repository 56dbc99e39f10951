"""Who takes part: every face was looked at beforehand, by a recogniser of its own, in every frame in which it will be seen.

Whoever takes part is told apart from everybody else: in each of their frames one face is found, fit to be judged, and nearer to
their own template than half of what the policy allows for so many people; from everybody else's template it is farther than the
policy allows at all. So who must be named in a visit is known without asking the unit. Nobody else is let in.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from soak.faces import ROOM, ROUNDS, VIEW, Album, Image, Scene, begins, decoded, encoded, patches, photographs
from soak.oracle import code_of, name_of
from soak.plan import N_VARIANTS

from edge import wiring
from edge.config import Config
from edge.store import Store
from edge.store.templates import restored, stored
from edge.types import Faces
from edge.vision.facenet import with_margin
from edge.vision.quality import assess
from edge.vision.recogniser import Recogniser

Floats = NDArray[np.float32]

FEWER = "Take fewer people (--people), or name a larger folder: MUSTER_FACES."
LARGEST_PX = 145
"""Of a face; and as far apart are the middles of any two: nearer, one could be taken for the other that has just left."""
OWN = 0.5
"""Share of the allowed distance that somebody may be from themselves."""
MOST_REFUSED, LOOKS = 0.3, 100
"""Share of the faces, once so many were looked at, that may be left out: with more it is the product that sees too little."""
CLEAR = 0.05
"""So much farther than allowed everybody else is: several frames fused into one are a little nearer than each."""


@dataclass
class Cast:
    """Those who take part, in their order; the strangers last.

    Attributes:
        n_people: how many of them are enrolled.
        photographs: each face as it is kept.
        templates: (n, d) what is enrolled, or would be.
        max_distance: what the policy allows for so many people.
        kinds: how many are people of the folder, and how many were put together.
        refused: why others take no part -> how many.
    """

    n_people: int
    max_distance: float
    model: str
    photographs: list[bytes] = field(default_factory=list)
    templates: list[Floats] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    farthest_own: float = 0.0
    nearest_other: float = 4.0

    def write(self, album: Path, *, n_visitors: int) -> None:
        """The faces of the first so many and of the strangers, for the camera. An even number: each stays left or right."""
        Album.write(album, self.photographs[:n_visitors] + self.photographs[self.n_people :])

    def enrol(self, store: Store) -> None:
        """Everybody but the strangers."""
        with store.transaction():
            for who in range(self.n_people):
                person = store.add_person(code_of(who), name_of(who))
                digest = hashlib.sha256(self.photographs[who]).hexdigest()
                store.add_template(person.id, self.templates[who], model=self.model, photo_sha256=digest)

    def __str__(self) -> str:
        made = ", ".join(f"{n:,} {kind}" for kind, n in self.kinds.items())
        left = ", ".join(f"{n:,} {why}" for why, n in self.refused.items()) or "nobody"
        return (
            f"{self.n_people:,} enrolled and {len(self.photographs) - self.n_people} strangers: {made}; left out: {left}; allowed"
            f" {self.max_distance:.3f}, farthest from themselves {self.farthest_own:.3f}, nearest other {self.nearest_other:.3f}"
        )


class Casting:
    """Looks at faces until there are enough that everybody can be told from."""

    def __init__(self, config: Config, *, n_people: int, n_strangers: int) -> None:
        self._eyes: Recogniser = wiring.recogniser(config)
        self._gates = wiring.gates(config)
        promise = wiring.policy(config).promise([1] * n_people)
        self.cast = Cast(n_people, promise.max_distance, self._eyes.model)
        self._n = n_people + n_strangers
        self._scene = Scene(N_VARIANTS)
        size = self._eyes.embedder.templates(*self._blank()).shape[1]
        self._known = np.empty((self._n, size), np.float32)
        self._seen = np.empty((self._n, N_VARIANTS, size), np.float32)

    def hold(self, folder: Path, *, seed: int, told: Callable[[str], None]) -> Cast:
        """Choose.

        Raises:
            SystemExit: the faces of the folder are too few, or too many of them are left out.
        """
        for room in range(4):
            if len(self._eyes.detector.detect(self._scene.empty(room * 21_600.0))):
                raise SystemExit("A face is found in the empty room.")
        paths, cast = photographs(folder), self.cast
        if len(paths) * (1 + ROUNDS) < self._n:
            raise SystemExit(f"{folder} has {len(paths):,} people, too few for {self._n:,} faces. {FEWER}")
        for kind, patch in patches(paths, seed=seed):
            why = self._let_in(encoded(patch))
            cast.kinds[kind] += not why
            cast.refused[why] += bool(why)
            self._demand_eyes()
            if len(cast.photographs) == self._n:
                self._shuffle(seed)
                cast.refused -= Counter()
                return cast
            if not why and len(cast.photographs) % 500 == 0:
                told(f"casting: {len(cast.photographs):,} of {self._n:,}")
        raise SystemExit(f"{folder} gives {len(cast.photographs):,} faces that can be told apart, not {self._n:,}. {FEWER}")

    def _demand_eyes(self) -> None:
        """A product that refuses most faces shall not be judged by those that it likes.

        Raises:
            SystemExit: too many are left out.
        """
        n_out = self.cast.refused.total() - self.cast.refused[""]
        n = n_out + len(self.cast.photographs)
        if n >= LOOKS and n_out > MOST_REFUSED * n:
            raise SystemExit(f"Of {n:,} faces {n_out:,} are left out, more than {MOST_REFUSED:.0%}: {self.cast}")

    def _shuffle(self, seed: int) -> None:
        """Each keeps left or right, for which they were looked at; who of them is enrolled does not go by how they were made."""
        chance, cast = np.random.default_rng(seed), self.cast
        order = np.arange(self._n)
        for place in (0, 1):
            order[place::2] = chance.permutation(order[place::2])
        cast.photographs = [cast.photographs[who] for who in order]
        cast.templates = [cast.templates[who] for who in order]

    def _let_in(self, photograph: bytes) -> str:
        """Why a face takes no part; empty where it does."""
        cast, n = self.cast, len(self.cast.photographs)
        looks = self._looks(photograph, n % 2)
        if looks is None:
            return "not found, or not fit, in one of the frames"
        enrolled, seen = looks
        own = float((2 - 2 * seen @ enrolled).max())
        if own > OWN * cast.max_distance:
            return "too far from themselves"
        others = [2 - 2 * self._known[:n] @ seen.T, 2 - 2 * self._seen[:n] @ enrolled]
        other = min((float(gaps.min()) for gaps in others if gaps.size), default=4.0)
        if other <= cast.max_distance + CLEAR:
            return "like somebody else"
        self._known[n], self._seen[n] = enrolled, seen
        cast.photographs.append(photograph)
        cast.templates.append(enrolled)
        cast.farthest_own, cast.nearest_other = max(cast.farthest_own, own), min(cast.nearest_other, other)
        return ""

    def _looks(self, photograph: bytes, place: int) -> tuple[Floats, Floats] | None:
        """Template to enrol (d,), as it comes back from the store, and those of the frames (k, d)."""
        patch = decoded(photograph)
        plain = self._found(patch, place, None)
        if plain is None:
            return None
        frames = [self._found(patch, place, variant) for variant in range(N_VARIANTS)]
        if any(frame is None for frame in frames):
            return None
        enrolled = restored(stored(self._eyes.embedder.both(*plain)[1]))[0]
        return enrolled, np.concatenate([self._eyes.embedder.templates(*frame) for frame in frames if frame])

    def _found(self, patch: Image, place: int, variant: int | None) -> tuple[Image, Faces] | None:
        """The frame, and the one face in it, where it is fit and stays on its own side."""
        frame = self._scene.empty(21_600.0 * (variant or 0))
        self._scene.put(frame, place, patch, variant)
        faces = self._eyes.detector.detect(frame)
        if len(faces) != 1 or self._gates.refusal(assess(frame, faces)[0]):
            return None
        left, top, right, bottom = with_margin(faces.boxes)[0].tolist()
        edge = begins(place)
        stays = left >= edge and right <= edge + VIEW[0] and top >= ROOM[1] - VIEW[1] and bottom <= ROOM[1] + 10
        size = max(faces.boxes[0, 2:] - faces.boxes[0, :2])
        aside = abs(float(faces.boxes[0, ::2].mean()) - ROOM[0] / 2)
        return (frame, faces) if stays and size <= LARGEST_PX <= 2 * aside else None

    def _blank(self) -> tuple[Image, Faces]:
        box = np.array([[10, 10, 110, 110]], np.float32)
        return self._scene.empty(0.0), Faces(box, np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
