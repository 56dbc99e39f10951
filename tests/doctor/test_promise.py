"""What the doctor says that strangers and staff have to expect."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edge.config import Config, parse
from edge.doctor import State
from edge.doctor.people import matching
from edge.store import Store

MODEL = "facenet/int8"


def enrolled(path: Path, *n_templates: int) -> None:
    """So many templates of each person."""
    with Store.open(path, unit="test") as store:
        for number, n in enumerate(n_templates):
            person = store.add_person(f"A{number}", "Ada")
            for row in range(n):
                store.add_template(
                    person.id, np.eye(4, dtype=np.float32)[row], model=MODEL, photo_sha256=f"{number:060d}{row:04d}"
                )


SCORES = """
model = "facenet"
n_people = 1000
smallest_fmr = 1e-5
distances = [0.5, 1.0, 1.5]
fmr = [1e-5, 1e-3, 1e-1]
spread = [1.0, 1.0, 1.0]
[mean]
multiples = [1, 1.4, 1.6, 1.8, 2.0]
misses = [{ n_frames = 1, fnmr = [[0.5, 0.2, 0.0], [0.4, 0.1, 0.0], [0.3, 0.1, 0.0], [0.2, 0.0, 0.0], [0.2, 0.0, 0.0]] }]
"""


def measured(folder: Path, scores: str | None = SCORES) -> Path:
    """A manifest of a network called "facenet", and its scores beside it."""
    tensor = 'name = "t", shape = [1], dtype = "int8", scale = 1.0, zero_point = 0'
    (folder / "manifest.toml").write_text(
        '[networks.facenet]\nmodel = "facenet"\n[networks.facenet.variants.int8]\nfile = "f"\nsha256 = ""\nruns_on = ["cpu"]\n'
        f"free_axes = []\ninput = {{ {tensor} }}\noutputs = [{{ {tensor} }}]\n"
    )
    if scores is not None:
        (folder / "scores.toml").write_text(scores)
    return folder / "manifest.toml"


def test_the_promise_is_told_in_plain_words(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", 1, 2, 3)
    found = matching(Config(), tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.state is State.OK
    assert found.sentence.startswith(
        "with 3 people: one stranger in 300 is given a name; "
        "that is at a single look, and 3 fused frames name up to three times as many strangers; "
        "with 1 photograph enrolled, 21 % of single looks miss, of 3 fused frames at best 21 %; "
    )
    assert "6 templates, distance 0.979" in found.sentence
    assert found.sentence.endswith("budget 12 a year of 10 strangers a day")


def test_a_fixed_distance_is_told_to_be_that(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", 2, 2)
    found = matching(parse({"matching": {"max_distance": 1.0}}), tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.sentence == (
        "with 2 people: one stranger in 350 is given a name; "
        "that is at a single look, and 3 fused frames name up to three times as many strangers; "
        "with 2 photographs enrolled, 10 % of single looks miss, of 3 fused frames at best 10 %; "
        "4 templates, distance 1.000, fixed by the configuration"
    )


def test_a_distance_that_names_everybody_is_a_warning(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", 1)
    found = matching(parse({"matching": {"max_distance": 3.0}}), tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.state is State.WARNING
    assert found.sentence.startswith("with 1 person: more than every second stranger is given a name")
    assert found.advice.startswith("set matching.max_distance = 0 and a budget")


def test_a_budget_that_cannot_be_kept_is_a_warning_with_the_number_of_people_that_it_could_serve(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", *[1] * 8)
    strict = parse({"matching": {"false_positives_per_year": 0.2}})
    found = matching(strict, tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.state is State.WARNING
    assert "could serve 5 people" in found.sentence
    assert found.advice == "raise matching.false_positives_per_year, or set up another unit for some of the people"


def test_where_fewer_people_would_not_help_the_advice_is_not_another_unit(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", 1)
    strict = parse({"matching": {"false_positives_per_year": 0.001}})
    found = matching(strict, tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.state is State.WARNING
    assert "could not serve even one person" in found.sentence
    assert found.advice == "raise matching.false_positives_per_year; fewer people do not help"


@pytest.mark.parametrize("n_templates", [(), (1,), (1, 1)])
def test_a_budget_of_as_many_as_there_are_strangers_is_not_in_order(tmp_path: Path, n_templates: tuple[int, ...]) -> None:
    enrolled(tmp_path / "muster.db", *n_templates)
    loose = parse({"matching": {"false_positives_per_year": 4000}})
    found = matching(loose, tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert (found.state, found.advice) == (State.WARNING, "lower matching.false_positives_per_year")
    assert "allows a name for every stranger: no more than 3,650 come in a year" in found.sentence


def test_a_budget_that_names_most_strangers_is_to_be_lowered(tmp_path: Path) -> None:
    enrolled(tmp_path / "muster.db", *[1] * 50)
    loose = parse({"matching": {"false_positives_per_year": 3000}})
    found = matching(loose, tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.sentence.startswith("with 50 people: more than every second stranger is given a name")
    assert (found.state, found.advice) == (State.WARNING, "lower matching.false_positives_per_year")


def test_of_a_method_that_was_not_measured_no_misses_are_told_and_it_is_named(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    enrolled(tmp_path / "muster.db", 1, 1, 1)
    found = matching(parse({"matching": {"method": "forest"}}), tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert found.sentence.startswith("with 3 people: at most one stranger in 300 is given a name; 3 templates, ")
    assert 'matching.method = "forest" gives the names; how often it misses is not known' in found.sentence
    assert "single looks" not in found.sentence


@pytest.mark.parametrize("scores", [None, "model =", 'model = "facenet"', SCORES.replace('"facenet"', '"other"')])
def test_scores_that_are_missing_damaged_or_anothers_are_a_fault_unless_the_distance_is_fixed(
    tmp_path: Path, scores: str | None
) -> None:
    enrolled(tmp_path / "muster.db", 1)
    manifest = measured(tmp_path, scores)
    found = matching(Config(), tmp_path / "muster.db", MODEL, manifest)
    assert found.state is State.FAULT
    assert "scores.toml" in found.sentence
    assert found.advice == "run `make scores`, or set a fixed distance: matching.max_distance"
    fixed = matching(parse({"matching": {"max_distance": 0.8}}), tmp_path / "muster.db", MODEL, manifest)
    assert fixed.state is State.OK
    assert "nobody knows how many strangers" in fixed.sentence


def test_a_method_that_cannot_be_used_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled(tmp_path / "muster.db", 1, 1)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = matching(parse({"matching": {"method": "svm"}}), tmp_path / "muster.db", MODEL, measured(tmp_path))
    assert (found.state, found.sentence) == (
        State.FAULT,
        'matching.method = "svm" needs scikit-learn, which is not installed',
    )
    assert 'or set method = "nearest"' in found.advice


def test_nothing_is_promised_where_nobody_is_enrolled_or_nobody_can_be_counted(tmp_path: Path) -> None:
    path, manifest = tmp_path / "muster.db", measured(tmp_path)
    found = matching(Config(), path, MODEL, manifest)
    assert (found.state, found.sentence.partition(",")[0]) == (State.OK, "nobody is enrolled yet")
    assert not path.exists()
    path.write_bytes(b"this is no database" * 100)
    assert matching(Config(), path, MODEL, manifest).advice == "see to the database first"
    assert matching(Config(), path, None, manifest).advice == "see to the models first"
