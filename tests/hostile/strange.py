"""Things on a stick that are neither a photograph nor a table: links, pipes, devices, holes, depths and multitudes."""

from __future__ import annotations

import contextlib
import os

from hostile.names import nasty
from hostile.plot import Plot

OURS = (
    b"enrol",
    b"receipts",
    b"people.csv",
    b"remove.csv",
    b"muster-stick.toml",
    b"muster-stick.key",
    b"muster-manifest.json",
    b"muster-destination.toml",
    b"enrol/1042 Ada",
    b"enrol/1042 Ada/1.png",
)
"""Names that mean something on a stick."""


def links(plot: Plot) -> None:
    """A link in the place of something that means something, or beside it: out of the stick, in a circle, or into itself."""
    rng = plot.rng
    to = rng.choice(
        [
            str(plot.beside),
            str(plot.beside / "canary.txt"),
            str(plot.beside / "people" / "1.png"),
            str(plot.beside / "people"),
            str(plot.beside / "not-there"),
            "../outside/people",
            "../../../../../../../../etc",
            "/etc/passwd",
            "/",
            "/dev/zero",
            "/dev/stdin",
            "/proc/self/fd/0",
            "/proc/self/mem",
            "/proc/self/environ",
            ".",
            "..",
            "enrol",
            "loop",
            "muster-stick.key",
            "../muster-stick.key",
        ]
    )
    name = rng.choice([*OURS, b"enrol/" + nasty(rng), b"enrol/1043 Bob/" + nasty(rng), b"loop"])
    plot.link(name, to)


def moved_links(plot: Plot) -> None:
    """All of ``enrol``, or of a person's folder, is elsewhere and a link is in its place."""
    name = plot.rng.choice([b"enrol", b"enrol/1042 Ada"])
    with contextlib.suppress(OSError):
        os.rename(plot.at(name), os.fsencode(plot.beside / f"moved-{plot.rng.randrange(99)}"))  # noqa: PTH104
    plot.link(name, str(plot.beside / "people"))


def nodes(plot: Plot) -> None:
    """Pipes, sockets and devices."""
    rng = plot.rng
    plot.node(rng.choice([*OURS, b"enrol/1042 Ada/" + nasty(rng), b"enrol/" + nasty(rng)]))


def hard_links(plot: Plot) -> None:
    """Other names of one file."""
    plot.hard(plot.rng.choice([*OURS, b"enrol/1044 Eve/1.png"]), plot.beside / plot.rng.choice(["canary.txt", "people/1.png"]))


def in_the_wrong_place(plot: Plot) -> None:
    """A folder where a file should be, or a file where a folder should be."""
    name = plot.rng.choice(OURS)
    if plot.rng.randrange(2):
        plot.folder(name + b"/" + nasty(plot.rng))
    else:
        plot.put(name, plot.rng.randbytes(50))


def holes(plot: Plot) -> None:
    """A file of 4 GB, and more, that takes no room."""
    name = plot.rng.choice([*OURS, b"enrol/1042 Ada/big.jpg", b"enrol/big.jpg", b"elsewhere.bin"])
    plot.sparse(name, plot.rng.choice([(4 << 30) - 1, (4 << 30) + 1, 5_000_001, 100_000_001, 99_000_000, 1 << 40]))


def depths(plot: Plot) -> None:
    """Folders in folders in folders."""
    one = plot.rng.choice([b"a", b"enrol", b"x" * 200])
    top = os.open(os.fsencode(plot.at(b"enrol/x"))[:-2], os.O_RDONLY | os.O_DIRECTORY) if os.path.isdir(plot.at(b"enrol")) else -1  # noqa: PTH112
    if top < 0:
        return
    with contextlib.suppress(OSError):
        for _ in range(plot.rng.choice([5, 9, 20, 40 if plot.is_light else 1_500])):
            with contextlib.suppress(FileExistsError):
                os.mkdir(one, dir_fd=top)
            below = os.open(one, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            os.close(top)
            top = below
        os.close(os.open(b"1.jpg", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=top))
    os.close(top)


def many(plot: Plot) -> None:
    """Very many small files or folders: in one person's folder, in one each, or beside everything."""
    rng = plot.rng
    n = rng.choice([60, 200]) if plot.is_light else rng.choice([300, 300, 300, 300, 2_100, 2_100, 2_100, 21_000])
    multitude(
        plot,
        n,
        rng.choice(
            [b"enrol/1042 Ada/%d.jpg", b"enrol/%d.jpg", b"enrol/%d x/1.jpg", b"%d.bin", b"enrol/%d y/", b"receipts/%d.csv"]
        ),
    )


def multitude(plot: Plot, n: int, pattern: bytes) -> None:
    """So many files, or folders where the pattern ends with a slash."""
    for k in range(n):
        if pattern.endswith(b"/"):
            plot.folder(pattern[:-1] % k)
        else:
            plot.put(pattern % k, b"x%d" % k)
