"""A stick may be pulled when all is on its medium; better still when the system has let go of it, too."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from edge.errors import DeviceError
from edge.exchange.delivery.mounts import MOUNTINFO, is_mounted, mount_of

FLUSH = ("sync", "-f", "--")
"""syncfs(2) by a process of its own (coreutils): it waits for the device, for ever where that does not answer."""

UNMOUNTS = (("umount", "--"), ("systemd-mount", "--umount", "--"))
"""Tried in this order; each gets the mount point as its last word."""

LIMIT_S = 120.0
END_S = 0.5


def release(
    mountpoint: Path,
    *,
    unmounts: Sequence[Sequence[str]] = UNMOUNTS,
    flush: Sequence[str] = FLUSH,
    mountinfo: Path = MOUNTINFO,
    limit_s: float = LIMIT_S,
) -> str:
    """See that everything is on the medium, and take the stick out of the system where it can be.

    Args:
        mountpoint: where it is mounted.
        unmounts: the commands that are tried; none: it stays mounted.
        flush: the command that waits for the medium.
        mountinfo: what is mounted where.
        limit_s: how long each command may take.

    Returns:
        How far it came, as a sentence. It may be pulled.

    Raises:
        DeviceError: not everything is on the medium.
    """
    why = _failure([*flush, str(mountpoint)], limit_s)
    if why:
        raise DeviceError(f"{mountpoint}: not everything is on the stick yet ({why}). Leave it in, and do the same again.")
    if not unmounts or not _is_mount_point(mountpoint, mountinfo):
        return "All that was written is on the stick."
    for unmount in unmounts:
        why = _failure([*unmount, str(mountpoint)], limit_s)
        if not why:
            return "All that was written is on the stick, and it is unmounted."
    return f"All that was written is on the stick. It could not be unmounted ({why}), which does no harm now."


def _is_mount_point(folder: Path, mountinfo: Path) -> bool:
    return is_mounted(folder, mountinfo) and mount_of(folder, mountinfo).point == folder.resolve()


def _failure(command: Sequence[str], limit_s: float) -> str:
    """Why a command failed; empty where it did not. One that hangs in the kernel is left behind."""
    with TemporaryFile() as words:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)  # noqa: S603  our own words
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            return f"{command[0]} has not answered within {limit_s:g} s"
        words.seek(0)
        said = words.read(500).decode(errors="replace").strip()
    return "" if code == 0 else said or f"{command[0]} ended with {code}"
