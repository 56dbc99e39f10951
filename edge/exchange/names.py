"""What a file or folder name says about a person, and names as they can be printed."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

CAMERA_NAME = re.compile(r"(IMG|DSC|DSCN|DSCF|PXL|MVI|WP|SAM)[ -]?\d+", re.IGNORECASE)
"""Names that cameras and telephones give: nobody is called so."""


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of characters that no name has, and that confuse a terminal or turn a line around."""

_JOINERS = "\u200c\u200d"
"""Not to be seen, and a part of names in Persian and in Indian scripts."""


class Label(NamedTuple):
    """Who a folder or a photograph belongs to, as its name says."""

    code: str
    name: str


def parse_label(text: str) -> Label:
    """Read ``Name`` or ``code Name``.

    The first word is a code when it holds a digit ("1042 Jane Doe", "A-17 Jane Doe"). A name alone gets a code made of
    itself in small letters with hyphens ("Jane Doe" -> "jane-doe"), always the same one. Underscores count as spaces.
    Text is normalised to NFC, because a Mac writes the letter and its accent apart.

    Raises:
        ValueError: with the reason why this is nobody's name.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("its name is not UTF-8; rename it") from error
    words = unicodedata.normalize("NFC", text).replace("_", " ").split()
    name = " ".join(words)
    if not name:
        raise ValueError("its name is empty; name it after the person")
    if has_unseen(name):
        raise ValueError("its name holds something that cannot be printed; rename it")
    if CAMERA_NAME.fullmatch(name):
        raise ValueError("this is a camera's name for it; name it after the person")
    if not any(character.isdigit() for character in words[0]):
        return Label("-".join(re.findall(r"\w+", name.casefold())) or name, name)
    return Label(words[0], " ".join(words[1:]) or words[0])


def has_unseen(text: str) -> bool:
    """Whether there is something in a text that nobody sees and no name needs: control characters, what turns a line around."""
    return any(unicodedata.category(character) in _UNSEEN and character not in _JOINERS for character in text)


def printable(text: str) -> str:
    """The text with everything escaped that could confuse a terminal: control characters, bytes that are not UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
