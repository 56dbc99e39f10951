"""A tree of photographs becomes the same tree of aligned faces: crops exactly as FaceNet sees them.

The network is trained on, and fed with, the box of the face and a margin, scaled to a square (`edge.vision.facenet`); there is
no other alignment. Each crop is a PNG, without loss, and says in its header what it was made of and how: so a second run
makes only what is missing or not current, and never writes over a file that somebody else put there.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image as Pictures
from PIL.PngImagePlugin import PngInfo

from edge.errors import EnrolError
from edge.exchange.collection.tree import Leaf, leaves, left_over
from edge.exchange.enrolment.acquisition import find_central
from edge.exchange.enrolment.photographs import decode, read_bytes
from edge.exchange.files import Files, PrivateFiles, locked, unwritable
from edge.exchange.names import printable
from edge.types import Image
from edge.vision.facenet import INPUT_PX, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn

NO_FACE = "no face"

_KEY = "Muster"
_HEAD_BYTES = 2048
"""Our text is the first chunk after the PNG's header (33 bytes), and is shorter than this."""


@dataclass(frozen=True, slots=True)
class Aligner:
    """How crops are made.

    Attributes:
        detector: finds the faces.
        made_by: names the program and the settings of the detector; another text makes every crop anew.
        side_px: of the crops.
    """

    detector: Mtcnn
    made_by: str
    side_px: int = INPUT_PX

    def crop(self, content: bytes) -> tuple[Image, int]:
        """The face nearest the centre of a photograph, (side_px, side_px, 3) uint8, and how many such faces are beside it.

        Raises:
            EnrolError: it cannot be read, or has no face.
        """
        found = find_central(decode(content), self.detector)
        if found is None:
            raise EnrolError(NO_FACE)
        (pixels,) = face_crops(Mipmap.of(found.pixels), found.faces.boxes, side_px=self.side_px)
        return pixels, found.n_others

    def stamp(self, content: bytes) -> str:
        """What the crop of a photograph says about itself."""
        return f"sha256={hashlib.sha256(content).hexdigest()} side={self.side_px} {self.made_by}"


@dataclass
class Alignment:
    """What a tree came to; places are shown as they are below its root.

    Attributes:
        n_aligned: crops made.
        n_current: crops that were there and are current.
        failures: (place, reason) of each photograph without a crop.
        crowded: places of photographs with several faces of about the same size; the one nearest the centre was taken.
        left_over: places of PNG files among the crops that none of the photographs has made.
    """

    n_aligned: int = 0
    n_current: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    crowded: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)


def align(
    folder: Path,
    out: Path,
    aligner: Aligner,
    *,
    progress: Callable[[Sequence[Leaf]], Iterable[Leaf]] = iter,
    files: Files | None = None,
) -> Alignment:
    """Make the crops that are missing or not current.

    Args:
        folder: the photographs; nothing is written there.
        out: where the crops go; made where it is not there, for its owner alone.
        aligner: makes them.
        progress: goes through the photographs, and may show how far it is.
        files: steps on the medium.

    Raises:
        EnrolError: there is no photograph, or the one folder is inside the other, or the crops cannot be written there.
        StoreError: the medium is full or fails; what was made until then stays.
    """
    source, target = folder.resolve(), out.resolve()
    if source.is_relative_to(target) or target.is_relative_to(source):
        raise EnrolError("one of the two folders is inside the other. Name a folder for the crops beside the photographs.")
    found = leaves(folder, target)
    if not found:
        raise EnrolError(f"{printable(str(folder))} holds no photographs.")
    try:
        target.mkdir(mode=0o700, exist_ok=True)
        with locked(target):
            return _Run(aligner, target, files or PrivateFiles()).through(progress(found))
    except OSError as error:
        raise unwritable(printable(str(out)), error) from error


@dataclass
class _Run:
    """One way through the tree."""

    aligner: Aligner
    out: Path
    files: Files
    result: Alignment = field(default_factory=Alignment)
    good: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)

    def through(self, found: Iterable[Leaf]) -> Alignment:
        for leaf in found:
            try:
                if leaf.fault:
                    raise EnrolError(leaf.fault)
                self._one(leaf)
                self.good.add(leaf.target)
            except EnrolError as error:
                self.result.failures.append((leaf.shown, str(error)))
        self.result.left_over = list(left_over(self.out, self.good))
        return self.result

    def _one(self, leaf: Leaf) -> None:
        content = read_bytes(leaf.source)
        stamp, there = self.aligner.stamp(content), stamp_of(leaf.target)
        if there == stamp:
            self.result.n_current += 1
            return
        if there == "":
            raise EnrolError(f"{printable(leaf.target.name)} is there already and is no crop of ours; move it away")
        pixels, n_others = self.aligner.crop(content)
        self._write(leaf.target, _png(pixels, stamp))
        self.result.n_aligned += 1
        if n_others:
            self.result.crowded.append(leaf.shown)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            self._make(path.parent)
            self.files.replace(path, content)
        except OSError as error:
            raise unwritable(printable(str(path)), error) from error

    def _make(self, folder: Path) -> None:
        """Make a folder below ours. A link in its place could lead back to the photographs."""
        if folder in self.folders:
            return
        for parent in reversed([folder, *folder.parents]):
            if parent != self.out and parent.is_relative_to(self.out):
                if parent.is_symlink():
                    raise EnrolError(f"{printable(str(parent))} is a link; crops go into folders only")
                parent.mkdir(mode=0o700, exist_ok=True)
        self.folders.add(folder)


def _png(pixels: Image, stamp: str) -> bytes:
    text = PngInfo()
    text.add_text(_KEY, stamp)
    buffer = io.BytesIO()
    Pictures.fromarray(pixels).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def stamp_of(path: Path) -> str | None:
    """What a crop says about itself; empty for any other file, None where there is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    begin = 33 + 4  # after signature and IHDR comes the length of the next chunk, then its kind (PNG specification, 5.3)
    length, opening = int.from_bytes(head[33:begin], "big"), f"tEXt{_KEY}\0".encode()
    is_ours = head[begin:].startswith(opening)
    return head[begin + len(opening) : begin + 4 + length].decode("latin-1") if is_ours else ""
