"""A real Debian to install into: made by debootstrap once, and laid over with a layer of its own for each test."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# What a Raspberry Pi OS has, too. ssh-keygen is in openssh-client.
PACKAGES = "systemd,systemd-sysv,udev,python3,openssh-client"
LIMIT_S = 900

# $1 layers, the lowest last; $2 the layer that is written; $3 its work folder; $4 where they are joined; $5 what is carried in
INSIDE = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mount -t proc proc "$4/proc"
mount -t tmpfs tmpfs "$4/run"
mount -t tmpfs tmpfs "$4/tmp"
mount --bind /dev "$4/dev"
mount --bind "$5" "$4/mnt"
cd "$4"
shift 5
exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""

# Everything but the kernel's own folders: kind, rights, owner, size, target of a link; the time of files.
LISTING = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /mnt \) -prune -o \
  \( -type d -printf '%p %y %m %u:%g\n' -o -printf '%p %y %m %u:%g %s %l %T@\n' \) | sort
"""


def debian(suite: str) -> Path:
    """The folder of a Debian as it comes from debootstrap, fetched once and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "muster-install-test"
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / suite
    if not (made / "etc/debian_version").exists() or not (cache / f"{suite}.whole").exists():
        subprocess.run(["rm", "-rf", made], check=True, timeout=120)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, made]  # from its own mirror
        subprocess.run(command, check=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL, capture_output=True)
        (cache / f"{suite}.whole").touch()
    return made


@dataclass(frozen=True)
class Outcome:
    code: int
    said: str
    complained: str


@dataclass
class Chroot:
    """A Debian whose changes go into a folder; nothing stays mounted after a command.

    Attributes:
        layers: what it consists of, the lowest first; not written.
        folder: for what is written, empty at first.
        carried: is /mnt inside.
    """

    layers: tuple[Path, ...]
    folder: Path
    carried: Path
    prepared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("upper", "work", "joined"):
            (self.folder / name).mkdir(parents=True)

    def over(self, folder: Path) -> Chroot:
        """Another one that begins as this one is now."""
        return Chroot((*self.layers, self.folder / "upper"), folder, self.carried)

    def run(self, *command: str, network: bool = False, limit_s: float = 300) -> Outcome:
        """A command as root inside, without a network unless told otherwise; all its processes end with it."""
        lower = ":".join(str(layer) for layer in reversed(self.layers))
        upper, work, joined = (str(self.folder / name) for name in ("upper", "work", "joined"))
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        script = ["bash", "-euc", INSIDE, "inside", lower, upper, work, joined, str(self.carried)]
        done = subprocess.run(
            [*alone, *script, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def shell(self, script: str) -> Outcome:
        return self.run("bash", "-euc", script)

    def listing(self) -> list[str]:
        """Everything in it, to see whether something has changed."""
        done = self.shell(LISTING)
        assert done.code == 0, done.complained
        return done.said.splitlines()
