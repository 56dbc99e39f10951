"""Run the bench: `python -m tests.bench [--threads N] [--peer]`."""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

import numpy as np

from edge.device.interpreter import runtime_name_and_version
from edge.matching.gallery import NearestTemplate
from edge.matching.matcher import Rule
from edge.types import Image
from edge.vision.recogniser import Recogniser
from tests.bench import edgetpu, subject, survival
from tests.bench.peers import PEERS
from tests.bench.process import Unit
from tests.bench.timing import medians_ms, table

GALLERIES = ((100, 1), (1_000, 1), (10_000, 1), (50_000, 1), (50_000, 5))
"""Templates, and how many of them each person has."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the networks (default 2)")
    parser.add_argument("--peer", action="store_true", help="add facenet-pytorch and mtcnn where they are installed")
    arguments = parser.parse_args()
    logging.disable()
    pixels = subject.frame_with_a_face()
    recogniser = subject.pipeline(threads=arguments.threads)
    print(f"{' '.join(runtime_name_and_version())}, {arguments.threads} threads, 640 x 480, faces of at least 60 px; medians")
    print(f"canvas {subject.network_sizes(recogniser.detector)}; templates by {recogniser.model}\n")
    if arguments.peer:
        peers(recogniser, pixels, threads=arguments.threads)
        return
    ours(recogniser, pixels)
    galleries(recogniser, pixels)
    print(f"Edge TPU: not measured without {edgetpu.missing()}.\n" if edgetpu.missing() else edgetpu.overhead())
    if not edgetpu.missing():
        print(survival.survived())
    process(pixels, threads=arguments.threads)


def ours(recogniser: Recogniser, pixels: Image) -> None:
    """Each stage alone, and whole turns of the loop."""
    calls = subject.stages(recogniser, pixels)
    with (
        subject.turns(recogniser, pixels, recheck_s=0.0) as every_frame,
        subject.turns(recogniser, pixels, recheck_s=1.0) as tracked,
    ):
        calls |= {"turn of the loop, tracking off": every_frame, "turn of the loop, tracking on": tracked}
        print(table("One frame, one face", {name: f"{ms:7.2f} ms" for name, ms in medians_ms(calls).items()}))


def galleries(recogniser: Recogniser, pixels: Image) -> None:
    """The search for the nearest person; those with several templates are compared with their mean."""
    probe = recogniser.embedder.templates(pixels, recogniser.detector.detect(pixels))[0]
    calls = {}
    for n, n_each in GALLERIES:
        matcher = NearestTemplate(subject.random_gallery(n, n_each=n_each, dimensions=len(probe)), Rule(1.0))
        calls[f"{n:6} templates, {n_each} a person"] = lambda matcher=matcher: matcher.match(probe)
    print(table(f"Search, {len(probe)} values a template", {name: f"{ms:7.3f} ms" for name, ms in medians_ms(calls).items()}))


def process(pixels: Image, *, threads: int) -> None:
    """The command itself."""
    few, many = 1, 301
    with tempfile.TemporaryDirectory() as folder:
        unit = Unit(Path(folder), threads)
        unit.prepare(pixels)
        starts = [unit.replay(pixels, few) for _ in range(5)]
        long = unit.replay(pixels, many)
    start_s = float(np.median([run.wall_s for run in starts]))
    rows = {
        "start to first frame judged, and end": f"{start_s:7.2f} s",
        "frames per second of the loop": f"{(many - few) / (long.wall_s - start_s):7.1f}",
        "peak memory": f"{long.peak_bytes / 1e6:7.0f} MB",
    }
    print(table("muster run", rows))


def peers(recogniser: Recogniser, pixels: Image, *, threads: int) -> None:
    """Ours and theirs in turn, and how many times as long theirs takes."""
    faces = recogniser.detector.detect(pixels)[:1]
    mine = {
        "detection": lambda: recogniser.detector.detect(pixels),
        "template of one face": lambda: recogniser.embedder.templates(pixels, faces),
        "recognition": subject.recognition(recogniser, pixels),
    }
    for name, make in PEERS.items():
        theirs = make(pixels, min_face_px=int(recogniser.detector.min_face_px), threads=threads)
        if not theirs:
            print(f"{name} is not installed here: pip install {name}\n")
        for task, call in theirs.items():
            taken = medians_ms({"ours": mine[task], "theirs": call})
            ratio = taken["theirs"] / taken["ours"]
            print(f"{name}, {task}: {taken['theirs']:.1f} ms, ours {taken['ours']:.2f} ms: {ratio:.1f} times as long")


main()
