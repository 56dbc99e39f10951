"""Power cuts and kills at every call, in as few scenarios as there is time for here; `make faults` does them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults import log
from faults.disk import Disk
from faults.harness import Harness, Tally, cut, kill
from faults.scenarios import SCENARIOS
from faults.scene import DONE_FIRST, Scenario

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
STICK = BY_NAME["a stick, plugged in first"]
PEOPLE, DELIVERY = BY_NAME["people removed"], BY_NAME["delivery into files that are there"]


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    if log.COMPILER is None:
        pytest.skip("no C compiler (cc) is here to build what watches the calls")
    with Harness.begun() as begun:
        yield begun


def kills(harness: Harness, scenario: Scenario) -> Tally:
    tally = Tally(scenario.name)
    kill(harness, scenario, tally)
    return tally


def cuts(harness: Harness, scenario: Scenario) -> Tally:
    tally = Tally(scenario.name)
    cut(harness, scenario, tally)
    return tally


def test_a_delivery_killed_at_any_call_loses_and_doubles_nothing(harness: Harness) -> None:
    tally = kills(harness, DELIVERY)
    assert tally.losses == []
    assert tally.n_kills > tally.n_points > 50


def test_a_delivery_whose_power_is_cut_at_any_call_loses_and_doubles_nothing(harness: Harness) -> None:
    tally = cuts(harness, DELIVERY)
    assert tally.losses == []
    assert {"only what was synced", "last write torn", "one alone", "rename in parts"} <= tally.kinds.keys()


def test_a_removal_that_is_killed_at_any_call_is_done_or_not_begun(harness: Harness) -> None:
    assert kills(harness, PEOPLE).losses == []


def test_a_stick_that_is_killed_where_something_takes_its_place_goes_on_to_the_same_end(harness: Harness) -> None:
    tally = Tally(STICK.name)
    kill(harness, STICK, tally, kinds="rl")
    assert tally.losses == []
    assert tally.n_kills >= 5


def test_a_stick_that_is_marked_as_done_too_early_is_found_out(harness: Harness) -> None:
    tally = Tally(STICK.name, n_enough=1)
    cut(harness, STICK, tally, sabotage=DONE_FIRST)
    assert "3 is None, not ('Person 3'" in tally.losses[0]


def test_a_database_that_is_open_has_its_names_on_the_disk(harness: Harness) -> None:
    """Also the name of the folder that was made for it; SQLite sees to neither."""
    scenario = BY_NAME["record, from no database on"]
    harness.lay_out(harness.prepared(scenario))
    disk = Disk(harness.work)
    for call in harness.run(scenario).calls:
        if call.path == "data/muster.db-wal":  # the first thing that is done in an open database
            break
        if call.kind != "A":
            disk.apply(call)
    assert "data/muster.db" in disk.folder({})


@pytest.mark.parametrize("ignored", ["s", "S"])
def test_a_disk_that_does_not_wait_is_found_out(harness: Harness, ignored: str) -> None:
    """Were nothing lost on it, the tests above would prove nothing."""
    tally = Tally(DELIVERY.name, n_enough=1)
    cut(harness, DELIVERY, tally, ignoring=ignored)
    assert "at the destination" in tally.losses[0]


def test_a_database_that_does_not_wait_is_found_out(harness: Harness) -> None:
    tally = Tally(PEOPLE.name, n_enough=1)
    cut(harness, PEOPLE, tally, sabotage="synchronous = OFF")
    assert "acknowledged rows are lost" in tally.losses[0]
