"""What a unit at work leaves about itself in its data folder: where each network runs, and how the accelerator is.

`muster run` writes the file, `muster status` and the doctor read it. It holds no names, no faces and no times of anybody: whoever
may enter the folder may read it. Which process is at work says the lock of that folder, not this file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from edge import __version__
from edge.types import Backend, utc_text

log = logging.getLogger(__name__)

FILE_NAME = "status.json"
"""The status in the data folder."""

MAX_BYTES = 100_000
"""A status is some 2 kB; what is longer is something else, and not read to its end."""

DEGRADED, SERVING = "degraded", "serving"
"""Two of the accelerator's states that decide whether all is as it should be (`edge.device.tpu.edgetpu.State`)."""

Field = TypeVar("Field", int, str)


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """Where one network runs.

    Attributes:
        name: pnet, rnet, onet or facenet.
        file: name of the file that runs where it should run.
        variant: float32 or int8.
        placement: where it should run.
        backend: where its latest batch really ran; before the first, where that should.
        reason: why it should run there: as configured, measured, or because nothing else is there.
        file_elsewhere: name of the file that runs on the other side; empty where nobody has said it.
    """

    name: str
    file: str
    variant: str
    placement: Backend
    backend: Backend
    reason: str
    file_elsewhere: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether its latest batch did not run where it should."""
        return self.backend is not self.placement

    @property
    def latest_file(self) -> str:
        """Name of the file that its latest batch ran in; empty where nobody has said it."""
        return self.file_elsewhere if self.is_elsewhere else self.file


@dataclass(frozen=True, slots=True)
class AcceleratorStatus:
    """How the accelerator is.

    Attributes:
        state: absent, opening, serving or degraded.
        reason: why it is absent or degraded; else empty.
        since_utc: when this state began.
        n_failures: how often it failed since the unit started.
        n_recoveries: how often it served again after that.
        runtime: what runs it, "tflite-runtime 2.14.0"; empty before it has served.
        self_test: how near the CPU it was in its latest self-test that it passed; empty before it has served.
        library: its library, as configured or found.
        device: which one, usb:0 for one; empty for the only one.
    """

    state: str
    reason: str
    since_utc: datetime
    n_failures: int
    n_recoveries: int
    runtime: str
    self_test: str
    library: str
    device: str


@dataclass(frozen=True, slots=True)
class Status:
    """How a unit is, or was when it stopped.

    Attributes:
        pid: its process.
        version: of Muster.
        started_utc: when it began.
        written_utc: when anything of this last changed.
        stopped_utc: when it ended; None while it is at work, and for one that was killed.
        networks: in the order in which a frame meets them.
        accelerator: None where the configuration leaves it alone.
        config_fault: why it works with the last configuration that did and not with the present one; empty where it does not.
        config_digest: which text it works with (`edge.config.digest`); empty where it was named by hand, or there is none.
    """

    pid: int
    version: str
    started_utc: datetime
    written_utc: datetime
    stopped_utc: datetime | None
    networks: tuple[NetworkStatus, ...]
    accelerator: AcceleratorStatus | None
    config_fault: str = ""
    config_digest: str = ""

    @property
    def is_degraded(self) -> bool:
        """Whether the CPU does what belongs to the accelerator.

        Where the accelerator serves, P-Net alone tells it: it is asked in each frame, the others only about a face, so that they
        show where they ran before it served.
        """
        if self.accelerator is None or self.accelerator.state != SERVING:
            return self.accelerator is not None and self.accelerator.state == DEGRADED
        return any(network.is_elsewhere for network in self.networks if network.name == "pnet")

    def to_json(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), default=_as_text, ensure_ascii=False, indent=1) + "\n"


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"{value!r} has no place in a status")


def write(path: Path, status: Status) -> None:
    """Put a status in the place of the one before, so that a reader finds one or the other, whole.

    It is not forced onto the disk: after a power cut nothing is at work, and what then lies there is taken for damaged or old.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")  # one name: one unit writes in one folder, and a part left behind is replaced
    with part.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(status.to_json())
    part.replace(path)


