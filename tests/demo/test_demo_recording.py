"""The picture of a terminal: well-formed, harmless, and with every line in it."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

from scripts.demo.recording import svg

LINES = ["$ muster run", "  1.20 s  Ada <3 & co: accepted, in", "", "  4.80 s  -: not in database"]
TEXT = "{http://www.w3.org/2000/svg}text"


def rows(lines: list[str]) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg(lines)).iter(TEXT))  # noqa: S314 -- we have just written it


def test_every_line_with_text_is_drawn_as_it_is() -> None:
    assert [row.text for row in rows(LINES)] == [line.strip() for line in LINES if line]


def test_lines_stand_below_each_other_and_an_empty_one_leaves_its_place() -> None:
    heights = [float(row.attrib["y"]) for row in rows(LINES)]
    assert [later - earlier for earlier, later in pairwise(heights)] == [20, 40]


def test_commands_and_both_answers_have_their_own_colours() -> None:
    assert len({row.attrib["fill"] for row in rows(LINES)}) == 3


def test_nothing_to_draw_is_an_empty_picture() -> None:
    assert rows([]) == []
