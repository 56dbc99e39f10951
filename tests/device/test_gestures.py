"""What somebody at the button means: a pure function of when its contact closed and opened, tried at every limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.device.gestures import BETWEEN_S, BOUNCE_S, HOLD_S, PRESS_S, Gestures
from edge.ports import Gesture

PRESS, TWO, HOLD = Gesture.PRESS, Gesture.TWO_PRESSES, Gesture.HOLD
LATER_S = 1000.0
A_BIT_S = 0.001

Edges = list[tuple[float, bool]]


def presses(*times: tuple[float, float]) -> Edges:
    """From when to when it was pressed."""
    return [edge for begin_s, end_s in times for edge in ((begin_s, True), (end_s, False))]


def meant(edges: Edges, *, is_down: bool = False) -> list[Gesture]:
    return Gestures(is_down=is_down).hear(edges, LATER_S)


@pytest.mark.parametrize("lasts_s", [BOUNCE_S, 0.2, PRESS_S])
def test_a_press_is_a_press_however_quick_or_slow_the_finger(lasts_s: float) -> None:
    assert meant(presses((1.0, 1.0 + lasts_s))) == [PRESS]


def test_who_holds_on_and_lets_go_too_early_has_thought_better_of_it() -> None:
    assert meant(presses((1.0, 1.0 + PRESS_S + A_BIT_S))) == []
    assert meant(presses((1.0, 1.0 + HOLD_S - A_BIT_S))) == []


def test_a_button_that_is_held_is_told_while_it_is_still_held_and_once() -> None:
    gestures = Gestures()
    assert gestures.hear([(1.0, True)], 1.0 + HOLD_S - A_BIT_S) == []
    assert gestures.hear([], 1.0 + HOLD_S) == [HOLD]
    assert gestures.hear([], 60.0) == []
    assert gestures.hear([(61.0, False)], 70.0) == [], "to let go is no press"
    assert gestures.hear(presses((71.0, 71.2)), 72.0) == [PRESS]


def test_who_asks_late_hears_all_of_it_in_order() -> None:
    held = 10.0 + HOLD_S
    assert meant([*presses((1.0, 1.2), (5.0, 5.2), (5.6, 5.8)), (10.0, True), (held, False)]) == [PRESS, PRESS, TWO, HOLD]


def test_two_presses_belong_together_when_the_second_begins_soon_after_the_first() -> None:
    first_end_s = 1.25
    soon, later = first_end_s + BETWEEN_S - A_BIT_S, first_end_s + BETWEEN_S + A_BIT_S
    assert meant(presses((1.0, first_end_s), (soon, soon + 0.2))) == [PRESS, TWO]
    assert meant(presses((1.0, first_end_s), (later, later + 0.2))) == [PRESS, PRESS]


def test_a_press_is_told_at_its_end_and_not_only_when_no_second_can_follow() -> None:
    assert Gestures().hear(presses((1.0, 1.2)), 1.2 + BOUNCE_S) == [PRESS]


def test_a_child_that_hammers_on_it_asks_for_no_more_than_two_presses_do() -> None:
    assert meant(presses(*((i * 0.3, i * 0.3 + 0.1) for i in range(20)))) == [PRESS, TWO]


def test_a_press_before_holding_is_only_a_press() -> None:
    assert meant([*presses((1.0, 1.2)), (1.5, True)]) == [PRESS, HOLD]


def test_a_press_that_was_too_long_is_no_first_of_two() -> None:
    assert meant(presses((1.0, 1.0 + PRESS_S + 0.5), (2.7, 2.9))) == [PRESS]


def test_a_contact_that_bounces_is_one_contact() -> None:
    bounces = [(1.0, True), (1.002, False), (1.004, True), (1.2, False), (1.203, True), (1.205, False)]
    assert meant(bounces) == [PRESS]


def test_what_a_motor_does_to_a_long_wire_is_no_press_and_ends_none() -> None:
    spikes = [edge for i in range(50) for edge in ((i * 0.1, True), (i * 0.1 + BOUNCE_S - A_BIT_S, False))]
    assert meant(spikes) == []
    held_through = [(1.0, True), (2.0, False), (2.0 + BOUNCE_S / 2, True)]
    assert meant(held_through) == [HOLD]


def test_let_go_just_before_it_would_count_is_let_go_though_nobody_knew_yet() -> None:
    gestures = Gestures()
    end_s = 1.0 + HOLD_S - BOUNCE_S / 2
    assert gestures.hear([(1.0, True), (end_s, False)], end_s + BOUNCE_S / 1.5) == []
    assert gestures.hear([], LATER_S) == []


def test_a_button_that_is_stuck_when_the_unit_starts_does_not_shut_it_down() -> None:
    assert meant([], is_down=True) == []
    assert meant([(50.0, False), *presses((60.0, 60.2))], is_down=True) == [PRESS]
    assert meant([(50.0, False), (60.0, True)], is_down=True) == [HOLD]


def test_the_same_edge_twice_is_one_edge() -> None:
    assert meant([(1.0, True), (1.1, True), (1.2, False), (1.4, False)]) == [PRESS]


@given(st.lists(st.floats(0.0, 2.0), max_size=30), st.lists(st.floats(0.0, 60.0), max_size=30))
def test_it_does_not_matter_when_anybody_asks(pauses: list[float], asks: list[float]) -> None:
    """What was meant is in the edges alone."""
    edges, at_s = [], 0.0
    for i, pause_s in enumerate(pauses):
        at_s += pause_s
        edges.append((at_s, i % 2 == 0))
    gestures, heard, told = Gestures(), 0, []
    for now_s in [*sorted(asks), LATER_S]:
        until = sum(edge[0] <= now_s for edge in edges)
        told += gestures.hear(edges[heard:until], now_s)
        heard = until
    assert told == meant(edges)
