"""``muster stick serve`` as it is, with the real networks and a delivery by a process of its own; and what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostile.contents import Content
from hostile.subject import UNIT

from edge.cli import main
from edge.exchange.names import has_unseen

EVERY = 100
"""One case in so many is played in this way."""

MAX_OUTPUT = 2_000_000
CODES = {0, 65, 69, 74, 75, 77}
"""How the command may end (sysexits.h)."""

_CONFIGURATION = """\
[unit]
name = "{unit}"
timezone = "UTC"
[stick]
policy = "{policy}"
"""


def is_whole(number: int) -> bool:
    """Whether a case is played in this way."""
    return number % EVERY == EVERY // 2


def serve_whole(folder: Path, content: Content) -> dict[str, Any]:
    """Call the command in this process, whose output goes into files."""
    (folder / "data" / "muster.toml").write_text(_CONFIGURATION.format(unit=UNIT, policy=content.policy), encoding="utf-8")
    os.environ["TMPDIR"] = str(folder / "scratch")
    said = os.open(folder / "scratch" / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(said, stream)
    code = main(["--data", str(folder / "data"), "stick", "serve", str(folder / "stick")])
    return {"outcome": f"muster stick serve, {code}", "code": code}


def faults(folder: Path, told: dict[str, Any]) -> Iterator[str]:
    """What is wrong with what the command said, and with how it ended."""
    if told.get("code") not in CODES:
        yield f"muster stick serve ended with {told.get('code')}"
    content = (folder / "scratch" / "said").read_bytes()
    if len(content) > MAX_OUTPUT:
        yield f"it said {len(content):,} bytes"
    text = content.decode(errors="replace")
    yield from (f"it said {line[:100]!a}" for line in re.split(r"[\r\n]", text) if has_unseen(line) or "Traceback" in line)
