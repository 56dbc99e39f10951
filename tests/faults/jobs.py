"""What is done at a time when every cut is made, by a process of its own: one scenario, or a control."""

from __future__ import annotations

from typing import NamedTuple

from faults.harness import Harness, Tally, cut, kill, timed
from faults.scenarios import SCENARIOS
from faults.scene import APART, DONE_FIRST, IN_PLACE, PRAGMAS, Scenario

NO_WAIT, NO_OVERWRITING = PRAGMAS
N_ENOUGH = 20
"""After so many losses a control has shown what it has to show."""


class Job(NamedTuple):
    """What one process does at a time.

    Attributes:
        scenario: its name.
        control: what is said of it in the table; empty for the product itself.
        sabotage: see `faults.harness.cut`.
        ignoring: the same.
        kills: kill processes, rather than cut the power.
    """

    scenario: str
    control: str = ""
    sabotage: str = ""
    ignoring: str = ""
    kills: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it is better begun early."""
        return any(word in self.scenario for word in ("stick", "restored", "record,", "corrected"))


CONTROLS = (
    Job("record, from no database on", "synchronous = OFF", NO_WAIT),
    Job("delivery into files that are there", "files are never synced", ignoring="s"),
    Job("delivery into files that are there", "folders are never synced", ignoring="S"),
    Job("delivery in a dialect as well", "a dialect's file written in place", IN_PLACE),
    Job("rows corrected and added", "a correction in two steps", APART),
    Job("rows get their time", "each row by itself", APART),
    Job("people removed", "secure_delete = OFF", NO_OVERWRITING),
    Job("a stick, plugged in first", "stick, files are never synced", ignoring="s"),
    Job("a stick, plugged in first", "stick, folders are never synced", ignoring="S"),
    Job("a stick, plugged in first", "stick, marked as done first", DONE_FIRST),
    Job("a stick, plugged in first", "stick, receipts written in place", IN_PLACE),
)
"""What must lose something: a disk that does not wait, or a unit that takes less care."""


def do(job: Job) -> Tally:
    """One job, in a folder of its own."""
    scenario = _named(job.scenario)
    with Harness.begun() as harness, timed(Tally(scenario.name, n_enough=N_ENOUGH if job.control else 0)) as tally:
        if job.kills:
            kill(harness, scenario, tally)
        else:
            cut(harness, scenario, tally, sabotage=job.sabotage, ignoring=job.ignoring)
    return tally


def _named(name: str) -> Scenario:
    return next(each for each in SCENARIOS if each.name == name)
