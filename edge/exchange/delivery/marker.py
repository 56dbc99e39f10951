"""A destination proves that it is one: a small file in it, with an id that no other has.

What has been delivered belongs to the id and not to the path: another stick in the same path gets everything, and the same
stick under another path goes on where it was. The empty folder beneath a share that is not mounted has no such file.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4

from edge.errors import SyncError

MARKER = "muster-destination.toml"

MAX_BYTES = 1_000_000
"""A marker is not read beyond this: it has two lines."""

_MAX_TOML = 4_000
"""Longer ones are not parsed: 60 kB of dots in a key keep a reader of TOML busy for half a minute, a whole marker for days."""

_UNPROVEN = (
    "it has no {marker}, so nothing shows that this is the destination. If a share belongs there, it is not mounted and this is"
    " the empty folder beneath it: mount it. If a stick belongs there, this is another one. If it is the right one and new:"
    " `muster sync --prepare {name}`"
)
_DAMAGED = "its {marker} is damaged ({why}). Begin again, which doubles no row: `muster sync --prepare {name}`"


@dataclass(frozen=True, slots=True)
class Marker:
    """Which destination it is.

    Attributes:
        id: a UUID, made with the marker.
        name: what people call it.
    """

    id: str
    name: str

    @classmethod
    def new(cls, name: str) -> Self:
        """The marker of a destination that had none."""
        return cls(str(uuid4()), name)

    def content(self) -> bytes:
        """The file, as TOML."""
        name = json.dumps(self.name, ensure_ascii=False).replace("\x7f", "\\u007f")
        comment = "# Rows of attendance are delivered here. Never copy this file to another stick or share."
        return f'{comment}\nid = "{self.id}"\nname = {name}\n'.encode()


def cursor_of(marker_id: str, *, stick: str = "") -> str:
    """Under what name the unit remembers how far a place has everything.

    A marker can be copied. What a stick gets that is plugged in is remembered for that stick alone: else one that says that it is
    a share would take the share's rows for itself, and the share would never get them.

    Args:
        marker_id: of the destination.
        stick: its id as it is paired, or how any other is called; empty for a destination that is configured or named by hand.
    """
    return f"stick {stick} {marker_id}" if stick else marker_id


def read_marker(content: bytes | None, destination: str) -> Marker:
    """The marker of a destination.

    Args:
        content: of the file; None where there is none.
        destination: as configured, for the sentence.

    Raises:
        SyncError: there is none (trying again helps where a share is mounted later), or it is damaged.
    """
    if content is None:
        raise SyncError(_UNPROVEN.format(marker=MARKER, name=destination))
    try:
        if len(content) > _MAX_TOML:
            raise ValueError("it is longer than two lines can be")
        table = tomllib.loads(content.decode())
        return Marker(str(UUID(table["id"])), str(table.get("name", "")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        damaged = SyncError(_DAMAGED.format(marker=MARKER, why=why, name=destination))
        damaged.retryable = False
        raise damaged from error
