"""The drawing of the wiring: its parts spare the pins, its pins are those of the configuration, and nothing lies on anything."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.config import parse
from edge.config.pins import BCM_PINS, BUSES
from scripts.circuit import ALL_PINS_LIMIT_MA, E12, PIN_LIMIT_MA, PIN_V, Resistor, next_above, next_below, resistors
from scripts.wiring import FIVE_VOLTS, GROUNDS, HEIGHT, NAMES, WIDTH, drawing, pin_of, used

ROOT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("ohm", "above", "below"), [(325, 330, 270), (330, 330, 330), (75, 82, 68), (825, 1000, 820), (1040, 1200, 1000)]
)
def test_the_value_is_one_that_is_sold(ohm: float, above: int, below: int) -> None:
    assert (next_above(ohm), next_below(ohm)) == (above, below)


def test_no_pin_gives_more_than_it_may_nor_all_of_them_together() -> None:
    def most_ma(resistor: Resistor) -> float:
        """With a part that takes half a volt less than usual."""
        return (PIN_V - max(0.0, resistor.drop_v - 0.5)) / resistor.ohm * 1000

    each = [most_ma(resistor) for resistor in resistors().values()]
    assert max(each) <= PIN_LIMIT_MA
    assert sum(each) <= ALL_PINS_LIMIT_MA


def test_the_values_are_the_ones_that_the_documents_name() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for resistor in resistors().values():
        assert f"| {resistor.of} | {resistor.sum} |" in page
        assert str(resistor.ohm)[:2] in {str(value) for value in E12}
    for bus, pins in BUSES.items():
        named = f"GPIO{pins[0]} to {pins[-1]}" if len(pins) > 2 else "GPIO" + ", ".join(map(str, pins))
        assert f"| `{bus}` | {named} |" in page
    short = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "[ 330 Ω ]" in short
    assert "[ 1 kΩ ]" in short


def test_the_header_has_its_forty_pins() -> None:
    assert len(NAMES) == 40
    assert {name for name in NAMES if name.startswith("GPIO")} == {f"GPIO{number}" for number in range(BCM_PINS)}
    assert [pin_of(gpio) for gpio in (2, 17, 27, 22, 26, 21)] == [3, 11, 13, 15, 37, 40]
    assert [pin + 1 for pin, name in enumerate(NAMES) if name == "GND"] == [6, 9, 14, 20, 25, 30, 34, 39]


def test_every_part_has_a_pin_of_its_own_and_goes_back_to_ground() -> None:
    parts = resistors()
    assert len({part.pin for part in parts.values()}) == len(parts)
    assert {NAMES[pin - 1] for pin in GROUNDS.values()} == {"GND"}
    assert NAMES[FIVE_VOLTS - 1] == "5 V"
    assert len(used()) == len(parts) + len(set(GROUNDS.values())) + 1
    panel = {
        f"{name}_pin": parts[part].pin
        for name, part in {"red": "red", "green": "green", "blue": "blue", "buzzer": "base", "button": "button"}.items()
    }
    assert parse({"panel": {**panel, "reserved": list(BUSES)}})


def test_no_words_lie_on_words_or_run_out_of_the_picture() -> None:
    """Widths as a wide font has them: 0.62 of its size a letter."""
    sizes = {"small": 12.0, "head": 18.0, "pin": 10.0}
    boxes = []
    picture = ElementTree.fromstring(drawing())  # noqa: S314  our own picture
    for text in picture.iter(f"{SVG}text"):
        kinds, words = text.get("class", "").split(), text.text or ""
        size = next((sizes[kind] for kind in kinds if kind in sizes), 14.0)
        width = 0.62 * size * len(words)
        x = float(text.get("x", "")) - width * (1.0 if "end" in kinds else 0.5 if {"mid", "pin"} & set(kinds) else 0.0)
        boxes.append((x, float(text.get("y", "")) - 0.75 * size, x + width, float(text.get("y", "")), words))
    assert all(left >= 0 and right <= WIDTH and bottom <= HEIGHT - 8 for left, _, right, bottom, _ in boxes)
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1], (one[4], other[4])
