"""The required figures, on people who were made so that the right answer is known."""

from __future__ import annotations

import numpy as np

from edge.evaluation.open_set import Setting, obstacle
from edge.evaluation.samples import Samples
from edge.vectors import unit
from models.studies import required

D = 32


def part(n_people: int, *, scatter: float) -> Samples:
    """So many people with seven photographs and three times as many strangers; each photograph some way off its person."""
    generator = np.random.default_rng(7)
    n_photographs = np.array([7] * n_people + [1] * 3 * n_people)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    centres = generator.normal(size=(len(n_photographs), D))
    vectors = centres[persons] + scatter * generator.normal(size=(len(persons), D))
    return Samples(unit(vectors.astype(np.float32)), persons, n_photographs)


def test_every_required_figure_has_a_line_with_what_is_required() -> None:
    lines = list(required.table([part(410, scatter=0.01)] * 3))
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["≤ 0.13", "≤ 0.22", "≤ 0.032", "≤ 0.005"]
    assert all(line.endswith("| 0.0000 ± 0.0000 |") for line in lines[2:]), "people so alike to themselves are never missed"


def test_people_who_resemble_others_as_much_as_themselves_are_missed() -> None:
    assert required.fnir(part(410, scatter=2.0), Setting(400, 1, 1), 0.01) > 0.5


def test_a_figure_that_cannot_be_told_is_left_open() -> None:
    small = part(120, scatter=0.01)
    assert obstacle(small, Setting(400, 1, 1), 0.01)
    lines = list(required.table([part(410, scatter=0.01), small]))
    assert lines[3].startswith("| FNIR @ FPIR 1.0%, N=400")
    assert lines[3].endswith("| – |")
    assert not lines[4].endswith("| – |")
