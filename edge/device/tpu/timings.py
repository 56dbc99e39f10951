"""What each network takes on either side, from an earlier start where that holds still, else measured now."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.device.tpu.placement import Contest, Timing, measure

log = logging.getLogger(__name__)

Key = Mapping[str, str | float | None]
"""What a timing depends on: it holds for no other files, library, runtime, link or number of threads."""


class Cache:
    """What was measured at an earlier start, in a file.

    Args:
        path: of the file. It may be missing or damaged: then nothing was measured yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, keys: Mapping[str, Key]) -> dict[str, Timing]:
        """The timings that hold still.

        Args:
            keys: name of a network -> what its timing depends on now.
        """
        kept = self._read()
        found = {name: _timing(kept.get(name), key) for name, key in keys.items()}
        return {name: timing for name, timing in found.items() if timing}

    def keep(self, keys: Mapping[str, Key], timings: Mapping[str, Timing]) -> None:
        """Remember what was measured, in place of what was measured of the same networks before.

        Where it cannot be written, the next start measures again.
        """
        kept = self._read() | {name: asdict(timing) | {"key": keys[name]} for name, timing in timings.items()}
        new = self._path.with_suffix(".new")
        try:
            new.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            new.replace(self._path)
        except OSError as error:
            log.info("%s: cannot be written (%s); the next start measures again.", self._path, error.strerror)

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return kept if isinstance(kept, dict) else {}


@dataclass(frozen=True, slots=True)
class Bench:
    """What networks are timed with.

    Attributes:
        cache: of what was timed earlier.
        surroundings: what a timing depends on beside the network's files: library, link, threads.
        now_s: seconds of a clock that never jumps.
    """

    cache: Cache
    surroundings: Callable[[], Key]
    now_s: Callable[[], float] = time.perf_counter

    def timings(self, contests: Mapping[str, Contest], files: Mapping[str, Key]) -> dict[str, Timing] | None:
        """The timing of each network, measured now or at an earlier start.

        Args:
            contests: name -> network.
            files: name -> what is to be the same of the network itself.

        Returns:
            Name -> timing, without those for which there was no time; None when the Edge TPU failed meanwhile.
        """
        keys = {name: {**files[name], **self.surroundings()} for name in contests}
        known = self.cache.read(keys)
        measured = measure({name: each for name, each in contests.items() if name not in known}, now_s=self.now_s)
        if measured:
            self.cache.keep(keys, measured)
        return None if measured is None else known | measured


def _timing(entry: Any, key: Key) -> Timing | None:
    """What the file says of a network, if it is of the same things, and sound."""
    try:
        timing = Timing(float(entry["cpu_ms"]), float(entry["edgetpu_ms"]))
        is_sound = entry["key"] == dict(key) and all(0 < each < math.inf for each in (timing.cpu_ms, timing.edgetpu_ms))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return timing if is_sound else None
