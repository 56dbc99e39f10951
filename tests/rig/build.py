"""Makes the guest: a Debian 12 for arm64 with Muster in it, put there by deploy/install from a bundle and without a network.

Three stages, each kept in the user's cache under a name that tells what went into it: the system, Muster installed in it, and the
machine frozen while the unit is at work, from which a scenario wakes it within a second.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rig import system
from rig.machine import Machine
from rig.panel import BUZZER, GREEN, RED
from rig.parts import Board, Disk, call
from rig.system import cache

ROOT = Path(__file__).parents[2]
CONFIG = f"""\
[unit]
name = "rig"
timezone = "Europe/Berlin"
[camera]
source = "usb:0"
fps = 2.0
[accelerator]
kind = "cpu"
[recognition]
threads = 1
[panel]
kind = "gpio"
red_pin = {RED}
green_pin = {GREEN}
buzzer_pin = {BUZZER}
"""

LISTING = (
    "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /root -o -path '/var/log/*' "
    "-o -path '/var/tmp/*' \\) -prune -o -print | sort"
)
"""Every name in the guest that a program might have left there."""


@dataclass(frozen=True)
class Built:
    """What scenarios begin with.

    Attributes:
        board: kernel, initrd, device tree.
        root: disk with Muster installed, switched off properly.
        data: its data disk.
        frozen_root: the same while the unit was at work, to be used with `state` alone.
        frozen_data: likewise.
        state: the memory of that moment.
        bundle: what was installed.
        key: signs bundles that the guest trusts.
        listing: every name that was in the guest before the installation.
    """

    board: Board
    root: Path
    data: Path
    frozen_root: Path
    frozen_data: Path
    state: Path
    bundle: Path
    key: Path
    listing: Path


class NotMade(Exception):  # noqa: N818  no fault of Muster's
    """The system without Muster could not be made."""


def build(say: Callable[[str], None]) -> Built:
    """The guest, from the cache or anew.

    Args:
        say: hears what is being done.
    """
    base = bare(say)
    key = _release_key()
    bundle = _bundle(key, say)
    parts = [base.name, call("sha256sum", bundle).split()[0], CONFIG]
    installed = kept(f"installed-{digest(parts)}", _installer(base, bundle, key), say)
    return Built(
        board=Board(base),
        root=installed / "root.qcow2",
        data=installed / "data.qcow2",
        frozen_root=installed / "frozen-root.qcow2",
        frozen_data=installed / "frozen-data.qcow2",
        state=installed / "state",
        bundle=bundle,
        key=key,
        listing=installed / "listing",
    )


def bare(say: Callable[[str], None]) -> Path:
    """The folder with the system alone, from the cache or anew.

    Raises:
        NotMade: there is no Debian to be had here.
    """
    try:
        return kept(f"system-{digest(system.recipe())}", system.make, say)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise NotMade(str(error)) from error


def kept(name: str, make: Callable[[Path, Callable[[str], None]], None], say: Callable[[str], None]) -> Path:
    """A folder of the cache; of its kind (the word before the dash) only the latest stays."""
    folder = cache() / name
    if not folder.exists():
        for old in cache().glob(f"{name.partition('-')[0]}-*"):
            shutil.rmtree(old)
        work = folder.with_name(f".{name}.part")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        began = time.monotonic()
        make(work, say)
        work.rename(folder)
        say(f"{name.partition('-')[0]}: made in {time.monotonic() - began:.0f} s")
    return folder


def digest(parts: list[str]) -> str:
    """A word that tells from what something was made."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _release_key() -> Path:
    key = cache() / "release"
    if not key.exists():
        cache().mkdir(parents=True, exist_ok=True)
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", key)
    return key


def _bundle(key: Path, say: Callable[[str], None]) -> Path:
    say("a bundle of this checkout, for arm64")
    said = call(
        ROOT / "deploy/bundle", "--arch", "arm64", "--python", "3.11", "--key", key, "--into", cache() / "bundles", limit_s=900
    )
    return Path(said.splitlines()[0])


def carried(bundle: Path, key: Path, path: Path) -> Disk:
    """A disk that holds a bundle, its signature, the installer and the line of the key, as a tar archive."""
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    with tempfile.TemporaryDirectory() as name:
        trust = Path(name) / "release.pub"
        trust.write_text(f'muster-release namespaces="muster-bundle" {public}\n')
        call(
            *("tar", "-cf", path, "-C", bundle.parent, bundle.name, f"{bundle.name}.sig", "-C", name, "release.pub"),
            *("-C", ROOT, "--exclude=__pycache__", "deploy"),
        )
    return Disk(path, is_raw=True)


def _installer(system: Path, bundle: Path, key: Path) -> Callable[[Path, Callable[[str], None]], None]:
    def make(folder: Path, say: Callable[[str], None]) -> None:
        say("deploy/install in the guest, from the bundle, without a network")
        _install(Board(system), folder, bundle=bundle, key=key)
        say("the first start, until the unit is at work")
        _freeze(Board(system), folder)

    return make


def _install(board: Board, folder: Path, *, bundle: Path, key: Path) -> None:
    disks = {
        "root": Disk(folder / "root.qcow2", over=board.folder / "root.raw", is_raw=True),
        "data": Disk(folder / "data.qcow2", over=board.folder / "data.raw", is_raw=True),
        "carried": carried(bundle, key, folder / "carried.tar"),
    }
    with Machine(board, folder / "install", disks) as machine:
        machine.wait_until_up()
        machine.must("mkdir /root/carried && tar -xf /dev/vdc -C /root/carried")
        (folder / "listing").write_text(machine.must(LISTING, limit_s=120))
        log = machine.must(f"cd /root/carried && deploy/install --bundle {bundle.name} --trust release.pub 2>&1", limit_s=900)
        (folder / "install.log").write_text(log)
        machine.write("/etc/muster/muster.toml", CONFIG)
        machine.must("rm -r /root/carried; sync")
        machine.power_off()
    (folder / "carried.tar").unlink()


def _freeze(board: Board, folder: Path) -> None:
    disks = {
        "root": Disk(folder / "frozen-root.qcow2", over=folder / "root.qcow2"),
        "data": Disk(folder / "frozen-data.qcow2", over=folder / "data.qcow2"),
    }
    with Machine(board, folder / "freeze", disks) as machine:
        machine.wait_until_up()
        machine.wait("the unit is at work", lambda: machine.run("systemctl is-active muster").code == 0, limit_s=300, pause_s=2)
        machine.must("systemctl is-system-running --wait || true; sync", limit_s=180)
        machine.freeze(folder / "state")
