"""Writes golden/muster-manifest.json anew, from the description of the format and not with the tool or the unit."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

NONE, FACE, PEOPLE = (hashlib.sha256(content).hexdigest() for content in (b"", b"face", b"code,name\n"))
REST = (
    '"files":{"enrol/1042 Ada Zo\\u00eb/1.jpg":{"sha256":"' + FACE + '","size":4},'
    '"enrol/\\udcff 7.jpg":{"sha256":"' + NONE + '","size":0},'
    '"people.csv":{"sha256":"' + PEOPLE + '","size":10}},'
    '"format":1,"made_utc":"2026-11-22T08:15:00Z","serial":1795335300,"stick":"8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a11"}'
)
MAC = hmac.new(bytes(range(32)), b"muster manifest 1\n{" + REST.encode(), "sha256").hexdigest()

if __name__ == "__main__":
    golden = Path(__file__).parent / "golden" / "muster-manifest.json"
    golden.write_text(f'{{"mac":"{MAC}",\n{REST}\n', encoding="ascii")
