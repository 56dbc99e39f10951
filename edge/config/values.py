"""A value of the configuration: whether it is of the type that it should have, and how it is written."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin


def cast_to(value: Any, wanted: Any) -> tuple[bool, Any]:
    """Whether a TOML value is of the wanted type, and the value in that type. A bool is no number."""
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            return False, value
        items = [cast_to(item, get_args(wanted)[0]) for item in value]
        return all(fits for fits, _ in items), tuple(item for _, item in items)
    if wanted is float and type(value) is int:
        return True, float(value)
    return type(value) is wanted, value


def type_words(wanted: Any) -> str:
    """What a value of a type is called, after "must be"."""
    if get_origin(wanted) is tuple:
        return f"a list, each item {type_words(get_args(wanted)[0])}"
    return {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}[wanted]


def as_toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, str):
        # TOML basic strings escape as JSON does, except that DEL must be escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
