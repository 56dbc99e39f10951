"""What came of many cases, as a table."""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hostile.case import Result


@dataclass
class Tally:
    """Counts of cases, and the largest figures."""

    n_cases: int = 0
    n_faulty: int = 0
    n_refused: int = 0
    seconds: float = 0.0
    slowest: list[tuple[float, int]] = field(default_factory=list)
    largest: list[tuple[float, int]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter[str]))
    told: list[tuple[int, str, list[str]]] = field(default_factory=list)

    def note(self, result: Result) -> None:
        """One more case."""
        content = result.content
        self.n_cases += 1
        self.n_faulty += bool(result.faults)
        self.n_refused += result.n_refused
        self.seconds += result.seconds
        self.slowest = sorted([*self.slowest, (result.seconds, content.number)], reverse=True)[:_MOST]
        self.largest = sorted([*self.largest, (result.rss_mb, content.number)], reverse=True)[:_MOST]
        self.outcomes[f"{content.policy}, {content.paper}: {result.outcome}"] += 1
        for kind in {*content.kinds}:
            self.kinds[kind]["cases"] += 1
            self.kinds[kind]["faulty"] += bool(result.faults)
        if result.faults:
            self.told.append((content.number, f"{content.policy}, {content.paper}: {', '.join(content.kinds)}", result.faults))

    def add(self, other: Tally) -> None:
        """What another process counted."""
        for name in ("n_cases", "n_faulty", "n_refused", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.slowest = sorted(self.slowest + other.slowest, reverse=True)[:_MOST]
        self.largest = sorted(self.largest + other.largest, reverse=True)[:_MOST]
        self.outcomes += other.outcomes
        for kind, counts in other.kinds.items():
            self.kinds[kind] += counts

    def lines(self) -> list[str]:
        """What was wrong, case by case."""
        return [f"case {number} ({what})\n    " + "\n    ".join(faults) for number, what, faults in self.told]

    def table(self) -> str:
        """All of it."""
        rows = [
            f"{kind:24} {counts['cases']:6,} cases {counts['faulty']:6,} faulty" for kind, counts in sorted(self.kinds.items())
        ]
        rows += [f"{n:6,} {outcome}" for outcome, n in self.outcomes.most_common()]
        rows.append("slowest: " + ", ".join(f"{seconds:.1f} s ({number})" for seconds, number in self.slowest))
        rows.append("most memory: " + ", ".join(f"{mb:.0f} MB ({number})" for mb, number in self.largest))
        mean = self.seconds / max(1, self.n_cases)
        rows.append(
            f"{self.n_cases:,} cases, {self.n_refused:,} refusals, {mean * 1000:.0f} ms a stick, {self.n_faulty:,} faulty"
        )
        return "\n".join(rows)

    def content(self) -> bytes:
        """For another process of ours."""
        return pickle.dumps(self)

    @classmethod
    def read(cls, content: bytes) -> Tally:
        """What `content` wrote."""
        found = pickle.loads(content)  # noqa: S301  our own child wrote it
        assert isinstance(found, cls)
        return found


_MOST = 3
