"""The comparison of methods, on people who are drawn at random: whole tables, the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from edge.evaluation import open_set
from edge.evaluation.open_set import Setting
from edge.evaluation.samples import Samples
from models.studies import methods

pytest.importorskip("sklearn", reason="scikit-learn is optional and not installed: requirements/classifiers.txt")


def crowd(seed: int) -> Samples:
    """Fourteen people with four photographs and forty strangers; who scatter so much that some are missed."""
    generator = np.random.default_rng(seed)
    n_photographs = np.array([4] * 14 + [1] * 40)
    persons = np.repeat(np.arange(54), n_photographs)
    vectors = generator.normal(size=(54, 16))[persons] + 0.8 * generator.normal(size=(len(persons), 16))
    templates = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Samples(templates, persons, n_photographs)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "SETTINGS", (Setting(12, 1, 1), Setting(12, 3, 1)))
    monkeypatch.setattr(methods, "N_CASTS", 2)
    monkeypatch.setattr(open_set, "N_DRAWS", 2)


def test_both_tables_have_every_method_in_every_setting() -> None:
    told = list(methods.tables([crowd(1), crowd(2)]))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in told if line.startswith("| N=")]
    kinds = ["nearest, each template alone", "nearest", "svm, sure enough", "svm, near enough"]
    kinds += ["forest, sure enough", "forest, near enough"]
    assert [row[:2] for row in rows[:12]] == [[f"N=12 g={g} q=1", kind] for g in (1, 3) for kind in kinds]
    assert rows[0][2:] == rows[1][2:], "of one photograph the mean is the template"
    assert [row[0] for row in rows[12:]] == ["N=12 g=1 q=1", "N=12 g=3 q=1"]
    for row in rows[12:]:
        shares = [float(cell.strip("%")) for cell in row[1:]]
        assert shares[0] < 40
        assert abs(shares[1] - shares[2]) < 10, "duels won and mean decision value"
    assert told == list(methods.tables([crowd(1), crowd(2)]))


def test_seconds_are_told_for_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "SIZES", ((3, 1), (3, 2)))
    monkeypatch.setattr(methods, "LONGEST", {"svm": 100, "forest": 4})
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in list(methods.seconds())[2:]]
    assert [row[:3] for row in rows] == [["3", "3", "svm"], ["3", "3", "forest"], ["3", "6", "svm"]]
    assert all(float(cell) >= 0 for row in rows for cell in row[3:])
