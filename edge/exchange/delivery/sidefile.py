"""Length and SHA-256 of a file on a stick, beside it: FAT has no journal, and only this tells a torn file from a whole one.

On FAT the entry of a folder, the chain of a file and its length are written one by one. A file that is put in another's place
while the plug is pulled may be there, not be there, or have a length and bytes of which one is the old one's: and a table that
ends between two rows looks whole. So beside ``attendance-2026-11.csv`` stands ``attendance-2026-11.csv.sum``::

    f2ca…  attendance-2026-11.csv
    # length 1234
    # before 03ba… 1180
    # end

which names two contents, the one that was there before and the one that comes. ``sha256sum --check`` reads it too: it
compares with the one that comes.

**The order**, each step durable before the next begins: (1) the new content in a temporary file; (2) the side file, which names
what is in the table now and what the temporary file has; (3) the temporary file takes the table's place.

**Why that is enough.** The table is only touched in step 3, and then a whole side file names both the content that it had and
the one that it gets. So, at whatever point it ends:

* in step 1 the side file is the last run's; its second content is that of the table, which has not been touched: whole;
* in step 2 the side file may be old, new, torn or gone. Old or new, it names the table. Torn or gone it says nothing, and then
  the table has not been touched since it was whole: **no side file means that the table is to be judged by its rows alone**;
* in step 3 the side file is whole and names both contents. A table that is either is whole; any other is torn (or somebody
  changed it, which looks the same: a copy is kept either way). If the temporary file is the second content, it is put in the
  place of a table that is torn or gone; if it is torn or gone too, the rows come from the database and from what is left.

A table that is found torn is copied and taken away before step 2, so that no side file ever names it, and none that is torn
lets it pass: until step 3 there is then no table, which nobody takes for a whole one. A run that is interrupted again there
leaves the temporary file, which comes back in the table's place, named by no side file, and is written anew: what was saved of
other units' rows is in it; where the side file is torn as well, in the copy alone. So the same holds for any number of
interruptions.

It rests on a medium that keeps what it has acknowledged, as everything does.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple, Self

SUM = ".sum"
"""How the name of a side file ends, after the whole name of the file."""

MAX_BYTES = 1_000_000

_FORM = re.compile(
    rb"(?P<sha>[0-9a-f]{64})  [^\n]+\n# length (?P<length>\d{1,12})\n"
    rb"(?:# before (?P<old_sha>[0-9a-f]{64}) (?P<old_length>\d{1,12})\n)?# end\n"
)


class Sum(NamedTuple):
    """What tells one content from all others."""

    sha256: str
    length: int

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Of a content, bytes for bytes."""
        return cls(sha256(content).hexdigest(), len(content))


class SideFile(NamedTuple):
    """The contents that a file may have.

    Attributes:
        now: the one that it has been given last, or is being given.
        before: the one that it had before that, if it was there.
    """

    now: Sum
    before: Sum | None = None

    def names(self, content: bytes | None) -> bool:
        """Whether this is one of the two."""
        return content is not None and Sum.of(content) in {self.now, self.before}

    def content(self, name: str) -> bytes:
        """The side file of the file of this name."""
        before = f"# before {self.before.sha256} {self.before.length}\n" if self.before else ""
        return f"{self.now.sha256}  {name}\n# length {self.now.length}\n{before}# end\n".encode()

    @classmethod
    def parse(cls, content: bytes | None) -> Self | None:
        """What a side file says; None where there is none or it is torn."""
        found = _FORM.fullmatch(content) if content is not None else None
        if found is None:
            return None
        now = Sum(found["sha"].decode(), int(found["length"]))
        return cls(now, Sum(found["old_sha"].decode(), int(found["old_length"])) if found["old_sha"] else None)
