"""The parts beside the Raspberry Pi and what their resistors must be; `scripts.wiring` draws them.

A pin gives 3.3 V and at most 16 mA, all pins together 50 mA (Raspberry Pi documentation, "GPIO and the 40-pin header" and its
"Voltage specifications"). A quarter of that is bright enough for an LED indoors and leaves room for one that differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import PanelConfig

PIN_V = 3.3
PIN_LIMIT_MA = 16.0
ALL_PINS_LIMIT_MA = 50.0
LED_MA = 4.0
"""What an LED is meant to get."""

BUZZER_MA = 30.0
"""What an active 5 V buzzer takes at most; more than a pin may give, so a transistor switches it."""

GAIN = 60.0
"""Least gain of a 2N3904 (its datasheet: at 50 mA and 1 V)."""

OVERDRIVE = 5.0
"""So many times the base current that the gain asks for: the transistor is then fully on."""

BASE_V = 0.7
"""From base to emitter of a transistor that is on."""

E12 = (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
"""Values that resistors are sold in, per decade (IEC 60063)."""

BLUE_PIN, BUTTON_PIN = 24, 23
"""Where the drawing puts what the configuration leaves out unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Resistor:
    """One resistor and how its value comes about.

    Attributes:
        of: what it stands before.
        pin: BCM number of the pin that feeds it.
        drop_v: what is left for the part behind it.
        wanted_ma: the current that is aimed at.
        ohm: the value to buy.
    """

    of: str
    pin: int
    drop_v: float
    wanted_ma: float
    ohm: int

    @property
    def exact_ohm(self) -> float:
        """Ohm's law, before a value is taken that is sold."""
        return (PIN_V - self.drop_v) / self.wanted_ma * 1000

    @property
    def real_ma(self) -> float:
        """What flows with the value that is sold."""
        return (PIN_V - self.drop_v) / self.ohm * 1000

    @property
    def sum(self) -> str:
        """The calculation in one line."""
        volts = f"({PIN_V} V − {self.drop_v:.1f} V)" if self.drop_v else f"{PIN_V} V"
        return f"{volts} / {self.wanted_ma:g} mA = {self.exact_ohm:.0f} Ω → {written(self.ohm)}: {self.real_ma:.1f} mA"


def led(colour: str, pin: int, forward_v: float) -> Resistor:
    """Before an LED: the next value above, so that the current is never more than is wanted."""
    return Resistor(f"{colour} LED", pin, forward_v, LED_MA, next_above((PIN_V - forward_v) / LED_MA * 1000))


def resistors() -> dict[str, Resistor]:
    """All of them, on the pins of the default configuration; forward voltages as datasheets of 5 mm LEDs have them."""
    panel = PanelConfig()
    base_ma = OVERDRIVE * BUZZER_MA / GAIN
    base = next_below((PIN_V - BASE_V) / base_ma * 1000)
    return {
        "red": led("red", panel.red_pin, 2.0),
        "green": led("green", panel.green_pin, 2.1),
        "blue": led("blue", BLUE_PIN, 3.0),
        "base": Resistor("base", panel.buzzer_pin, BASE_V, base_ma, base),
        "button": Resistor("button", BUTTON_PIN, 0.0, LED_MA, next_above(PIN_V / LED_MA * 1000)),
    }


def next_above(ohm: float) -> int:
    """The smallest value that is sold and not below."""
    return min(value for value in _sold() if value >= ohm)


def next_below(ohm: float) -> int:
    """The largest value that is sold and not above."""
    return max(value for value in _sold() if value <= ohm)


def _sold() -> list[int]:
    return [value * 10**power for power in range(5) for value in E12]


def written(ohm: int) -> str:
    """330 Ω, 1 kΩ."""
    return f"{ohm / 1000:g} kΩ" if ohm >= 1000 else f"{ohm} Ω"
