"""Every figure as one page that needs nothing beside itself: no script, no font, no picture from elsewhere.

It is well-formed XML too. It holds the day and no time, so the same folder gives the same page all day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from edge.evaluation import budget, charts, discard_section, methods
from edge.evaluation.confusions import Confusion
from edge.evaluation.door import Identification
from edge.evaluation.figures import Figures, Verification, rate
from edge.evaluation.levels import STEP
from edge.evaluation.markup import bullets, document, figure, table
from edge.evaluation.terms import IDENTIFICATION, STRANGERS, TERMS, VERIFICATION, WARNING


@dataclass(frozen=True)
class Contents:
    """What the page shows.

    Attributes:
        figures: all figures.
        title: name of the folder.
        max_distance: up to which the unit gives a name with these people enrolled; 0 where nobody can say.
        places: person/photograph of each row.
        strangers: the worst different-person pairs.
        selves: the worst same-person pairs.
        failures: place -> why there is no template.
        notes: what else should be known, a sentence each.
        faces: row -> picture as a data URI; empty unless they were asked for.
        made: how the figures were made, in sentences.
    """

    figures: Figures
    title: str
    max_distance: float
    places: Sequence[str]
    strangers: Sequence[Confusion]
    selves: Sequence[Confusion]
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    faces: Mapping[int, str] = field(default_factory=dict)
    made: str = ""


def page(contents: Contents) -> str:
    """The page."""
    figures = contents.figures
    parts = [_head(contents), _verification(contents), _identification(contents), budget.section(figures.budgets)]
    parts += [methods.section(figures.methods), _distances(contents), discard_section.section(figures.discards)]
    parts += [_worst(contents), _missing(contents), _terms()]
    return document(contents.title, "".join(parts))


def _head(contents: Contents) -> str:
    handed, lfw = contents.figures.handed, contents.figures.lfw
    cards = [(f"{handed.n_people:,}", "people"), (f"{handed.n_photos:,}", "photographs")]
    cards.append((_failed(contents.figures), "failures to acquire"))
    if handed.n_copies:
        cards.append((f"{handed.n_copies:,}", "copies, left out"))
    cards.append((f"{handed.template_bytes:,}", "bytes a template"))
    if lfw:
        cards.append((f"{lfw.mean:.2%}", f"accuracy on {lfw.n_pairs:,} pairs, ± {lfw.deviation:.2%} over the folds"))
    shown = "".join(f'<div class="card"><b>{value}</b><span>{name}</span></div>' for value, name in cards)
    warning = f'<p class="warning">{escape(WARNING)}</p>' if contents.faces else ""
    told = " ".join(filter(None, [contents.made, handed.where]))
    made = f'<p class="small">{escape(told)}</p>' if told else ""
    return (
        f'<h1>How well this unit tells people apart</h1><p class="lead">{escape(contents.title)} · {escape(handed.model)}</p>'
        f'{warning}<div class="cards">{shown}</div>{made}'
    )


def _failed(figures: Figures) -> str:
    return f"{figures.handed.n_failed:,} ({figures.handed.n_failed / figures.handed.n_photos:.1%})"


def _verification(contents: Contents) -> str:
    figures = contents.figures
    rows = [_verified(each, figures) for each in figures.verifications]
    heads = ["FMR", "FNMR", "95% of people", "distance", "failures to acquire"]
    counts = f"{figures.scores.n_different:,} different-person and {figures.scores.n_same:,} same-person pairs."
    return (
        f"<h2>One against one</h2><p>{VERIFICATION}</p>"
        + table(heads, rows)
        + figure(charts.det(figures), f"{counts} The bars are 95% intervals.")
    )


def _verified(each: Verification, figures: Figures) -> str:
    head = f"<td>{rate(each.fmr)}</td>"
    if each.obstacle:
        return f'{head}<td class="why" colspan="4">cannot be told: {escape(each.obstacle)}</td>'
    low, high = each.interval
    return (
        f"{head}<td><strong>{each.fnmr:.2%}</strong></td><td>{low:.2%} – {high:.2%}</td>"
        f"<td>{each.distance:.3f}</td><td>{_failed(figures)}</td>"
    )


def _identification(contents: Contents) -> str:
    figures = contents.figures
    rows = [_identified(each, figures) for each in figures.identifications]
    heads = ["N", "g", "q", "FPIR", "FNIR", "± draws", "95% of people", "probes", "strangers", "failures to acquire"]
    legend = "".join(f'<li><i class="{css}"></i>{escape(text)}</li>' for css, text in charts.open_set_legend(figures))
    chart = charts.open_set(figures)
    return (
        f"<h2>At the door</h2><p>{IDENTIFICATION}</p>"
        + table(heads, rows)
        + figure(
            f'<ul class="legend">{legend}</ul>{chart}' if chart else "",
            "Means of 20 draws of who is enrolled; the bars are 95% intervals.",
        )
    )


def _identified(each: Identification, figures: Figures) -> str:
    setting = each.setting
    head = f"<td>{setting.n}</td><td>{setting.g}</td><td>{setting.q}</td><td>{each.rate or 'all'}</td>"
    if each.obstacle:
        return f'{head}<td class="why" colspan="6">cannot be told: {escape(each.obstacle)}</td>'
    low, high = each.interval
    return (
        f"{head}<td><strong>{each.fnir:.2%}</strong></td><td>{each.deviation:.2%}</td><td>{low:.2%} – {high:.2%}</td>"
        f"<td>{each.n_probes:,}</td><td>{each.n_strangers:,}</td><td>{_failed(figures)}</td>"
    )


def _distances(contents: Contents) -> str:
    scores = contents.figures.scores
    chart = charts.histograms(contents.figures, contents.max_distance)
    legend = '<ul class="legend"><li><i class="a"></i>one person</li><li><i class="b"></i>two people</li></ul>'
    sentence = ""
    if scores.n_same and scores.n_different and contents.max_distance:
        at = round(contents.max_distance / STEP)
        sentence = (
            f"<p>With these people enrolled this unit's distance is {contents.max_distance:.3g}. One photograph against one, "
            f"that refuses a person {scores.fnmr(at):.2%} of the time and takes two for one "
            f"{_how_often(scores.fmr(at), scores.n_different)}.</p>"
        )
    shown = figure(legend + chart if chart else "", "Each side is 100% of its pairs.")
    return f"<h2>How far apart they are</h2>{sentence}{shown}"


def _how_often(share: float, n: int) -> str:
    """In words, however rare."""
    return f"once in {1 / share:,.0f} pairs" if share else f"fewer than once in {n:,} pairs"


def _worst(contents: Contents) -> str:
    return (
        "<h2>The worst confusions</h2><h3>Two people who look like one</h3>"
        f"<p>{STRANGERS}</p>"
        + _confusions(contents, contents.strangers)
        + "<h3>One person who looks like two</h3><p>The farthest pair of each person.</p>"
        + _confusions(contents, contents.selves)
    )


def _confusions(contents: Contents, pairs: Sequence[Confusion]) -> str:
    rows = [f"<td>{p.distance:.3f}</td>{_place(contents, p.first)}{_place(contents, p.second)}" for p in pairs]
    return table(["distance", "", ""], rows) if rows else '<p class="small">There is no such pair.</p>'


def _place(contents: Contents, row: int) -> str:
    face = contents.faces.get(row)
    picture = f'<img src="{escape(face)}" alt=""/>' if face else ""
    return f'<td class="text place">{picture}{escape(contents.places[row])}</td>'


def _missing(contents: Contents) -> str:
    failures = [f"{place}: {why}" for place, why in contents.failures.items()]
    sections = (
        ("What cannot be told", contents.figures.obstacles),
        ("Failures to acquire", failures),
        ("What else should be known", contents.notes),
    )
    return "".join(f"<h2>{title}</h2>{bullets(lines)}" for title, lines in sections if lines)


def _terms() -> str:
    entries = "".join(f"<dt>{term}</dt><dd>{meaning}</dd>" for term, meaning in TERMS.items())
    return f"<h2>What the words mean</h2><dl>{entries}</dl>"
