"""What happened, line by line, in a file: nothing of it stays in the memory of the process that is measured."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any


class Trace:
    """Writes it down.

    Attributes:
        turn: of the loop, counted by the camera.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self.turn = -1

    def note(self, what: str, **values: Any) -> None:
        """One line."""
        self._file.write(json.dumps({"what": what, "turn": self.turn, **values}) + "\n")

    def close(self) -> None:
        self._file.close()


@dataclass
class Record:
    """What was written down, by kind."""

    signals: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, int]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    begun: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    rest: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Record:
        """From its file."""
        record = cls()
        kinds = {"signal": record.signals, "sample": record.samples, "said": record.said}
        kinds |= {"errand begun": record.begun, "errand ended": record.ended}
        for line in path.read_text(encoding="utf-8").splitlines():
            values = json.loads(line)
            kinds.get(values["what"], record.rest).append(values)
        return record

    def only(self, what: str) -> list[dict[str, Any]]:
        """Of what is rare, one kind."""
        return [each for each in self.rest if each["what"] == what]

    def recorded(self) -> dict[str, int]:
        """The id of each row that was answered *accepted* -> its turn."""
        return {each["row"]: each["turn"] for each in self.signals if each["signal"].startswith("accepted") and each["row"]}
