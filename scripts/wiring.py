"""Draws docs/wiring.svg: which pin of the header goes through which part to which other pin.

`make docs` writes it. Pins are those of the default configuration, values those of `scripts.circuit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from scripts.circuit import BUTTON_PIN, resistors, written

HEADER = """
    3.3V 5V GPIO2 5V GPIO3 GND GPIO4 GPIO14 GND GPIO15 GPIO17 GPIO18 GPIO27 GND GPIO22 GPIO23 3.3V GPIO24 GPIO10 GND
    GPIO9 GPIO25 GPIO11 GPIO8 GND GPIO7 GPIO0 GPIO1 GPIO5 GND GPIO6 GPIO12 GPIO13 GND GPIO19 GPIO16 GPIO26 GPIO20 GND GPIO21
"""
NAMES = [name.replace("V", " V") for name in HEADER.split()]
"""Pin 1 to pin 40 of the header, the same on every model that has 40 (Raspberry Pi documentation)."""

GROUNDS = {"red": 9, "green": 14, "blue": 9, "base": 20, "button": 25}
"""Part -> which of the pins GND it goes back to."""

FIVE_VOLTS = 2
COLOURS = {"red": "#d22", "green": "#183", "blue": "#25c", "base": "#a50", "button": "#656", "5 V": "#b0b", "GND": "#000"}
STYLE = (
    "text{font:14px sans-serif;fill:#111}.small{font-size:12px;fill:#444}.head{font-size:18px;font-weight:bold}"
    ".b{font-weight:bold}.grey{fill:#999}.pin{font-size:10px;fill:#fff;text-anchor:middle}.pin.grey{fill:#666}"
    ".end{text-anchor:end}.mid{text-anchor:middle}"
    ".w{stroke:#111;stroke-width:2;fill:none}.part{stroke:#111;stroke-width:2;fill:#fff}.dark{fill:#111}.tag{fill:#eef;stroke:#557}"
)
WIDTH, HEIGHT = 1000, 720
LEFT = 300
"""Where the circuits begin, right of the header."""


def drawing() -> str:
    """The whole picture as SVG."""
    body = [*_header(), *_lights(), *_buzzer(530), *_button(650)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
    title = "<title>Wiring of LEDs, buzzer and push button to the 40-pin header</title>"
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", ground, *body, "</svg>"]) + "\n"


def pin_of(gpio: int) -> int:
    """Where on the header a BCM number is."""
    return NAMES.index(f"GPIO{gpio}") + 1


def used() -> dict[int, str]:
    """Pin of the header -> the part, or "GND" or "5 V", that it belongs to."""
    grounds = dict.fromkeys(GROUNDS.values(), "GND")
    return {FIVE_VOLTS: "5 V", **grounds, **{pin_of(resistor.pin): part for part, resistor in resistors().items()}}


def _header() -> Iterable[str]:
    yield _text(20, 34, "The header", "head")
    yield _text(20, 54, "seen from above, pin 1 at the", "small")
    yield _text(20, 69, "end where the card is", "small")
    yield '<rect class="part" x="112" y="84" width="56" height="614" rx="4"/>'
    for number, name in enumerate(NAMES, start=1):
        row, is_right = divmod(number - 1, 2)
        y = 104 + 30 * row
        x, kind = (154 if is_right else 126), ("b" if number in used() else "grey")
        yield from _dot(x, y, number)
        yield _text(178, y + 5, name, kind) if is_right else _text(102, y + 5, name, f"{kind} end")


def _lights() -> Iterable[str]:
    yield _text(LEFT, 34, "Two LEDs, the longer leg to the resistor; or one RGB LED", "head")
    for part, y in (("red", 80), ("green", 160), ("blue", 240)):
        resistor = resistors()[part]
        yield from _from_pin(part, y)
        yield from _line((570, y), (640, y))
        yield f'<path class="part" style="fill:{COLOURS[part]}" d="M605,{y - 14} L605,{y + 14} L630,{y} Z"/>'
        yield f'<path class="w" d="M630,{y - 14} V{y + 14}"/>'
        yield f'<path class="w" d="M612,{y - 20} l8,-9 m-6,1 l6,-1 l-1,6 M624,{y - 18} l8,-9 m-6,1 l6,-1 l-1,6"/>'
        yield from _line((640, y), (700, y))
        yield from _tag(700, y, "GND", GROUNDS[part])
        yield _text(LEFT, y + 34, f"{part} LED: {resistor.sum}", "small")
    blue = resistors()["blue"]
    first = f"Blue: only with an RGB LED (common cathode) instead of the two; blue_pin = {blue.pin} in muster.toml."
    second = (
        f"Its green takes {blue.drop_v:g} V too: {written(blue.ohm)} instead. Its longest leg goes to GND, pin {GROUNDS['blue']}."
    )
    yield _text(LEFT, 292, first, "small")
    yield _text(LEFT, 308, second, "small")


def _buzzer(y: int) -> Iterable[str]:
    base = resistors()["base"]
    top, x = y - 150, 668
    yield _text(LEFT, 356, "Active buzzer, 5 V", "head")
    yield from _from_pin("base", y)
    yield from _line((570, y), (622, y))
    yield f'<circle class="part" cx="{x - 5}" cy="{y}" r="25"/>'
    yield from _line((570, y), (x - 14, y))
    yield f'<path class="w" style="stroke-width:4" d="M{x - 14},{y - 14} V{y + 14}"/>'
    yield from _line((x - 14, y - 6), (x, y - 17), (x, y - 40))
    yield from _line((x - 14, y + 6), (x, y + 17), (x, y + 40), (700, y + 40))
    yield f'<path class="dark" d="M{x},{y + 17} l-10,-2 l5,-7 Z"/>'
    yield from _tag(700, y + 40, "GND", GROUNDS["base"])
    yield from _line((x, y - 40), (x, top), (700, top))
    yield from _tag(700, top, "5 V", FIVE_VOLTS)
    yield f'<circle class="part" cx="{x}" cy="{top + 60}" r="22"/>'
    yield _text(x, top + 55, "+", "mid b") + _text(x, top + 75, "−", "mid b")
    yield from _diode((x, y - 45), 740, top)
    yield _text(x - 32, top + 64, "buzzer", "end") + _text(x + 30, y + 5, "NPN, 2N3904")
    yield _text(LEFT, y + 34, f"base: {base.sum}", "small")


def _diode(minus: tuple[int, int], x: int, top: int) -> Iterable[str]:
    """Across the buzzer, its stripe to 5 V."""
    y = top + 60
    yield from _line(minus, (x, minus[1]), (x, top + 15))
    yield f'<path class="part dark" d="M{x - 12},{y + 11} H{x + 12} L{x},{y - 11} Z"/>'
    yield f'<path class="w" d="M{x - 12},{y - 11} h24"/>'
    yield _text(x + 22, y, "1N4148: a magnetic buzzer") + _text(x + 22, y + 18, "kicks back when it stops")


def _button(y: int) -> Iterable[str]:
    yield _text(LEFT, y - 42, f"Push button, if you want one; button_pin = {BUTTON_PIN} in muster.toml", "head")
    yield from _from_pin("button", y)
    yield from _line((570, y), (610, y))
    yield f'<path class="w" d="M612,{y - 14} H648 M630,{y - 14} V{y - 22} M622,{y - 22} h16"/>'
    yield f'<circle class="part" cx="613" cy="{y}" r="4"/><circle class="part" cx="647" cy="{y}" r="4"/>'
    yield from _line((651, y), (700, y))
    yield from _tag(700, y, "GND", GROUNDS["button"])
    yield _text(LEFT, y + 34, f"should the pin ever be an output: {resistors()['button'].sum}", "small")


def _from_pin(part: str, y: int) -> Iterable[str]:
    """A tag with the pin, a wire, the resistor."""
    resistor = resistors()[part]
    yield from _tag(LEFT, y, f"GPIO{resistor.pin}", pin_of(resistor.pin))
    yield from _line((LEFT + 130, y), (490, y))
    yield f'<rect class="part" x="490" y="{y - 13}" width="80" height="26"/>' + _text(530, y + 5, written(resistor.ohm), "mid b")


def _tag(x: int, y: int, name: str, pin: int) -> Iterable[str]:
    yield f'<rect class="tag" x="{x}" y="{y - 15}" width="130" height="30" rx="6"/>'
    yield from _dot(x + 18, y, pin)
    yield _text(x + 36, y + 5, name, "b")


def _dot(x: int, y: int, pin: int) -> Iterable[str]:
    """A pin of the header."""
    part = used().get(pin)
    yield f'<circle cx="{x}" cy="{y}" r="9" fill="{COLOURS[part] if part else "#ddd"}"/>'
    yield _text(x, y + 4, str(pin), "pin" if part else "pin grey")


def _line(*points: tuple[int, int]) -> Iterable[str]:
    yield f'<polyline class="w" points="{" ".join(f"{x},{y}" for x, y in points)}"/>'


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(words)}</text>'
