"""What the Edge TPU compiler says of the files that it made, read out of what it prints.

The format is the one of compiler 16.0 with ``--show_operations``, as users have quoted it: google-coral/edgetpu on GitHub, issues
458 and 518 of several models in one call, 438 and 671 of one; 15.0 prints the same. Each model has a section: sizes, memory,
subgraphs, then a table of operations with a count and a status for each kind. A model of which nothing was mapped has no lines
about memory (issue 438).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAPPED = "Mapped to Edge TPU"

_VERSION = re.compile(r"^Edge TPU Compiler version (\S+)", re.MULTILINE)
_SECTION = re.compile(r"^Input model: (.+?)\s*$", re.MULTILINE)
_LINES = {
    "on_chip": r"On-chip memory used for caching model parameters: (\S+)",
    "off_chip": r"Off-chip memory used for streaming uncached model parameters: (\S+)",
    "n_subgraphs": r"Number of Edge TPU subgraphs: (\d+)",
    "n_operations": r"Total number of operations: (\d+)",
}
_TABLE = re.compile(r"^Operator\s+Count\s+Status\s*$", re.MULTILINE)
_ROW = re.compile(r"^(\S+)[ \t]+(\d+)[ \t]{2,}(\S.*?)[ \t]*$", re.MULTILINE)


class UnknownFormatError(Exception):
    """This is not what the compiler prints, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """So many operations of one kind, and what became of them: `MAPPED`, or why they stay on the CPU."""

    operator: str
    count: int
    status: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the compiler says of one model.

    Attributes:
        on_chip: how much of the parameters stays on the chip, as the compiler writes it: 7.04MiB; "" where it says nothing.
        off_chip: how much of them is sent to the chip at each call, in the same way.
        n_subgraphs: pieces that run on the Edge TPU.
        rows: the table of operations.
    """

    on_chip: str
    off_chip: str
    n_subgraphs: int
    rows: tuple[Row, ...]

    @property
    def left(self) -> tuple[Row, ...]:
        """What stays on the CPU."""
        return tuple(row for row in self.rows if row.status != MAPPED)

    @property
    def n_on_cpu(self) -> int:
        """How many operations stay on the CPU."""
        return sum(row.count for row in self.left)

    @property
    def n_mapped(self) -> int:
        """How many operations run on the Edge TPU."""
        return sum(row.count for row in self.rows) - self.n_on_cpu

    @property
    def streams(self) -> bool:
        """Whether parameters are sent to the chip at each call."""
        return self.off_chip not in {"", "0.00B"}


def read(text: str) -> tuple[str, dict[str, Report]]:
    """The compiler's version, and its report on each model by the name of the file that it was given.

    Raises:
        UnknownFormatError: something that every report has is missing, or the table does not add up.
    """
    text = "\n".join(text.splitlines())  # a notebook's output may have other ends of lines
    version = _VERSION.search(text)
    if version is None:
        raise UnknownFormatError("no line begins with 'Edge TPU Compiler version'")
    parts = _SECTION.split(text)  # what comes before, then a name and its section in turns
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if not sections:
        raise UnknownFormatError("no line begins with 'Input model:'")
    return version.group(1), {re.split(r"[/\\]", path)[-1]: _report(path, section) for path, section in sections.items()}


def _report(path: str, section: str) -> Report:
    found = {key: match.group(1) for key, line in _LINES.items() if (match := re.search(line, section))}
    table = _TABLE.split(section, maxsplit=1)
    if not {"n_subgraphs", "n_operations"} <= found.keys() or len(table) != 2:
        raise UnknownFormatError(f"the section on {path} lacks its subgraphs, its number of operations or its table of them")
    rows = tuple(Row(operator, int(count), status) for operator, count, status in _ROW.findall(table[1]))
    if sum(row.count for row in rows) != int(found["n_operations"]):
        raise UnknownFormatError(f"the table of {path} does not add up to its {found['n_operations']} operations")
    return Report(found.get("on_chip", ""), found.get("off_chip", ""), int(found["n_subgraphs"]), rows)
