"""A Debian 12 for arm64, as a Raspberry Pi would have it: made by debootstrap, with QEMU running its programs meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rig.cache import cache
from rig.leftovers import own_folder
from rig.mount import make_disk
from rig.parts import WITH_US, Board, call

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


_NOT_FETCHED = re.compile(
    r"^E: .*(Failed getting|Couldn't download|Failed to fetch|Unable to fetch|Unable to connect)", re.MULTILINE
)
"""What debootstrap and apt say of a package, or of the list of them, that they cannot get."""


class NotMade(Exception):  # noqa: N818  no fault of Muster's
    """Debian's packages could not be fetched, so there is no system to install into."""


def recipe() -> list[str]:
    """Everything that the system depends on."""
    files = [f"{path.relative_to(GUEST)}:{path.read_text()}" for path in sorted(GUEST.rglob("*")) if path.is_file()]
    return [SUITE, BASE, *KERNEL, str(ROOT_MIB), str(DATA_MIB), REVISION, *files]


def make(folder: Path, say: Callable[[str], None]) -> None:
    """Kernel, initrd and root disk, into a folder. Root.

    Raises:
        NotMade: there is no Debian to be had here.
    """
    with emulated_arm64(), _room_for_files() as tree:
        tree.chmod(0o755)
        say(f"a Debian ({SUITE}, arm64), by debootstrap")
        command = ["debootstrap", "--arch=arm64", "--variant=minbase", f"--include={BASE}", SUITE, str(tree)]
        _logged(folder / "debootstrap.log", command, limit_s=1_500)
        shutil.copytree(GUEST, tree, dirs_exist_ok=True)
        say("its kernel")
        install = inside(tree, "apt-get", "install", "--yes", "--no-install-recommends", *KERNEL)
        _logged(folder / "kernel.log", install, limit_s=900)
        _tidy(tree)
        boot = tree / "boot"
        shutil.copy(next(boot.glob("vmlinuz-*")), folder / "vmlinuz")
        shutil.copy(next(boot.glob("initrd.img-*")), folder / "initrd.img")
        call("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, folder / "root.raw", f"{ROOT_MIB}M", limit_s=300)


def inside(tree: Path, *command: str) -> list[str]:
    """A command in the emulated system, to be called by `_logged`: what it mounts goes with it."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    script = f'mount -t proc proc "$0/proc"; mount --bind /dev "$0/dev"; exec chroot "$0" env -i {path} "$@"'
    return ["bash", "-euc", script, str(tree), "DEBIAN_FRONTEND=noninteractive", *command]


def _tidy(tree: Path) -> None:
    for wanted in ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*", "var/log/*.log"):
        for path in tree.glob(wanted):
            path.unlink()
    (tree / "etc/machine-id").write_text("uninitialized\n")


def _logged(log: Path, command: list[str], *, limit_s: float) -> None:
    """Run a command, and see that nothing of it goes on afterwards, whatever becomes of it or of us.

    Raises:
        NotMade: it could not fetch a package.
        RuntimeError: it failed.
        TimeoutExpired: it was killed.
    """
    room = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-uc", '"$@"; exit', "-")  # bash reaps what is left
    with log.open("wb") as file:
        process = subprocess.Popen([*WITH_US, *room, *command], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            status = process.wait(limit_s)
        finally:
            _end_all(process)
    if status:
        said = log.read_text(errors="replace")
        kind = NotMade if _NOT_FETCHED.search(said) else RuntimeError
        raise kind(f"{' '.join(command[:4])} ... ended with {status}: {said[-1500:]}")


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End the first process of the room, if it has not: its parent is told only when all others in there are gone, too."""
    if process.poll() is None:
        first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in map(int, first or [process.pid]):
            os.kill(pid, signal.SIGKILL)
        process.wait(timeout=60)


@contextmanager
def emulated_arm64() -> Iterator[None]:
    """Programs for arm64 run here as long as this lasts: by an entry of our own, as another's may be removed at any time."""
    ours = _BINFMT / f"muster-rig-{os.getpid()}"
    if ours.exists():  # whoever calls us has asked for it already
        yield
        return
    with _binfmt_misc():
        for left in _BINFMT.glob("muster-rig-*"):
            if not Path("/proc", left.name.rpartition("-")[2]).exists():  # whoever made it was killed
                left.write_text("-1")
        (_BINFMT / "register").write_text(f":{ours.name}:M::{_MAGIC}:{_MASK}:{shutil.which('qemu-aarch64-static')}:F")
        try:
            yield
        finally:
            ours.write_text("-1")


@contextmanager
def _binfmt_misc() -> Iterator[None]:
    """The kernel's list of kinds of programs: mounted, and unmounted if it was not there and nobody else has put anything in."""
    is_ours = not (_BINFMT / "register").exists()
    if is_ours:
        call("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    try:
        yield
    finally:
        if is_ours and {path.name for path in _BINFMT.iterdir()} == {"register", "status"}:
            call("umount", _BINFMT, allowed=(0, 32))  # 32: somebody is looking into it


def _room_for_files() -> AbstractContextManager[Path]:
    """A folder in memory, where there is enough of it: dpkg syncs each file."""
    memory = Path("/dev/shm")  # noqa: S108  that is what it is for
    return own_folder(memory if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30 else cache())


def data_disk(path: Path) -> None:
    """Write an empty data disk, with room for what the recorder notes."""
    make_disk(path, size_mib=DATA_MIB, notes_mib=NOTES_MIB)


def device_tree(board: Board) -> None:
    """Write the device tree of a board where it says: QEMU's own, and the revision."""
    path = board.tree
    call("qemu-system-aarch64", *board.arguments()[:10], "-machine", f"dumpdtb={path}", "-display", "none")
    call("fdtput", "-c", path, "/system")
    call("fdtput", "-t", "x", path, "/system", "linux,revision", REVISION)
