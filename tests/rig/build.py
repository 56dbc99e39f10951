"""Makes the guest: a Debian 12 for arm64 with Muster in it, put there by deploy/install from a bundle and without a network.

Three stages, each kept in the user's cache under a name that tells what went into it: the system, Muster installed in it, and the
machine frozen while the unit is at work, from which a scenario wakes it within a second.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rig import system
from rig.cache import Shelf, cache, digest
from rig.machine import Machine
from rig.panel import BUZZER, GREEN, RED
from rig.parts import Board, Disk, call
from rig.system import NotMade

ROOT = Path(__file__).parents[2]
__all__ = ["Built", "NotMade", "bare", "build"]

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


def build(shelf: Shelf, say: Callable[[str], None]) -> Built:
    """The guest, from the cache or anew.

    Args:
        shelf: the cache; nobody else may hold it, for each checkout's bundle has the same name.
        say: hears what is being done.

    Raises:
        NotMade: there is no Debian to be had here.
        Taken: somebody else holds the cache.
    """
    with shelf.alone():
        base = bare(shelf, say)
        key = _release_key()
        bundle = _bundle(key, say)
        installed = shelf.kept(f"installed-{digest(_ingredients(base, bundle))}", _installer(base, bundle, key), say)
    return Built(
        board=Board(base, installed / "board.dtb"),
        root=installed / "root.qcow2",
        data=installed / "data.qcow2",
        frozen_root=installed / "frozen-root.qcow2",
        frozen_data=installed / "frozen-data.qcow2",
        state=installed / "state",
        bundle=bundle,
        key=key,
        listing=installed / "listing",
    )


def bare(shelf: Shelf, say: Callable[[str], None]) -> Path:
    """The folder with the system alone, from the cache or anew.

    Raises:
        NotMade: there is no Debian to be had here.
        Taken: it has to be made, and somebody else holds the cache.
    """
    return shelf.kept(f"system-{digest(system.recipe())}", system.make, say)


def _ingredients(base: Path, bundle: Path) -> list[str]:
    """Everything that the frozen machine depends on: it wakes only in the body that fell asleep, under the same QEMU."""
    somewhere = Path("/")
    disks = {"root": Disk(somewhere / "root"), "data": Disk(somewhere / "data")}
    machine = Machine(Board(somewhere, somewhere / "tree"), somewhere, disks)
    sizes = f"{system.REVISION} {system.DATA_MIB} {system.NOTES_MIB}"
    packed = call("sha256sum", bundle).split()[0]
    return [base.name, packed, CONFIG, LISTING, sizes, call("qemu-system-aarch64", "--version"), *machine.command()]


def _release_key() -> Path:
    key = cache() / "release"
    if not key.exists():
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


def _installer(base: Path, bundle: Path, key: Path) -> Callable[[Path, Callable[[str], None]], None]:
    def make(folder: Path, say: Callable[[str], None]) -> None:
        board = Board(base, folder / "board.dtb")
        system.device_tree(board)
        system.data_disk(folder / "data.raw")
        say("deploy/install in the guest, from the bundle, without a network")
        _install(board, folder, bundle=bundle, key=key)
        say("the first start, until the unit is at work")
        _freeze(board, folder)

    return make


def _install(board: Board, folder: Path, *, bundle: Path, key: Path) -> None:
    disks = {
        "root": Disk(folder / "root.qcow2", over=board.folder / "root.raw", is_raw=True),
        "data": Disk(folder / "data.qcow2", over=folder / "data.raw", is_raw=True),
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