def read(path: Path) -> Status | None:
    """The status that lies there; None when there is none, or what is there is damaged or somebody else's."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return _status(json.loads(file.read(MAX_BYTES)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _status(given: dict[str, Any]) -> Status:
    accelerator = given["accelerator"]
    return Status(
        pid=_of(int, given["pid"]),
        version=_of(str, given["version"]),
        started_utc=_moment(given["started_utc"]),
        written_utc=_moment(given["written_utc"]),
        stopped_utc=None if given["stopped_utc"] is None else _moment(given["stopped_utc"]),
        networks=tuple(_network(each) for each in given["networks"]),
        accelerator=None if accelerator is None else _accelerator(accelerator),
        config_fault=_of(str, given.get("config_fault", "")),  # an older Muster at work says neither
        config_digest=_of(str, given.get("config_digest", "")),
    )


def _network(given: dict[str, Any]) -> NetworkStatus:
    texts = {name: _of(str, given[name]) for name in ("name", "file", "variant", "reason")}
    texts["file_elsewhere"] = _of(str, given.get("file_elsewhere", ""))  # an older Muster at work does not say it
    return NetworkStatus(placement=Backend(given["placement"]), backend=Backend(given["backend"]), **texts)


def _accelerator(given: dict[str, Any]) -> AcceleratorStatus:
    return AcceleratorStatus(
        state=_of(str, given["state"]),
        reason=_of(str, given["reason"]),
        since_utc=_moment(given["since_utc"]),
        n_failures=_of(int, given["n_failures"]),
        n_recoveries=_of(int, given["n_recoveries"]),
        runtime=_of(str, given["runtime"]),
        self_test=_of(str, given["self_test"]),
        library=_of(str, given["library"]),
        device=_of(str, given["device"]),
    )


def _of(kind: type[Field], value: object) -> Field:
    if type(value) is kind:
        return value
    raise TypeError(f"{value!r} is no {kind.__name__}")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text}: a time without a zone is no moment")
    return moment


class StatusFile:
    """Keeps the status of a unit at work in a file, from ``with`` to its end; implements `edge.ports.Noticeboard`.

    The file is written when something has changed, and not for every frame.

    Args:
        path: of the file.
        networks: where each should run at this moment, and why.
        report: how the accelerator is at this moment; None where it is left alone.
        now: the moment, in UTC.
        config: its fault and its digest, as in `Status`.
    """

    def __init__(
        self,
        path: Path,
        networks: Callable[[], Iterable[NetworkStatus]],
        *,
        report: Callable[[], AcceleratorStatus | None],
        now: Callable[[], datetime],
        config: tuple[str, str] = ("", ""),
    ) -> None:
        self._path, self._networks, self._report, self._now = path, networks, report, now
        self._status = Status(os.getpid(), __version__, now(), now(), None, tuple(networks()), report(), *config)
        self._is_written = False

    def __enter__(self) -> Self:
        """Say that the unit is at work. When that cannot be written, the first frame tries it again and says so."""
        try:
            self._write()
        except OSError as error:
            log.debug("%s: %s", self._path, error)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Say that the unit has ended, so that nobody takes the file for one at work. The accelerator is not asked any more."""
        self._status = replace(self._status, stopped_utc=self._now())
        try:
            self._write()
        except OSError as failure:
            log.warning("%s: cannot be written (%s); it still tells of a unit at work", self._path, failure.strerror)

    def note(self, backends: Mapping[str, Backend]) -> None:
        """Hear where each network ran in the latest frame.

        Raises:
            OSError: something has changed and cannot be written; the next call tries again.
        """
        networks = tuple(replace(each, backend=backends.get(each.name, each.backend)) for each in self._networks())
        accelerator = self._report()
        if networks != self._status.networks or _differ(accelerator, self._status.accelerator):
            self._status = replace(self._status, networks=networks, accelerator=accelerator)
            self._is_written = False
        if not self._is_written:
            self._write()

    def _write(self) -> None:
        self._status = replace(self._status, written_utc=self._now())
        write(self._path, self._status)
        self._is_written = True


def _differ(new: AcceleratorStatus | None, old: AcceleratorStatus | None) -> bool:
    """Whether anything but the time is another: that is worked out anew each time from a clock that may be corrected."""
    if new is None or old is None:
        return new is not old
    return replace(new, since_utc=old.since_utc) != old
