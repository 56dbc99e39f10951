"""LED and buzzer, on gpiozero's own mock pins."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import LED
from gpiozero.exc import GPIOPinInUse
from gpiozero.pins.mock import MockFactory

from edge.device.header import has_pins
from edge.device.panel import GpioPanel, Lights, Pins, SilentPanel, open_panel
from edge.device.patterns import PATTERNS, Beat, Colour, Programme, beats
from edge.errors import DeviceError
from edge.types import Refusal, Signal

LONG_S = 30.0
MANY = 5
"""So many flashes or more are only many (Kaufman et al. 1949: up to four are seen at a glance)."""
PINS = Pins(red=17, green=27, buzzer=22)
ANSWERS = (
    *(Signal.ACCEPTED, Signal.ACCEPTED_WITHOUT_TIME, Signal.ALREADY, Signal.NOT_IN_DATABASE),
    *(Signal.STICK_REFUSED, Signal.BUTTON),
)
LASTING = [signal for signal in Signal if signal not in ANSWERS]


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


# Patterns


def test_every_signal_has_a_pattern_of_its_own_and_only_answers_end() -> None:
    assert set(PATTERNS) == set(Signal)
    assert {signal for signal, pattern in PATTERNS.items() if pattern.is_momentary} == set(ANSWERS)
    rhythms = [(pattern.light, pattern.sound) for pattern in PATTERNS.values()]
    assert len(set(rhythms)) == len(rhythms), "no two signals differ by colour alone"
    assert len({PATTERNS[signal].sound for signal in ANSWERS}) == len(ANSWERS), "the answers sound different"
    assert all(pattern.sound is None for pattern in PATTERNS.values() if not pattern.is_momentary), "nothing beeps for ever"


def test_why_a_face_cannot_be_judged_is_told_apart_by_counting() -> None:
    rounds = [beats(PATTERNS[Signal(refusal.value)]) for refusal in Refusal]
    flashes = [[beat.seconds for beat in beats if beat.colour is Colour.AMBER] for beats in rounds]
    assert {(len(group), group[0] > 0.3) for group in flashes} == {(n, False) for n in (2, 3, 4)} | {
        (n, True) for n in (1, 2, 3, 4)
    }
    assert all(not any(beat.buzz for beat in beats) for beats in rounds)
    for beats_of_one, group in zip(rounds, flashes, strict=True):
        pauses = [beat.seconds for beat in beats_of_one if beat.colour is Colour.OFF]
        assert pauses[-1] >= 2 * max(pauses[:-1], default=0.0), "one group is not taken for two"
        assert len(set(group)) == 1


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(LASTING, 2)))
def test_no_signal_that_lasts_is_taken_for_another_by_somebody_who_sees_no_colours(one: Signal, other: Signal) -> None:
    """They differ in the flashes of a group, as far as one can count, or so much in length or pace that nobody has to measure."""

    def times(first: float, second: float) -> float:
        return max(first, second) / min(first, second)

    a, b = PATTERNS[one].light, PATTERNS[other].light
    assert min(a.n or 1, MANY) != min(b.n or 1, MANY) or times(a.on_s, b.on_s) >= 4 or times(a.round_s, b.round_s) >= 2.5


def test_a_door_at_rest_is_dark_enough_for_an_answer_to_stand_out() -> None:
    for signal in (Signal.READY, Signal.DEGRADED, Signal.ATTENTION):
        lit = sum(beat.seconds for beat in beats(PATTERNS[signal]) if beat.colour is not Colour.OFF)
        assert lit <= 0.1 * PATTERNS[signal].light.round_s


def test_the_answers_are_told_apart_by_ear_in_the_number_or_the_length_of_their_beeps() -> None:
    for one, other in itertools.combinations(ANSWERS, 2):
        a, b = PATTERNS[one].sound, PATTERNS[other].sound
        assert a
        assert b
        assert a.n != b.n or max(a.on_s, b.on_s) >= 2 * min(a.on_s, b.on_s), (one, other)


def test_a_light_that_waits_for_an_answer_is_not_taken_for_the_answer_red() -> None:
    """Whoever was just accepted must not see a long red light behind the green one."""
    long_red = [s for s in LASTING if PATTERNS[s].colour is Colour.RED and PATTERNS[s].light.on_s > 0.2]
    assert not long_red


def test_a_group_of_flashes_lasts_until_something_else_is_shown() -> None:
    programme = Programme()
    programme.show(Signal.TOO_FAR)
    assert [playing(programme) for _ in range(8)] == [Colour.AMBER, Colour.OFF] * 4
    programme.show(Signal.READY)
    assert playing(programme) is Colour.GREEN


def test_no_answer_keeps_the_door_for_longer_than_two_seconds() -> None:
    assert all(sum(beat.seconds for beat in beats(PATTERNS[signal])) <= 2 for signal in ANSWERS)


def test_accepted_is_a_green_light_with_one_short_beep() -> None:
    assert beats(PATTERNS[Signal.ACCEPTED]) == [Beat(Colour.GREEN, True, 0.1), Beat(Colour.GREEN, False, 1.4)]


def test_already_is_two_green_lights_and_two_beeps() -> None:
    found = beats(PATTERNS[Signal.ALREADY])
    lit = "".join("G" if beat.colour is Colour.GREEN else "-" for beat in found)
    assert [lit[i] for i in range(len(lit)) if i == 0 or lit[i] != lit[i - 1]] == ["G", "-", "G", "-"]
    assert [beat.buzz for beat in found].count(True) == 2
    assert sum(beat.seconds for beat in found) == pytest.approx(1.0)


# Which signal gives way to which


def playing(programme: Programme) -> Colour:
    return programme.next_beat().colour


def test_it_begins_with_ready_for_ever() -> None:
    programme = Programme()
    assert [playing(programme) for _ in range(6)] == [Colour.GREEN, Colour.OFF] * 3


def test_an_answer_begins_at_once_and_ready_comes_back_by_itself() -> None:
    programme = Programme()
    assert programme.show(Signal.NOT_IN_DATABASE)
    assert [playing(programme) for _ in range(4)] == [Colour.RED, Colour.RED, Colour.GREEN, Colour.OFF]


def test_an_answer_is_not_cut_off_by_the_next_face_but_by_the_next_answer() -> None:
    programme = Programme()
    programme.show(Signal.ACCEPTED)
    playing(programme)
    assert not programme.show(Signal.LOOKING)
    assert playing(programme) is Colour.GREEN
    assert playing(programme) is Colour.AMBER, "looking follows the answer"
    programme.show(Signal.ACCEPTED)
    assert programme.show(Signal.NOT_IN_DATABASE)
    assert playing(programme) is Colour.RED


def test_a_fault_does_not_wait_and_comes_back_after_an_answer() -> None:
    programme = Programme()
    programme.show(Signal.ACCEPTED)
    assert programme.show(Signal.FAULT)
    assert playing(programme) is Colour.RED
    programme.show(Signal.ALREADY)
    n_beats = len(beats(PATTERNS[Signal.ALREADY]))
    assert [playing(programme) for _ in range(n_beats + 1)][-1] is Colour.RED


# Pins


def states(factory: MockFactory, *pins: int) -> list[bool]:
    return [bool(factory.pin(pin).state) for pin in pins]


def test_single_leds_and_the_buzzer_follow_the_beats(factory: MockFactory) -> None:
    lights = Lights(PINS, factory)
    for pin in (17, 27, 22):
        factory.pin(pin).clear_states()
    for beat in beats(PATTERNS[Signal.ACCEPTED]) + beats(PATTERNS[Signal.NOT_IN_DATABASE]):
        lights.set(beat)
    factory.pin(17).assert_states([False, True])
    factory.pin(27).assert_states([False, True, False])
    factory.pin(22).assert_states([False, True, False, True, False])
    lights.close()


def test_amber_is_red_and_green(factory: MockFactory) -> None:
    lights = Lights(PINS, factory)
    lights.set(Beat(Colour.AMBER, False, 1.0))
    assert states(factory, 17, 27, 22) == [True, True, False]
    lights.close()


def test_a_blue_pin_makes_it_one_rgb_led(factory: MockFactory) -> None:
    lights = Lights(Pins(red=5, green=6, blue=13), factory)
    lights.set(Beat(Colour.AMBER, True, 1.0))
    assert states(factory, 5, 6, 13) == [True, True, False]
    lights.close()


def test_pins_may_be_left_out(factory: MockFactory) -> None:
    lights = Lights(Pins(), factory)
    lights.set(Beat(Colour.GREEN, True, 1.0))
    lights.close()
    lights = Lights(Pins(green=27), factory)
    lights.set(Beat(Colour.AMBER, True, 1.0))
    assert states(factory, 27) == [True]
    lights.close()


def test_closing_turns_everything_off_and_gives_the_pins_back(factory: MockFactory) -> None:
    pins = [factory.pin(pin) for pin in (17, 27, 22)]
    panel = GpioPanel(Lights(PINS, factory))
    panel.show(Signal.NOT_IN_DATABASE)
    panel.close()
    panel.close()
    assert all(pin.function == "input" for pin in pins), "released"
    assert [pin.states[-1].state for pin in pins] == [False] * 3
    LED(17, pin_factory=factory).close()


def test_when_a_pin_is_in_use_the_others_are_given_back() -> None:
    factory = MockFactory()
    other = LED(22, pin_factory=factory)
    with pytest.raises(GPIOPinInUse):
        Lights(PINS, factory)
    other.close()


# The panel


def test_the_pins_follow_a_signal_that_was_shown(factory: MockFactory) -> None:
    buzzing, silent = threading.Event(), threading.Event()

    class Watched(Lights):
        def set(self, beat: Beat) -> None:
            super().set(beat)
            if beat.buzz:
                assert states(factory, 17, 27, 22) == [False, True, True]
                buzzing.set()
            elif buzzing.is_set():
                silent.set()

    panel = GpioPanel(Watched(PINS, factory))
    panel.show(Signal.ACCEPTED)
    assert buzzing.wait(LONG_S)
    assert silent.wait(LONG_S), "a tenth of a second later, without anybody's doing"
    panel.close()


def test_the_mock_panel_says_what_led_and_buzzer_do() -> None:
    said: list[str] = []
    panel = open_panel("mock", PINS, tell=said.append)
    for signal in Signal:
        panel.show(signal)
    panel.close()
    assert said == [
        "ready: LED green blinking (0.05 s on, 2.95 s off)",
        "looking: LED amber blinking (0.4 s on, 0.2 s off)",
        "accepted: LED green 1.5 s · buzzer 0.1 s",
        "accepted, clock not trusted: LED green 2 x 0.9 s · buzzer 3 x 0.1 s",
        "already: LED green 2 x 0.3 s · buzzer 2 x 0.1 s",
        "not in database: LED red 1.5 s · buzzer 0.7 s",
        "stick refused: LED red 3 x 0.4 s · buzzer 3 x 0.3 s",
        "stick at work: LED amber blinking (9.5 s on, 0.5 s off)",
        "safe to pull: LED green blinking (2 s on, 2 s off)",
        "stick failed: LED red blinking (6 x 0.1 s, 4 s rest)",
        "too far: LED amber blinking (2 x 0.1 s, 1 s rest)",
        "too dark: LED amber blinking (3 x 0.1 s, 1 s rest)",
        "too bright: LED amber blinking (4 x 0.1 s, 1 s rest)",
        "blurred: LED amber blinking (1 x 0.5 s, 1 s rest)",
        "turned away: LED amber blinking (2 x 0.5 s, 1 s rest)",
        "cut off: LED amber blinking (3 x 0.5 s, 1 s rest)",
        "several people: LED amber blinking (4 x 0.5 s, 1 s rest)",
        "button: LED amber 4 x 0.05 s · buzzer 4 x 0.05 s",
        "other way: LED green blinking (10 x 0.05 s, 1 s rest)",
        "shutting down: LED amber blinking (0.025 s on, 0.375 s off)",
        "degraded: LED amber blinking (0.05 s on, 0.95 s off)",
        "attention: LED amber blinking (2 x 0.05 s, 4.4 s rest)",
        "fault: LED red blinking (0.1 s on, 0.1 s off)",
    ]


def test_the_mock_panel_writes_into_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    panel = open_panel("auto", PINS, board=Path("/nonexistent"))
    panel.show(Signal.ACCEPTED)
    panel.close()
    assert capsys.readouterr().out == "accepted: LED green 1.5 s · buzzer 0.1 s\n"


def test_no_panel_is_a_panel_too() -> None:
    panel = open_panel("none", PINS)
    assert isinstance(panel, SilentPanel)
    for signal in Signal:
        panel.show(signal)
    panel.close()
    panel.close()


def test_a_raspberry_pi_whose_pins_cannot_be_used_is_an_error_and_not_a_mock(tmp_path: Path) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    assert has_pins(board)
    assert not has_pins(tmp_path / "missing")
    with pytest.raises(DeviceError, match=r"panel\.kind|pins"):
        open_panel("auto", PINS, board=board)


class Failing(Lights):
    """Lights whose wire comes off at the first beat."""

    def __init__(self) -> None:
        super().__init__(Pins(), MockFactory())
        self.failed = threading.Event()

    def set(self, beat: Beat) -> None:
        if not self.failed.is_set():
            self.failed.set()
            raise OSError(5, "Input/output error")
        super().set(beat)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_panel_that_went_dark_says_so_at_the_next_signal() -> None:
    lights = Failing()
    panel = GpioPanel(lights)
    try:
        assert lights.failed.wait(5)
        panel._player.join(5)
        with pytest.raises(DeviceError, match="gone dark"):
            panel.show(Signal.ACCEPTED)
    finally:
        panel.close()
