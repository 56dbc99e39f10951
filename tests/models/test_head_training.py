"""Training on people who are drawn at random, without a photograph: it helps, can be repeated, and says what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.errors import EnrolError
from models import train
from models.head import baselines, people
from models.head.embeddings import Embeddings
from models.head.fit import Epoch, Plan, fit, tail
from models.head.linear import Head
from models.head.table import HEADINGS, Row, figures, markdown
from models.head.trials import TRIALS, Trial

N_VALUES = 24
SHORT = Plan(p=32, k=3, n_single=20, n_epochs=8, n_batches=8, patience=8, rate=0.03, mirrored=0.5)


def crowd(n_photographs: np.ndarray, *, seed: int = 3) -> Embeddings:
    """People differ in the first third of the values, photographs of a person far more in the others; nobody is at the origin."""
    draw = np.random.default_rng(seed)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    who = draw.normal(size=(len(n_photographs), N_VALUES)) * np.where(np.arange(N_VALUES) < N_VALUES // 3, 1.0, 0.2)
    noise = np.where(np.arange(N_VALUES) < N_VALUES // 3, 0.25, 1.0)
    views = [who[persons] + draw.normal(size=(len(persons), N_VALUES)) * noise + 2 for _ in range(2)]
    upright, mirrored = (view.astype(np.float32) for view in views)
    return Embeddings(upright, mirrored, persons, n_photographs)


@pytest.fixture(scope="module")
def given() -> Embeddings:
    return crowd(np.repeat([1, 2, 3, 4], [60, 40, 30, 30]))


@pytest.fixture(scope="module")
def parts(given: Embeddings) -> tuple[Embeddings, Embeddings]:
    return people.split(given, 0.3, seed=1)


def quiet(_: Epoch) -> None:
    pass


@pytest.mark.parametrize("trial", TRIALS)
def test_every_loss_helps_people_it_never_saw(parts: tuple[Embeddings, Embeddings], trial: str) -> None:
    unseen, seen = parts
    first = baselines.pca(seen, n=16)
    head = fit(seen, first, TRIALS[trial].objective, plan=SHORT, report=quiet)
    assert tail(head, unseen) < 0.9 * tail(first, unseen)


def test_training_twice_gives_the_same_bits(given: Embeddings) -> None:
    trial = TRIALS["soft margin, semi-hard"].objective
    heads = [fit(given, baselines.pca(given, n=8), trial, plan=SHORT, report=quiet) for _ in range(2)]
    assert heads[0].matrix.tobytes() == heads[1].matrix.tobytes()


def test_training_stops_when_nothing_improves_and_keeps_the_best(given: Embeddings) -> None:
    epochs: list[Epoch] = []
    first = baselines.pca(given, n=8)
    wild = Plan(p=16, n_single=8, n_epochs=30, n_batches=2, patience=3, rate=30.0)
    head = fit(given, first, TRIALS["triplet α = 0.2, semi-hard"].objective, plan=wild, report=epochs.append)
    best = min(epochs, key=lambda epoch: epoch.fnmr)
    assert len(epochs) == best.number + 1 + 3
    held_out, _ = people.split(given, wild.held_out, seed=wild.seed)
    assert tail(head, held_out) == best.fnmr


@pytest.mark.parametrize("make", [baselines.none, baselines.mean_removed, baselines.pca, baselines.lda])
def test_baselines_map_to_unit_vectors(given: Embeddings, make: Callable[[Embeddings], Head]) -> None:
    assert np.linalg.norm(make(given)(given.upright), axis=1) == pytest.approx(1, abs=1e-5)


def test_all_components_of_the_pca_change_no_distance(given: Embeddings) -> None:
    ours, plain = (make(given)(given.upright) for make in (baselines.pca, baselines.mean_removed))
    assert ours @ ours.T == pytest.approx(plain @ plain.T, abs=1e-5)


def test_lda_finds_the_values_in_which_people_differ(given: Embeddings) -> None:
    matrix = np.abs(baselines.lda(given, n=8).matrix)
    assert matrix[:8].sum() > 5 * matrix[8:].sum()


def test_the_mean_of_heads_has_the_mean_of_their_outputs() -> None:
    draw = np.random.default_rng(2)
    mean = draw.normal(size=5).astype(np.float32)
    heads = [Head(mean, draw.normal(size=(5, 3)).astype(np.float32)) for _ in range(3)]
    vectors = draw.normal(size=(4, 5)).astype(np.float32)
    expected = np.mean([(vectors - mean) @ head.matrix for head in heads], axis=0)
    found = Head.mean_of(heads)(vectors)
    assert found == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-6)


def test_a_layer_and_the_head_after_it_are_one_layer() -> None:
    draw = np.random.default_rng(6)
    matrix, bias = draw.normal(size=(9, 6)).astype(np.float32), draw.normal(size=6).astype(np.float32)
    head = Head(draw.normal(size=6).astype(np.float32), draw.normal(size=(6, 4)).astype(np.float32))
    features = draw.normal(size=(5, 9)).astype(np.float32)
    one_matrix, one_bias = head.after(matrix, bias)
    together = features @ one_matrix + one_bias
    assert together / np.linalg.norm(together, axis=1, keepdims=True) == pytest.approx(head(features @ matrix + bias), abs=1e-5)


def test_a_head_is_kept_with_its_name_and_another_has_another(tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    head = Head(draw.normal(size=6).astype(np.float32), draw.normal(size=(6, 4)).astype(np.float32))
    for name in ("a.npz", "b.npz"):
        head.write(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = Head.read(tmp_path / "a.npz")
    assert read.matrix.tobytes() == head.matrix.tobytes()
    assert read.name == head.name != Head(head.mean, head.matrix + np.float32(1e-6)).name
    assert re.fullmatch("head-[0-9a-f]{8}", head.name)


def test_folds_share_nobody_and_leave_nobody_out(given: Embeddings) -> None:
    folds = people.folds(given, 3)
    assert sum(len(fold.persons) for _, fold in folds) == len(given.persons)
    for others, fold in folds:
        assert len(others.persons) + len(fold.persons) == len(given.persons)
        assert not {row.tobytes() for row in others.upright} & {row.tobytes() for row in fold.upright}
        assert np.array_equal(np.bincount(fold.persons), fold.n_photographs)
        assert abs((fold.n_photographs == 1).sum() - 20) <= 1


def test_the_split_is_by_person_too(given: Embeddings, parts: tuple[Embeddings, Embeddings]) -> None:
    unseen, seen = parts
    assert len(unseen.n_photographs) == 0.3 * len(given.n_photographs)
    assert not {row.tobytes() for row in seen.upright} & {row.tobytes() for row in unseen.upright}


def test_the_table_leaves_open_what_too_few_people_allow(given: Embeddings) -> None:
    told = figures(baselines.none(given).samples(given))
    table = markdown([Row("nobody's head", [told, told])])
    assert len(told) == len(HEADINGS)
    assert table.count("–") == np.isnan(told).sum() > 0
    assert f"{told[0]:.4f} ± 0.0000".replace("0.", ".") in table


@pytest.mark.parametrize(
    ("n_photographs", "says"),
    [
        ([5], "One person alone"),
        ([1, 1, 1], "Nobody has two photographs"),
        ([2] * 14 + [1] * 9, "14 people have two photographs"),
    ],
)
def test_too_few_people_are_refused_in_plain_words(n_photographs: list[int], says: str) -> None:
    with pytest.raises(EnrolError, match=says):
        people.check(crowd(np.array(n_photographs)), n_folds=3)


def test_a_small_folder_is_stopped_by_the_pairs_that_it_has() -> None:
    small = crowd(np.repeat(3, 15))
    people.check(small, n_folds=3)
    for others, _ in people.folds(small, 3):
        epochs: list[Epoch] = []
        fit(others, baselines.pca(others, n=4), TRIALS["tail"].objective, plan=SHORT, report=epochs.append)
        assert np.isfinite([epoch.fnmr for epoch in epochs]).all()


@pytest.mark.parametrize("n_photographs", [[1, 1, 1], [2]], ids=["nobody twice", "one person"])
def test_nothing_stops_a_training_without_pairs(n_photographs: list[int]) -> None:
    held_out = crowd(np.array(n_photographs))
    with pytest.raises(EnrolError, match="Add more people"):
        tail(baselines.none(held_out), held_out)


@pytest.mark.parametrize("n_photographs", [[6], [1, 1]], ids=["one person", "nobody twice"])
def test_the_command_refuses_with_65(
    n_photographs: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "embeddings", lambda _: crowd(np.array(n_photographs)))
    assert train.main(["--faces", "anywhere"]) == 65
    assert "triplet needs" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_refused_with_65(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--faces", str(tmp_path / "nowhere")]) == 65
    assert "nowhere" in capsys.readouterr().err


def test_a_training_that_learns_nothing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(p=8, n_epochs=1, n_batches=1, rate=0.0)
    monkeypatch.setattr(train, "embeddings", lambda _: crowd(np.repeat([1, 3], [3, 15])))
    monkeypatch.setattr(train, "BUILD", tmp_path)
    monkeypatch.setattr(train, "TRIALS", {train.CHOSEN: Trial(TRIALS["tail"].objective, n_heads=2, plan=plan)})
    assert train.main(["--faces", "anywhere"]) == 0
    said = capsys.readouterr().out
    assert "Nothing was learnt" in said
    assert "too few people or photographs" in said
    assert "the same, 128 bytes" in said
    with np.load(tmp_path / "head.npz") as head:
        assert head["matrix"].shape == (N_VALUES, N_VALUES)
