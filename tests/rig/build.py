"""Makes the guest: a Debian 12 for arm64 with Muster in it, put there by deploy/install from a bundle and without a network.

Three stages, each kept in the user's cache under a name that tells what went into it: the system, Muster installed in it, and the
machine frozen while the unit is at work, from which a scenario wakes it within a second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.machine import BUZZER, GREEN, RED, Board, Disk, Machine, call

ROOT = Path(__file__).parents[2]
GUEST = Path(__file__).parent / "guest"
SUITE = "bookworm"
BASE = (
    "systemd-sysv,udev,kmod,dbus,python3,openssh-client,qemu-guest-agent,"
    "cifs-utils,sudo,dosfstools,iproute2,initramfs-tools,busybox"
)
KERNEL = ("linux-image-arm64", "overlayroot", "v4l-utils")
ROOT_MIB, DATA_MIB, MARKS_MIB = 3_000, 1_000, 16
DATA_OFFSET = 1 << 20
"""Where the file system of the data disk begins; behind it lies a partition into which is written what was acknowledged."""

REVISION = "0xc03114"
"""Of a Raspberry Pi 4B with 4 GB: gpiozero asks for one. This, and nothing else, is the bench's fiction."""

CONFIG = f"""\
[unit]
name = "rig"
timezone = "Europe/Berlin"
[camera]
source = "usb:0"
fps = 2.0
[accelerator]
kind = "cpu"
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

_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")


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


def cache() -> Path:
    """Where the guest is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "muster-rig"


def build(say: Callable[[str], None]) -> Built:
    """The guest, from the cache or anew.

    Args:
        say: hears what is being done.
    """
    system = _kept(f"system-{_digest(_recipe())}", _make_system, say)
    key = _release_key()
    bundle = _bundle(key, say)
    installed = _kept(
        f"installed-{_digest([system.name, call('sha256sum', bundle).split()[0], CONFIG])}", _installer(system, bundle, key), say
    )
    return Built(
        board=Board(system),
        root=installed / "root.qcow2",
        data=installed / "data.qcow2",
        frozen_root=installed / "frozen-root.qcow2",
        frozen_data=installed / "frozen-data.qcow2",
        state=installed / "state",
        bundle=bundle,
        key=key,
        listing=installed / "listing",
    )


def _kept(name: str, make: Callable[[Path, Callable[[str], None]], None], say: Callable[[str], None]) -> Path:
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


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _recipe() -> list[str]:
    """Everything that the system depends on."""
    files = [f"{path.relative_to(GUEST)}:{path.read_text()}" for path in sorted(GUEST.rglob("*")) if path.is_file()]
    return [SUITE, BASE, *KERNEL, str(ROOT_MIB), str(DATA_MIB), REVISION, *files]


# --- the system


def _make_system(folder: Path, say: Callable[[str], None]) -> None:
    with _emulated_arm64(), _room_for_files() as tree:
        say(f"a Debian ({SUITE}, arm64), by debootstrap")
        command = ["debootstrap", "--arch=arm64", "--variant=minbase", f"--include={BASE}", SUITE, str(tree)]
        _logged(folder / "debootstrap.log", ["unshare", "--mount", *command], limit_s=1_500)
        shutil.copytree(GUEST, tree, dirs_exist_ok=True)
        say("its kernel")
        _logged(folder / "kernel.log", _in(tree, "apt-get", "install", "--yes", "--no-install-recommends", *KERNEL), limit_s=900)
        _tidy(tree)
        boot = tree / "boot"
        shutil.copy(next(boot.glob("vmlinuz-*")), folder / "vmlinuz")
        shutil.copy(next(boot.glob("initrd.img-*")), folder / "initrd.img")
        call("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, folder / "root.raw", f"{ROOT_MIB}M", limit_s=300)
    _data_disk(folder / "data.raw")
    _device_tree(folder / "board.dtb")


def _in(tree: Path, *command: str) -> list[str]:
    """A command in the emulated system; what it mounts goes with it."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    script = f'mount -t proc proc "$0/proc"; mount --bind /dev "$0/dev"; exec chroot "$0" env -i {path} "$@"'
    return ["unshare", "--mount", "bash", "-euc", script, str(tree), "DEBIAN_FRONTEND=noninteractive", *command]


def _tidy(tree: Path) -> None:
    for wanted in ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*", "var/log/*.log"):
        for path in tree.glob(wanted):
            path.unlink()
    (tree / "etc/machine-id").write_text("uninitialized\n")


def _logged(log: Path, command: list[str], *, limit_s: float) -> None:
    with log.open("wb") as file:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=limit_s, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ... ended with {done.returncode}: {log.read_text(errors='replace')[-1500:]}")


@contextmanager
def _emulated_arm64() -> Iterator[None]:
    """Programs for arm64 run here as long as this lasts."""
    if not (_BINFMT / "register").exists():
        call("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    ours = None
    if not any("aarch64" in path.name for path in _BINFMT.iterdir()):
        (_BINFMT / "register").write_text(f":muster-rig-aarch64:M::{_MAGIC}:{_MASK}:{shutil.which('qemu-aarch64-static')}:F")
        ours = _BINFMT / "muster-rig-aarch64"
    try:
        yield
    finally:
        if ours:
            ours.write_text("-1")


@contextmanager
def _room_for_files() -> Iterator[Path]:
    """A folder in memory, where there is enough of it: dpkg syncs each file."""
    memory = Path("/dev/shm")  # noqa: S108  that is what it is for
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30 else cache()
    folder = Path(tempfile.mkdtemp(prefix="muster-rig-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _data_disk(path: Path) -> None:
    """A disk as somebody would put beside a read-only root: one file system, and a partition for the rig."""
    with path.open("wb") as file:
        file.truncate(DATA_OFFSET + (DATA_MIB + MARKS_MIB + 1 << 20))
    layout = f"label: dos\nstart=1MiB, size={DATA_MIB}MiB, type=83\nstart={DATA_MIB + 1}MiB, size={MARKS_MIB}MiB, type=da\n"
    subprocess.run(["sfdisk", "--quiet", path], input=layout, text=True, check=True, timeout=60, capture_output=True)
    call("mke2fs", "-q", "-F", "-t", "ext4", "-E", f"offset={DATA_OFFSET}", path, f"{DATA_MIB}M")


def _device_tree(path: Path) -> None:
    call("qemu-system-aarch64", *Board(path.parent).arguments()[:10], "-machine", f"dumpdtb={path}", "-display", "none")
    call("fdtput", "-c", path, "/system")
    call("fdtput", "-t", "x", path, "/system", "linux,revision", REVISION)


# --- Muster in it


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
