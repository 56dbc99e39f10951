"""A Debian 12 for arm64, as a Raspberry Pi would have it: made by debootstrap, with QEMU running its programs meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rig.mount import make_disk
from rig.parts import Board, call

GUEST = Path(__file__).parent / "guest"
SUITE = "bookworm"
BASE = (
    "systemd-sysv,udev,kmod,dbus,python3,openssh-client,qemu-guest-agent,"
    "cifs-utils,sudo,dosfstools,iproute2,initramfs-tools,busybox"
)
KERNEL = ("linux-image-arm64", "overlayroot", "v4l-utils")
ROOT_MIB, DATA_MIB, NOTES_MIB = 3_000, 1_000, 16

REVISION = "0xc03114"
"""Of a Raspberry Pi 4B with 4 GB: gpiozero asks for one. This, and nothing else, is the bench's fiction."""

_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")


def cache() -> Path:
    """Where guests are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "muster-rig"


def recipe() -> list[str]:
    """Everything that the system depends on."""
    files = [f"{path.relative_to(GUEST)}:{path.read_text()}" for path in sorted(GUEST.rglob("*")) if path.is_file()]
    return [SUITE, BASE, *KERNEL, str(ROOT_MIB), str(DATA_MIB), REVISION, *files]


def make(folder: Path, say: Callable[[str], None]) -> None:
    """Kernel, initrd, device tree, root and an empty data disk, into a folder. Root."""
    with emulated_arm64(), _room_for_files() as tree:
        say(f"a Debian ({SUITE}, arm64), by debootstrap")
        command = ["debootstrap", "--arch=arm64", "--variant=minbase", f"--include={BASE}", SUITE, str(tree)]
        _logged(folder / "debootstrap.log", ["unshare", "--mount", *command], limit_s=1_500)
        shutil.copytree(GUEST, tree, dirs_exist_ok=True)
        say("its kernel")
        install = inside(tree, "apt-get", "install", "--yes", "--no-install-recommends", *KERNEL)
        _logged(folder / "kernel.log", install, limit_s=900)
        _tidy(tree)
        boot = tree / "boot"
        shutil.copy(next(boot.glob("vmlinuz-*")), folder / "vmlinuz")
        shutil.copy(next(boot.glob("initrd.img-*")), folder / "initrd.img")
        call("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, folder / "root.raw", f"{ROOT_MIB}M", limit_s=300)
    make_disk(folder / "data.raw", size_mib=DATA_MIB, notes_mib=NOTES_MIB)
    _device_tree(folder / "board.dtb")


def inside(tree: Path, *command: str) -> list[str]:
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
def emulated_arm64() -> Iterator[None]:
    """Programs for arm64 run here as long as this lasts: by an entry of our own, as another's may be removed at any time."""
    if not (_BINFMT / "register").exists():
        call("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    for left in _BINFMT.glob("muster-rig-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():  # whoever made it was killed
            left.write_text("-1")
    ours = _BINFMT / f"muster-rig-{os.getpid()}"
    (_BINFMT / "register").write_text(f":{ours.name}:M::{_MAGIC}:{_MASK}:{shutil.which('qemu-aarch64-static')}:F")
    try:
        yield
    finally:
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


def _device_tree(path: Path) -> None:
    call("qemu-system-aarch64", *Board(path.parent).arguments()[:10], "-machine", f"dumpdtb={path}", "-display", "none")
    call("fdtput", "-c", path, "/system")
    call("fdtput", "-t", "x", path, "/system", "linux,revision", REVISION)
