"""Who is known: read anew whenever people change; by an SVM, learnt anew, and refused where the door would wait too long."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge import wiring
from edge.cli import main
from edge.config import parse
from edge.errors import ConfigError
from edge.known import CHECK_S, Known
from edge.matching import classifiers
from edge.matching.classifiers import METHODS, ByClassifier
from edge.matching.gallery import NearestTemplate
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable
from edge.matching.threshold import Budget
from edge.store import Store
from edge.types import Floats

MODEL = "scripted/float32"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", unit="test") as opened:
        yield opened


def unknown(_at_s: float) -> date | None:
    return None


def vector(who: int) -> Floats:
    return np.eye(8, dtype=np.float32)[who]


def enrol(store: Store, who: int, model: str = MODEL) -> int:
    person = store.add_person(f"{who}", f"Person {who}")
    store.add_template(person.id, vector(who), model=model, photo_sha256=f"{who:064d}")
    return person.id


@pytest.mark.parametrize("method", METHODS)
class TestByClassifier:
    @pytest.fixture(autouse=True)
    def _scikit_learn(self) -> None:
        pytest.importorskip("sklearn", reason="scikit-learn is optional and not installed: requirements/classifiers.txt")

    def test_who_is_enrolled_later_is_learnt(self, store: Store, method: str) -> None:
        first = enrol(store, 0)
        known = Known(store, MODEL, Policy(Rule(0.8), method=method), today=unknown)
        known.look(0.0)
        assert isinstance(known.matcher, NearestTemplate), "one person leaves nothing to choose from"
        assert known.matcher.match(vector(0)).person_id == first
        second = enrol(store, 1)
        known.look(CHECK_S)
        assert isinstance(known.matcher, ByClassifier)
        assert [known.matcher.match(vector(who)).person_id for who in range(3)] == [first, second, None]

    def test_one_person_too_many_is_said_and_the_others_stay_known(
        self, store: Store, method: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(classifiers.MOST_PEOPLE, method, 2)
        people = [enrol(store, who) for who in range(2)]
        known = Known(store, MODEL, Policy(Rule(0.8), method=method), today=unknown)
        known.look(0.0)
        enrol(store, 2)
        for second in (1, 2):
            with pytest.raises(ConfigError, match="at most 2 people, and 3 are enrolled"):
                known.look(second * CHECK_S)
        assert [known.matcher.match(vector(who)).person_id for who in range(3)] == [*people, None]
        with pytest.raises(ConfigError, match="at most 2 people, and 3 are enrolled"):
            Known(store, MODEL, Policy(Rule(0.8), method=method), today=unknown)

    def test_whom_another_model_knows_takes_nobodys_place(
        self, store: Store, method: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(classifiers.MOST_PEOPLE, method, 2)
        people = [enrol(store, who) for who in range(2)]
        enrol(store, 2, model="another/int8")
        known = Known(store, MODEL, Policy(Rule(0.8), method=method), today=unknown)
        known.look(0.0)
        assert [known.matcher.match(vector(who)).person_id for who in range(3)] == [*people, None]


TABLE = ScoreTable.of(
    {
        "model": "scripted",
        "n_people": 1000,
        "smallest_fmr": 1e-4,
        "distances": [0.5, 1.0, 1.5],
        "fmr": [1e-4, 1e-3, 1e-1],
        "spread": [1.0, 1.0, 1.0],
        "mean": {"multiples": [1, 1, 1, 1, 1], "misses": [{"n_frames": 1, "fnmr": [[0.4, 0.2, 0.0]] * 5}]},
    }
)


def test_the_log_says_what_a_gallery_promises_once_for_each_change(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    enrol(store, 0)
    known = Known(store, MODEL, Policy(Rule(0.0), TABLE, Budget(0.365, 1)), today=unknown)  # one stranger in 1,000
    known.look(0.0)
    first = known.matcher
    known.look(CHECK_S)
    assert known.matcher is first, "nothing has changed"
    assert [record.getMessage() for record in caplog.records] == [
        "1 person, 1 template of scripted/float32; distance 1.000",
        "with 1 person: one stranger in 1,000 is given a name",
    ]
    caplog.clear()
    for who in range(1, 8):
        enrol(store, who)
    known.look(2 * CHECK_S)
    assert known.matcher.match(vector(7)).person_id is not None
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    known = Known(store, MODEL, Policy(Rule(0.0), TABLE, Budget(0.1, 1)), today=unknown)
    known.look(0.0)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert "cannot be kept with 8 people" in warning


def test_the_log_names_a_method_that_was_not_measured(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("sklearn")
    caplog.set_level(logging.INFO)
    enrol(store, 0)
    Known(store, MODEL, Policy(Rule(0.0), TABLE, Budget(0.365, 1), method="svm"), today=unknown).look(0.0)
    assert any(record.getMessage().startswith('matching.method = "svm" gives the names') for record in caplog.records)


def test_the_configuration_names_the_method() -> None:
    for method in ("nearest", *METHODS):
        for distance in (0.0, 0.8):
            given = parse({"matching": {"method": method, "max_distance": distance}})
            assert wiring.policy(given).method == method


def test_a_unit_without_scikit_learn_does_not_begin_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    (tmp_path / "muster.toml").write_text('[matching]\nmethod = "svm"\n')
    Image.fromarray(np.full((480, 640, 3), 90, np.uint8)).save(tmp_path / "0.png")
    assert main(["--data", str(tmp_path), "run", "--camera", f"replay:{tmp_path / '0.png'}"]) == 78
    told = capsys.readouterr().err
    assert 'matching.method = "svm" needs scikit-learn' in told
    assert 'or set method = "nearest"' in told
