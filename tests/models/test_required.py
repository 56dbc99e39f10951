"""The required figures, on people who were made so that the right answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.evaluation.open_set import Setting, obstacle
from edge.evaluation.samples import Samples
from edge.exchange.collection.collect import listing
from edge.vectors import unit
from models.head import people
from models.head.embeddings import Embeddings
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


class TestPairs:
    """Accuracy on listed pairs, each by a head that saw neither of its people."""

    N_PEOPLE, N_FOLDS = 12, 3

    def folder(self, tmp_path: Path) -> Path:
        """Two photographs of each of twelve people, and a list of pairs beside them in which everybody occurs."""
        for number in range(self.N_PEOPLE):
            (tmp_path / "people" / f"{number:02}").mkdir(parents=True)
            for name in ("a", "b"):
                (tmp_path / "people" / f"{number:02}" / f"{name}.jpg").touch()
        one = [f"{n % 2},{n:02}/a.jpg,{n:02}/b.jpg,1" for n in range(self.N_PEOPLE)]
        two = [f"{n % 2},{n:02}/a.jpg,{m:02}/b.jpg,0" for n in range(self.N_PEOPLE) for m in range(n)]
        (tmp_path / "pairs-dev.csv").write_text("\n".join(["fold,a,b,same", *one, *two]))
        return tmp_path / "people"

    def given(self, n_photographs: int = 2) -> Embeddings:
        """Everybody is a direction of their own, and all photographs of a person are alike."""
        persons = np.repeat(np.arange(self.N_PEOPLE), n_photographs)
        vectors = np.eye(self.N_PEOPLE, dtype=np.float32)[persons]
        return Embeddings(vectors, vectors, persons, np.full(self.N_PEOPLE, n_photographs))

    def folds(self, given: Embeddings) -> list[Samples]:
        return [Samples(fold.upright, fold.persons, fold.n_photographs) for _, fold in people.folds(given, self.N_FOLDS)]

    def test_only_pairs_within_a_fold_count_and_each_template_stands_at_its_photograph(self, tmp_path: Path) -> None:
        given = self.given()
        line = required.pairs(given, listing(self.folder(tmp_path)), self.folds(given))
        assert line == "| accuracy on the pairs within a third | ≥ 0.983 | 1.0000 ± 0.0000, 30 of 78 pairs |"

    def test_templates_of_the_wrong_people_are_found_out(self, tmp_path: Path) -> None:
        given, (first, *others) = self.given(), self.folds(self.given())
        turned = Samples(np.roll(first.templates, 1, axis=0), first.persons, first.n_photographs)
        assert " | 1.0000" not in required.pairs(given, listing(self.folder(tmp_path)), [turned, *others])

    def test_where_a_photograph_has_no_template_nothing_is_told(self, tmp_path: Path) -> None:
        given = self.given(n_photographs=1)
        assert "| – (" in required.pairs(given, listing(self.folder(tmp_path)), self.folds(given))
