"""Pieces of a page: well-formed XML that browsers read as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edge.evaluation.style import CSS

N_LISTED = 20
"""Of a longer list, only how much longer it is."""


def document(title: str, body: str) -> str:
    """A whole page."""
    return (
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)} · muster evaluate</title><style>{CSS}</style></head>\n"
        f"<body><main>{body}</main></body></html>\n"
    )


def table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """A table; each row is its cells, marked up."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(content: str, caption: str) -> str:
    """A picture, marked up, with a caption; nothing where there is no picture."""
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>" if content else ""


def bullets(lines: Sequence[str]) -> str:
    """A list of plain sentences."""
    more = [f"... and {len(lines) - N_LISTED:,} more"] if len(lines) > N_LISTED else []
    return f'<ul class="small">{"".join(f"<li>{escape(line)}</li>" for line in [*lines[:N_LISTED], *more])}</ul>'
