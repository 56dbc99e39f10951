"""What names say, and that no text is lost or taken for a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.exchange.cells import guard, unguard
from edge.exchange.names import parse_label, printable


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("1042 Jane Doe", "1042", "Jane Doe"),
        ("A-17 Jane Doe", "A-17", "Jane Doe"),
        ("1042_Jane_Doe", "1042", "Jane Doe"),
        ("Jane Doe", "jane-doe", "Jane Doe"),
        ("  Jane   Doe ", "jane-doe", "Jane Doe"),
        ("O'Neill, Shaquille", "o-neill-shaquille", "O'Neill, Shaquille"),
        ("Åsa Öberg", "åsa-öberg", "Åsa Öberg"),
        ("李雷", "李雷", "李雷"),
        ("1042", "1042", "1042"),
        ("=cmd|' /C calc'!A", "cmd-c-calc-a", "=cmd|' /C calc'!A"),
        ("!!!", "!!!", "!!!"),
        ("7 مهری\u200cناز", "7", "مهری\u200cناز"),
    ],
)
def test_code_and_name(text: str, code: str, name: str) -> None:
    assert parse_label(text) == (code, name)


def test_a_name_from_a_mac_is_the_name_from_windows() -> None:
    assert parse_label("Zoe\u0308 Dupre\u0301") == parse_label("Zo\u00eb Dupr\u00e9")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Jane \udcff", "UTF-8"),
        (" _ ", "empty"),
        ("IMG_1234", "camera"),
        ("DSC00017", "camera"),
        ("1042 \x1b[2JJane", "printed"),
        ("1042 \u202eenaJ", "printed"),
        ("\ufeff1042 Jane", "printed"),
        ("1042 Ja\u200bne", "printed"),
    ],
)
def test_nobody_is_called_so(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_label(text)


@given(st.text())
def test_every_label_has_a_code_and_a_name_and_is_always_the_same(text: str) -> None:
    try:
        label = parse_label(text)
    except ValueError:
        return
    assert label.code
    assert label.name
    assert parse_label(text) == label


@given(st.text(st.characters()))
def test_what_is_printed_is_printable(text: str) -> None:
    assert printable(text).isprintable()
    printable(text).encode()


def test_a_name_cannot_steer_the_terminal() -> None:
    assert printable("\x1b[2JJane\n\udcff é") == "\\x1b[2JJane\\n\\udcff é"


@given(st.text())
def test_every_text_comes_back_out_of_its_cell(text: str) -> None:
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "'quoted"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Jane Doe", "O'Neill", "1042", "2026-11-22T08:00:00.000+01:00"])
def test_an_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert guard(text) == text
