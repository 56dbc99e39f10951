"""The study of both backends: what it is built of, on numbers whose answer is known. The figures themselves need the faces."""

from __future__ import annotations

import numpy as np
import pytest

from edge.device.manifest import read_spec
from edge.evaluation.samples import Samples
from edge.matching.combination import BEST
from edge.matching.score_table import ScoreTable
from edge.vectors import unit
from models import MANIFEST
from models.head.embeddings import Embeddings
from models.head.linear import Head
from models.scores import SETTINGS

schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="the study takes files apart with what LiteRT brings")

from models.studies import backends, rounding  # noqa: E402
from models.studies.answers import answers  # noqa: E402
from models.studies.arithmetic import Computed, Kernels, before_the_last_layer, erring, scattered, truncating  # noqa: E402
from models.studies.stand_ins import Int8Head, Seen, in_common  # noqa: E402

SPEC = read_spec(MANIFEST, "rnet", variant="int8")
FACENET = read_spec(MANIFEST, "facenet", variant="int8")


def rows(n: int, side: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-128, 128, (n, side, side, 3)).astype(np.int8)


def vectors(n: int, d: int, *, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


class TestArithmetic:
    def test_the_cpus_own_kernels_answer_as_the_product_does(self) -> None:
        given = {"rnet": rows(5, 24)}
        ours, theirs = answers(given), rounding.computed(given)
        assert set(ours) == {"rnet.logit", "rnet.offsets"}
        for name, expected in ours.items():
            np.testing.assert_array_equal(theirs[name], expected)

    def test_a_network_that_errs_by_nothing_answers_the_same(self) -> None:
        given = {"rnet": rows(5, 24)}
        for name, expected in answers(given).items():
            np.testing.assert_array_equal(rounding.computed(given, errors=np.zeros)[name], expected)

    def test_layers_that_round_down_answer_otherwise(self) -> None:
        given = {"rnet": rows(20, 24)}
        found = rounding.apart(SPEC, answers(given), rounding.computed(given, errors=truncating))
        assert 1 <= found.largest <= 20

    def test_the_last_layer_errs_by_the_steps_that_it_is_told(self) -> None:
        content = SPEC.path.read_bytes()
        names = [output.name for output in SPEC.outputs]
        widths = {1: 0.0, 4: 7.0}  # logits stay, offsets move: their layers have one channel and four
        network = Computed(SPEC, content=erring(content, lambda n: np.full(n, widths.get(n, 0.0))))
        moved, own = network.run(rows(1, 24)), Computed(SPEC).run(rows(1, 24))
        np.testing.assert_array_equal(moved[names.index("logit")], own[names.index("logit")])
        np.testing.assert_allclose(moved[names.index("offsets")].astype(int) - own[names.index("offsets")], 7, atol=1)

    def test_the_same_seed_errs_alike(self) -> None:
        one, other = (scattered(1, np.random.default_rng(5))(40) for _ in range(2))
        np.testing.assert_array_equal(one, other)
        assert 0.5 < np.abs(one).max() <= 1

    def test_facenet_ends_before_its_last_layer_and_the_int8_head_is_that_layer(self) -> None:
        content, batch = FACENET.path.read_bytes(), np.random.default_rng(2).uniform(-1, 1, (2, 160, 160, 3)).astype(np.float32)
        cut, rest = before_the_last_layer(FACENET, content)
        (before,) = Computed(cut, content=rest)(batch).values()
        assert before.shape == (2, 1, 1, 1792)
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        last = next(operator for operator in reversed(model.subgraphs[0].operators) if len(operator.inputs) == 3)
        given, weights, bias = (model.subgraphs[0].tensors[index] for index in last.inputs)
        scales = np.array(weights.quantization.scale, np.float32)
        matrix = np.frombuffer(bytes(model.buffers[weights.buffer].data), np.int8).reshape(128, 1792).T * scales
        constants = np.frombuffer(bytes(model.buffers[bias.buffer].data), np.int32) * scales * given.quantization.scale[0]
        output = FACENET.outputs[0]
        head = Int8Head(matrix, constants.astype(np.float32), (-128 - output.zero_point) * output.scale, output.scale)
        whole = Computed(FACENET)(batch)["template"]
        np.testing.assert_allclose(head.steps(before.reshape(2, 1792)) * output.scale, whole, atol=1.01 * output.scale)


class TestInt8Head:
    def head(self) -> tuple[Head, tuple[np.ndarray, np.ndarray], np.ndarray]:
        return (
            Head(vectors(1, 12, seed=4)[0], vectors(12, 8, seed=5)),
            (vectors(40, 12), vectors(1, 12, seed=6)[0]),
            vectors(500, 40),
        )

    def test_it_is_the_float_head_but_for_its_steps(self) -> None:
        head, layer, inputs = self.head()
        templates = Int8Head.of(head, layer, inputs)(inputs)
        exact = head(np.asarray(inputs @ layer[0] + layer[1], np.float32))
        apart = backends.distances(templates, exact)
        assert 0 < np.median(apart) < 0.002
        np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1, rtol=1e-5)

    def test_it_tells_256_outputs_and_no_more(self) -> None:
        steps = Int8Head.of(*self.head()).steps(100 * self.head()[2])
        np.testing.assert_array_equal(steps, np.rint(steps))
        assert np.ptp(steps) == 255

    def test_a_disturbed_one_errs_by_the_steps_that_it_is_told(self) -> None:
        head = Int8Head.of(*self.head())
        inputs = self.head()[2]
        clean, still, restless = (
            head(inputs),
            head.disturbed(0, np.random.default_rng(1))(inputs),
            head.disturbed(8, np.random.default_rng(1))(inputs),
        )
        np.testing.assert_array_equal(still, clean)
        assert np.median(backends.distances(restless, clean)) > 10 * np.finfo(np.float32).eps


