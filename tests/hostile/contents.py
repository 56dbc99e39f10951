"""What is on the stick of one case: a seed and a number say it all, so that a case can be played again."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType

from exchange.office import tool
from hostile import papers, pictures, strange, tables
from hostile.names import nasty
from hostile.plot import CANARY, Plot

N_TINY = 100_000
_ENDINGS = (b".jpg", b".png", b".gif", b".tif", b".webp", b".bmp", b".zip", b".csv", b"", b".JPG.exe")


@dataclass(frozen=True)
class Content:
    """What was put on a stick.

    Attributes:
        number: of the case.
        policy: under which it is served.
        paper: what its manifest is: ``prepared``, ``careless``, ``forged`` or ``none``.
        kinds: what else is wrong with it.
    """

    number: int
    policy: str
    paper: str
    kinds: tuple[str, ...]


def lay_out(plot: Plot, number: int) -> Content:
    """Fill a stick, and the place beside it."""
    _beside(plot)
    _decent(plot)
    kinds = _kinds(plot, number)
    for kind in kinds:
        KINDS[kind](plot)
    policy = plot.rng.choice(["paired", "paired", "open"])
    paper = plot.rng.choice(["prepared"] * 6 + ["careless", "careless", "forged", "none"])
    _PAPERS[paper](plot)
    for kind in (each for each in kinds if each in _AFTER):
        _AFTER[kind](plot)
    return Content(number, policy, paper, tuple(kinds))


def _kinds(plot: Plot, number: int) -> list[str]:
    """Which of `KINDS` a case has; the dear ones come by number, so that there are so many of them and no more."""
    if not plot.is_light and number % 2_500 == 77:
        return ["100,000 tiny files"]
    if not plot.is_light and number % 200 == 13:
        return ["a heavy picture"]
    names = list(_WEIGHTS)
    return plot.rng.choices(names, [_WEIGHTS[name] for name in names], k=plot.rng.choice([1, 1, 2, 3, 5]))


def _beside(plot: Plot) -> None:
    (plot.beside / "people" / "1042 Ada").mkdir(parents=True)
    (plot.beside / "canary.txt").write_bytes(CANARY)
    for name in ("1.png", "1042 Ada/1.png"):
        (plot.beside / "people" / name).write_bytes(pictures.good("png", 3))


def _decent(plot: Plot) -> None:
    """What an office would put there, so that there is something to be harmed."""
    plot.put(papers.STICK, f'id = "{papers.STICK_ID}"\nname = "office"\n'.encode())
    if plot.rng.randrange(5):
        plot.put(papers.KEY, papers.SECRET.hex().encode())
    for number, name in enumerate([b"1042 Ada/1.png", b"1042 Ada/2.png", b"1043 Bob/1.png"]):
        plot.put(b"enrol/" + name, pictures.good("png", number))
    if plot.rng.randrange(2):
        plot.put(b"people.csv", b"code,name,active,valid_from,valid_until,language\r\n1001,,,,2027-01-01,de\r\n9001,Eve,,,,\r\n")
    if not plot.rng.randrange(4):
        plot.put(b"remove.csv", b"code,why\r\n1002,left\r\n")


def _place(rng: Random) -> bytes:
    """Where a photograph is: in somebody's folder, at the top, too deep, or in a folder of a nasty name."""
    folder = rng.choice([b"1042 Ada/", b"1042 Ada/", b"1044 Eve/", b"", nasty(rng) + b"/", b"1042 Ada/deeper/"])
    return b"enrol/" + folder + rng.choice([b"7", b"8", b"a b", nasty(rng)[:200]]) + rng.choice(_ENDINGS)


def _photographs(make: Callable[[Random], bytes]) -> Callable[[Plot], None]:
    def put(plot: Plot) -> None:
        for _ in range(plot.rng.choice([1, 2, 4])):
            plot.put(_place(plot.rng), make(plot.rng))

    return put


def _tables(plot: Plot) -> None:
    for name in plot.rng.choice([(b"people.csv",), (b"people.csv",), (b"remove.csv",), (b"people.csv", b"remove.csv")]):
        plot.put(name, tables.table(name, plot.rng))


def _long_table(plot: Plot) -> None:
    n_lines = 50 if plot.is_light else plot.rng.choice([500, 5_001, 12_000, 150_000])
    name = plot.rng.choice([b"people.csv", b"remove.csv"])
    plot.put(name, tables.long(name, n_lines))


def _nasty_names(plot: Plot) -> None:
    for _ in range(plot.rng.choice([1, 3, 9])):
        plot.put(_place(plot.rng)[:40] + b"/" + nasty(plot.rng), pictures.good("jpeg", plot.rng.randrange(4)))
        plot.put(nasty(plot.rng), b"beside everything")


