"""The part of the page, and the lines of the terminal, that say how errors fall as a quality gate closes."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from edge.evaluation.discard import SHARES, Discards, Remains
from edge.evaluation.levels import distance
from edge.evaluation.markup import figure, table
from edge.evaluation.svg import Axis, Plot

MEASURES = {
    "inside": "cut off: share of the face in the picture",
    "overlap": "several people: share of the face that is another's",
    "size_px": "too far: pixels",
    "brightness": "too dark: mean grey value",
    "clipped": "too bright: share that is white",
    "contrast": "too bright: contrast",
    "turn": "turned away: nose from the middle",
    "roll_deg": "turned away: eyes from level",
    "sharpness": "blurred: fineness of the finest structure",
}
"""Measure -> words."""

EXPLANATION = (
    "For each measure of quality the worst photographs are taken out, more and more of them, while the threshold stays where it "
    "is. A measure that says something about errors goes down at first. The last table is what the unit's own gates do."
)


def section(discards: Discards | None) -> str:
    """The part of the page; empty where there is no threshold to tell it at."""
    if discards is None:
        return ""
    told = {name: curve for name, curve in discards.curves.items() if curve[-1].share > 0}
    charts = "".join(figure(_chart(name, curve, discards), escape(MEASURES.get(name, name))) for name, curve in told.items())
    silent = [MEASURES.get(name, name) for name in discards.curves if name not in told]
    legend = '<ul class="legend"><li><i class="a"></i>FNMR</li><li><i class="b"></i>missed by all others of the person</li></ul>'
    rest = f'<p class="small">Without a difference between these photographs: {escape("; ".join(silent))}.</p>' if silent else ""
    return (
        f"<h2>How errors fall as a gate closes</h2><p>{EXPLANATION} Threshold: distance {distance(discards.threshold):.3f}.</p>"
        f'{legend}<div class="multiples">{charts}</div>{rest}{_numbers(told)}{_gates(discards)}'
    )


def lines(discards: Discards | None) -> list[str]:
    """For a terminal."""
    if discards is None:
        return []
    whole, gated, refused = discards.whole, discards.gated, discards.refused
    reasons = ", ".join(f"{refusal.value} {n:,}" for refusal, n in refused.items() if n)
    if not reasons:
        return ["Quality gates refuse none of the photographs."]
    return [
        f"Quality gates refuse {sum(refused.values()):,} photographs ({gated.share:.2%}): {reasons}.",
        f"Without them, at distance {distance(discards.threshold):.3f}: FNMR {_rate(whole.fnmr)} -> {_rate(gated.fnmr)}, "
        f"missed by all others of the person {_rate(whole.missed)} -> {_rate(gated.missed)}.",
    ]


def _chart(name: str, curve: tuple[Remains, ...], discards: Discards) -> str:
    rates = [rate for each in discards.curves.values() for one in each for rate in (one.fnmr, one.missed) if not math.isnan(rate)]
    highest = max([0.01, *rates]) * 1.1
    ticks = {share: f"{share:.0%}" for share in (0.0, 0.05, 0.1, 0.15, 0.2)}
    plot = Plot(
        Axis("photographs discarded", 0.0, max(SHARES), ticks),
        Axis("", 0.0, highest, {tick: f"{tick:.1%}" for tick in np.linspace(0, highest / 1.1, 4)}),
    )
    marks = [
        plot.curve(np.array([x for x, _ in points]), np.array([y for _, y in points]), css)
        for css, points in (("a", _points(curve, "fnmr")), ("b", _points(curve, "missed")))
        if points
    ]
    return plot.svg(marks, title=f"Error versus discard: {name}")


def _points(curve: tuple[Remains, ...], rate: str) -> list[tuple[float, float]]:
    return [(each.share, getattr(each, rate)) for each in curve if not math.isnan(getattr(each, rate))]


def _numbers(curves: dict[str, tuple[Remains, ...]]) -> str:
    heads = ["FNMR when at most so many are discarded", *(f"{share:.1%}" for share in SHARES)]
    rows = []
    for name, curve in curves.items():
        rows.append(
            "".join([f"<td>{escape(MEASURES.get(name, name))}</td>", *(f"<td>{_rate(each.fnmr)}</td>" for each in curve)])
        )
    return table(heads, rows) if rows else ""


def _gates(discards: Discards) -> str:
    n, gated, whole = sum(discards.refused.values()), discards.gated, discards.whole
    rows = [f"<td>{refusal.value}</td><td>{count:,}</td>" for refusal, count in discards.refused.items()]
    rows.append(f"<td><strong>all</strong></td><td><strong>{n:,}</strong> ({gated.share:.2%})</td>")
    sentence = (
        f"Without these photographs FNMR goes from {_rate(whole.fnmr)} to {_rate(gated.fnmr)}, and the share that is missed by "
        f"all others of the person from {_rate(whole.missed)} to {_rate(gated.missed)}."
        if n
        else "They refuse none of these photographs."
    )
    return f"<h3>The unit's gates</h3>{table(['refused as', 'photographs'], rows)}<p>{sentence}</p>"


def _rate(rate: float) -> str:
    return "–" if math.isnan(rate) else f"{rate:.2%}"