def test_apart_tells_the_worst_output_in_its_own_steps() -> None:
    ours = {"rnet.logit": np.zeros((3, 1), np.int8), "rnet.offsets": np.full((3, 4), -128, np.int8)}
    theirs = {"rnet.logit": np.full((2, 1), 3, np.int8), "rnet.offsets": np.full((2, 4), 127, np.int8)}
    assert rounding.apart(SPEC, ours, theirs)[:2] == (255, 255)
    assert not len(rounding.apart(SPEC, ours, theirs).distances)


def test_networks_are_shown_the_grey_values_less_128() -> None:
    crops = np.full((2, 160, 160, 3), 200, np.uint8)
    shown = rounding.inputs(crops)
    assert {name: array.shape[1:3] for name, array in shown.items()} == {
        "pnet": (216, 128),
        "rnet": (24, 24),
        "onet": (48, 48),
        "facenet": (160, 160),
    }
    assert all((array == 72).all() for array in shown.values())


def test_only_photographs_that_every_backend_saw_a_face_in_are_compared() -> None:
    def seen(*numbers: int) -> Seen:
        marks = np.array(numbers, np.float32)[:, np.newaxis]
        return Seen(marks, -marks, np.array(numbers), np.array(numbers) // 2, np.array([2, 2, 2]))

    one, other = seen(0, 1, 2, 4, 5), seen(1, 2, 3, 4)
    common = in_common([one, other])
    np.testing.assert_array_equal(common, [1, 2, 4])
    for each in (one.only(common), other.only(common)):
        np.testing.assert_array_equal(each.upright[:, 0], [1, 2, 4])
        np.testing.assert_array_equal(each.persons, [0, 1, 2])
        np.testing.assert_array_equal(each.n_photographs, [2, 2, 2])


def test_backends_that_number_the_people_otherwise_are_not_compared() -> None:
    def of(*n_photographs: int) -> Embeddings:
        return Embeddings(vectors(4, 2), vectors(4, 2), np.array([0, 0, 1, 2]), np.array(n_photographs))

    backends.check_same_people(of(2, 1, 1), {"CPU": of(2, 1, 1)})
    with pytest.raises(ValueError, match="CPU: its people are not those of the heads"):
        backends.check_same_people(of(2, 1, 1), {"CPU": of(1, 2, 1)})


def fold(*, moved: float) -> backends.Fold:
    """310 people with four photographs and 400 strangers; one backend sees everybody a little elsewhere."""
    generator = np.random.default_rng(7)
    n_photographs = np.array([4] * 310 + [1] * 400)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    clean = unit((generator.normal(size=(710, 32))[persons] + 0.3 * generator.normal(size=(len(persons), 32))).astype(np.float32))
    other = unit(clean + np.float32(moved) * generator.normal(size=clean.shape).astype(np.float32))
    samples = {backends.FLOAT32: clean, backends.CPU.name: clean, backends.EDGETPU.name: other, backends.TRUNCATING.name: other}
    head = Int8Head(np.eye(32, dtype=np.float32), np.zeros(32, np.float32), -1.0, 1 / 127)
    named = {name: Samples(each, persons, n_photographs) for name, each in samples.items()}
    return backends.Fold(named, head, Embeddings(clean, clean, persons, n_photographs))


def table() -> ScoreTable:
    """Strangers of random directions in 32 dimensions, about; the tests ask who is missed, not how often strangers are named."""
    return ScoreTable.of(
        {
            "model": "",
            "n_people": 710,
            "distances": [0.4, 1.0, 1.6],
            "fmr": [1e-6, 1e-4, 1e-2],
            "smallest_fmr": 1e-6,
            "spread": [1.0, 1.0, 1.0],
            BEST.value: {"multiples": [1.0] * 5, "misses": [{"n_frames": 1, "fnmr": [[0.5, 0.1, 0.0]] * 5}]},
        }
    )


def fnirs(line: str) -> list[float]:
    """The FNIR at equal FPIR of each setting."""
    return [float(cell.split(";")[0]) for cell in line.split("|")[3 : 3 + len(SETTINGS)]]


def test_there_is_a_line_for_each_way_between_the_backends() -> None:
    lines = list(backends.galleries([fold(moved=0.0)], [table()]))[1:]
    assert [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in lines] == list(backends.ROUTES)
    assert all(line.count("%") == 2 * len(SETTINGS) for line in lines), "a mean and one fold in each setting"
    assert len({line.split("|", 3)[3] for line in lines}) == 1, "backends that see the same come to the same"


def test_a_backend_that_sees_people_elsewhere_misses_them_in_the_others_gallery() -> None:
    lines = list(backends.galleries([fold(moved=0.25)], [table()]))[1:]
    by_route = dict(zip(backends.ROUTES, lines, strict=True))
    same, mixed = (by_route[backends.CPU.name, door] for door in (backends.CPU.name, backends.EDGETPU.name))
    assert all(b > a for a, b in zip(fnirs(same), fnirs(mixed), strict=True))


def test_the_gallery_is_of_one_backend_and_the_door_of_the_other() -> None:
    one, other = (Samples(vectors(3, 4, seed=seed), np.arange(3), np.ones(3, np.intp)) for seed in (1, 2))
    mixed = backends.across(one, other)
    np.testing.assert_array_equal(mixed.in_gallery, one.templates)
    np.testing.assert_array_equal(mixed.templates, other.templates)


def test_the_same_photograph_is_compared_with_itself() -> None:
    lines = list(backends.photographs([fold(moved=0.0)]))
    assert all("| 0.0000 | 0.0000 | 0.000 |" in line for line in lines[1:])
    far = list(backends.photographs([fold(moved=0.25)]))
    assert float(far[2].split("|")[2]) > 0.2


def test_noise_drives_people_apart_and_none_leaves_them() -> None:
    lines = list(backends.noise([fold(moved=0.0)], [table()]))[2:]
    apart = [float(line.split("|")[2]) for line in lines]
    assert apart[0] == pytest.approx(0, abs=2e-3), "what the bytes of a template round away"
    assert apart == sorted(apart)
    assert fnirs(lines[-1])[0] > fnirs(lines[0])[0]


def test_builtin_kernels_are_other_kernels() -> None:
    given = {"rnet": rows(60, 24)}
    found = rounding.apart(SPEC, answers(given), rounding.computed(given, Kernels.BUILTIN))
    assert found.largest <= 4