def _heavy(plot: Plot) -> None:
    plot.put(b"enrol/1042 Ada/heavy.jpg", pictures.heavy(plot.rng.randrange(pictures.N_HEAVY)))


KINDS: dict[str, Callable[[Plot], None]] = {
    "spoilt pictures": _photographs(pictures.mutated),
    "no pictures": _photographs(pictures.strange),
    "nasty names": _nasty_names,
    "tables": _tables,
    "long tables": _long_table,
    "links": strange.links,
    "moved away": strange.moved_links,
    "pipes and devices": strange.nodes,
    "hard links": strange.hard_links,
    "in the wrong place": strange.in_the_wrong_place,
    "holes": strange.holes,
    "depths": strange.depths,
    "many": strange.many,
    "at the destination": papers.at_the_destination,
    "id of the stick": lambda plot: plot.put(papers.STICK, papers.stick_file(plot.rng)),
    "key of the stick": lambda plot: plot.put(papers.KEY, papers.key_file(plot.rng)),
    "changed afterwards": lambda plot: None,
    "a heavy picture": _heavy,
    "100,000 tiny files": lambda plot: strange.multitude(
        plot, N_TINY, plot.rng.choice([b"enrol/%d x/1.jpg", b"enrol/1042 Ada/%d.jpg"])
    ),
}
_WEIGHTS = dict(zip(KINDS, (30, 12, 20, 34, 0.6, 22, 5, 9, 6, 6, 8, 4, 1, 18, 4, 4, 12, 0, 0), strict=True))


def _changed(plot: Plot) -> None:
    """After the office has prepared it: another content, another length, gone, or something else in its place."""
    name = plot.rng.choice([b"enrol/1042 Ada/1.png", b"enrol/1043 Bob/1.png", b"people.csv", b"remove.csv"])
    kind = plot.rng.randrange(5)
    if kind == 0:
        plot.put(name, plot.read(name)[:-1] + b"\xff")
    elif kind == 1:
        plot.put(name, plot.read(name) + b"1")
    elif kind == 2:
        plot.link(name, str(plot.beside / "people" / "1.png"))
    elif kind == 3:
        plot.node(name)
    else:
        plot.put(b"enrol/1042 Ada/not listed.png", pictures.good("png", 2))


_AFTER = {
    "changed afterwards": _changed,
    "links": strange.links,
    "moved away": strange.moved_links,
    "pipes and devices": strange.nodes,
}
"""Done once before the office prepares the stick and once afterwards."""


def _prepared(plot: Plot) -> None:
    """By the office's own tool, if it will."""
    program = _tool()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(OSError, program.Trouble, RecursionError):
        found, _ = program._found(plot.top)
        files = {name: program._digest(path) for name, path in found}
        content = program.manifest(
            papers.STICK_ID, papers.SECRET, files=files, serial=1_795_334_400, made_utc="2026-11-22T08:00:00Z"
        )
        plot.put(papers.MANIFEST, content)


def _tool() -> ModuleType:
    global _loaded  # noqa: PLW0603  once a process
    _loaded = _loaded or tool()
    return _loaded


_loaded: ModuleType | None = None


def _files(plot: Plot) -> dict[str, object]:
    """What the stick would have in a manifest of the tool."""
    _prepared(plot)
    with contextlib.suppress(ValueError, KeyError, IndexError):
        return dict(json.loads(b"{" + plot.read(papers.MANIFEST).split(b"\n", 1)[1])["files"])
    return {}


def _gone(plot: Plot) -> None:
    with contextlib.suppress(OSError):
        os.unlink(plot.at(papers.MANIFEST))  # noqa: PTH108


_PAPERS: dict[str, Callable[[Plot], None]] = {
    "prepared": _prepared,
    "careless": lambda plot: plot.put(papers.MANIFEST, papers.careless(_files(plot), plot.rng)),
    "forged": lambda plot: plot.put(papers.MANIFEST, papers.forged(_files(plot), plot.rng)),
    "none": _gone,
}


def rng_of(seed: int, number: int) -> Random:
    """All chance of a case."""
    return Random(f"{seed}/{number}")


def plot_of(folder: Path, seed: int, number: int, *, is_light: bool = False) -> Plot:
    """An empty stick, and an empty place beside it, in a folder."""
    plot = Plot(folder / "stick", folder / "outside", rng_of(seed, number), is_light)
    plot.top.mkdir(parents=True)
    plot.beside.mkdir()
    return plot
