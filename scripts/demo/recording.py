"""A terminal's text as an SVG picture, for the README: dark ground, monospace, no script, no font of its own."""

from __future__ import annotations

from html import escape

GROUND, TEXT, COMMAND, GOOD, REFUSED = "#10151c", "#c8d0da", "#7fb4ff", "#7ed491", "#f2a65a"
COLUMN_PX, LINE_PX, MARGIN_PX = 8.43, 20, 18


def svg(lines: list[str]) -> str:
    """Draw the lines one below the other, as wide as the longest.

    Returns:
        A whole SVG document.
    """
    width = round(max(map(len, lines), default=0) * COLUMN_PX + 2 * MARGIN_PX)
    height = len(lines) * LINE_PX + 2 * MARGIN_PX
    rows = [_row(number, line) for number, line in enumerate(lines) if line.strip()]
    size = f'width="{width}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
            "<title>The demonstration in a terminal</title>",
            f'<rect {size} rx="8" fill="{GROUND}"/>',
            '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
            *rows,
            "</g>",
            "</svg>\n",
        ]
    )


def _row(number: int, line: str) -> str:
    indent = len(line) - len(line.lstrip())
    text = line.strip()
    x, y = MARGIN_PX + indent * COLUMN_PX, MARGIN_PX + (number + 0.75) * LINE_PX
    # The length is stated, so columns stay in line whichever font the reader's machine has.
    length = f'textLength="{len(text) * COLUMN_PX:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{_colour(text)}" {length}>{escape(text, quote=False)}</text>'


def _colour(text: str) -> str:
    if text.startswith("$ "):
        return COMMAND
    if "not in database" in text.lower():
        return REFUSED
    return GOOD if "accepted" in text.lower() else TEXT
