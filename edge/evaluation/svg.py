"""Charts as SVG, by hand: axes, curves, steps and bars. Colours come from the page's style by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 20, 56
"""What is left around the plot for labels, in px of the viewBox."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        label: what it shows.
        low: value at its beginning.
        high: value at its end.
        ticks: value -> text.
        is_log: whether equal factors are equally far apart.
    """

    label: str
    low: float
    high: float
    ticks: dict[float, str]
    is_log: bool = False

    def share(self, values: Values) -> Values:
        """Where values lie, 0 at the beginning and 1 at the end; what lies beyond is put to the end."""
        if self.is_log:
            inside = np.log(np.clip(values, self.low, self.high) / self.low) / np.log(self.high / self.low)
        else:
            inside = (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)
        return np.asarray(inside, np.float64)


def log_axis(label: str, low: float, high: float = 1.0) -> Axis:
    """A logarithmic axis of shares from a power of ten to a power of ten, in percent where that is readable."""
    first, last = int(np.floor(np.log10(low) + 1e-9)), int(np.ceil(np.log10(high) - 1e-9))
    ticks = {10.0**power: f"{10.0 ** (power + 2):g}%" if power >= -4 else f"1e{power}" for power in range(first, last + 1)}
    return Axis(label, 10.0**first, 10.0**last, ticks, is_log=True)


@dataclass(frozen=True, slots=True)
class Plot:
    """Two axes, and what is drawn between them."""

    x: Axis
    y: Axis

    def at_x(self, values: Values) -> Values:
        """Pixels from the left."""
        return LEFT + self.x.share(values) * (WIDTH - LEFT - RIGHT)

    def at_y(self, values: Values) -> Values:
        """Pixels from the top."""
        return HEIGHT - BOTTOM - self.y.share(values) * (HEIGHT - TOP - BOTTOM)

    def curve(self, x: Values, y: Values, css: str) -> str:
        """A line through the points."""
        return f'<polyline class="curve {css}" points="{self._points(x, y)}"/>'

    def area(self, edges: Values, heights: Values, css: str) -> str:
        """A histogram: (n,) heights between (n + 1,) edges, filled."""
        x = np.concatenate([[edges[0]], np.repeat(edges[1:-1], 2), [edges[-1]]]) if len(edges) > 2 else edges
        outline = self._points(np.concatenate([[edges[0]], x, [edges[-1]]]), np.concatenate([[0], np.repeat(heights, 2), [0]]))
        return f'<polygon class="area {css}" points="{outline}"/>'

    def upright(self, x: float, text: str, css: str, *, line: int = 0) -> str:
        """A vertical line with a word beside its top, so many lines down."""
        at = float(self.at_x(np.array([x]))[0])
        word = f'<text class="word" x="{at + 4:.1f}" y="{TOP + 12 + 15 * line}">{escape(text)}</text>'
        return f'<line class="mark {css}" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>{word}'

    def interval(self, x: float, ends: tuple[float, float], css: str) -> str:
        """A confidence interval as a bar with a foot at each end."""
        at = float(self.at_x(np.array([x]))[0])
        bottom, top = self.at_y(np.array(ends))
        path = f"M{at:.1f} {top:.1f}V{bottom:.1f}M{at - 5:.1f} {top:.1f}h10M{at - 5:.1f} {bottom:.1f}h10"
        return f'<path class="interval {css}" d="{path}"/>'

    def svg(self, marks: Sequence[str], *, title: str) -> str:
        """The whole chart."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{self._grid()}{''.join(marks)}</svg>"
        )

    def _points(self, x: Values, y: Values) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(self.at_x(x), self.at_y(y), strict=True))

    def _grid(self) -> str:
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        parts = []
        for value, text in self.x.ticks.items():
            at = float(self.at_x(np.array([value]))[0])
            parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>')
            parts.append(f'<text class="tick middle" x="{at:.1f}" y="{bottom + 18}">{escape(text)}</text>')
        for value, text in self.y.ticks.items():
            at = float(self.at_y(np.array([value]))[0])
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(f'<text class="tick end" x="{LEFT - 8}" y="{at + 4:.1f}">{escape(text)}</text>')
        middle = (TOP + bottom) / 2
        parts.append(f'<text class="label middle" x="{(LEFT + right) / 2:.1f}" y="{HEIGHT - 12}">{escape(self.x.label)}</text>')
        parts.append(
            f'<text class="label middle" transform="translate(16 {middle:.1f}) rotate(-90)">{escape(self.y.label)}</text>'
        )
        return "".join(parts)
