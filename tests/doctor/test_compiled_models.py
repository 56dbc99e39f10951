"""What the doctor says of the files for the Edge TPU, and of where the networks will run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from doctor.units import FINE, NETWORKS, Examine
from edgetpu.compiled_models import with_compiled
from edgetpu.plugged import READY, plug

from edge import wiring
from edge.config import parse
from edge.doctor import Finding, Places, State
from edge.doctor.accelerator import accelerator
from edge.errors import ModelError


def compiled(look: Examine, places: Places, manifest: Path, **config: str) -> Finding:
    return look(replace(places, manifest=manifest), **config)["compiled models"]


def test_missing_files_are_named_where_they_are_missed(look: Examine, places: Places, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    none = with_compiled(tmp_path / "models", ())
    found = compiled(look, places, none)
    assert (found.state, found.sentence.partition(",")[0]) == (State.OK, "there are none"), "nothing is plugged in"
    assert compiled(look, places, none, kind="edgetpu").state is State.FAULT
    plug(tmp_path, "2-1", READY)
    found = look(replace(places, manifest=none))
    assert found["compiled models"].sentence == "no network can run on it; pnet, rnet, onet, facenet: missing"
    assert found["compiled models"].advice.startswith("run `make edgetpu`")
    assert found["edge tpu use"].advice == "see to the compiled models first"
    assert found["placement"].sentence == "on the CPU: pnet, rnet, onet, facenet (no compiled file)"


def test_some_that_are_there_are_used(look: Examine, tmp_path: Path) -> None:
    assert look()["compiled models"].state is State.OK, "nothing is plugged in"
    plug(tmp_path, "2-1", READY)
    found = look()
    assert found["compiled models"].state is State.WARNING
    assert found["compiled models"].sentence == "rnet, onet can run on it; pnet, facenet: missing"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('twin_sha256 = "', 'twin_sha256 = "0', "was compiled from another rnet-int8.tflite than the one that is here"),
        ('\nsha256 = "', '\nsha256 = "0', "is not the file that manifest.toml names"),
    ],
)
def test_a_file_that_does_not_match_is_named(
    look: Examine, places: Places, tmp_path: Path, old: str, new: str, words: str
) -> None:
    (tmp_path / "models").mkdir()
    manifest = with_compiled(tmp_path / "models", ("rnet",))
    head, tail = manifest.read_text().split("[networks.rnet.variants.int8.compiled]")
    manifest.write_text(f"{head}[networks.rnet.variants.int8.compiled]{tail.replace(old, new)}")
    found = compiled(look, places, manifest)
    assert found.state is State.WARNING, "also while nothing is plugged in"
    assert words in found.sentence
    assert "make edgetpu" in found.advice


@pytest.mark.parametrize(("content", "words"), [(b"", "only a part"), (b"\x1c\0\0\0TFL3" + bytes(64), "never compiled")])
def test_a_file_that_is_something_else_is_named(
    look: Examine, places: Places, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "models").mkdir()
    manifest = with_compiled(tmp_path / "models", ("rnet",))
    (tmp_path / "models/rnet-int8_edgetpu.tflite").write_bytes(content)
    assert words in compiled(look, places, manifest).sentence


def test_placing_all_on_the_cpu_and_demanding_an_edge_tpu_is_a_contradiction(places: Places, tmp_path: Path) -> None:
    config = parse({"accelerator": {"kind": "edgetpu"}, "placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["compiled models"].state is State.FAULT
    assert found["edge tpu use"].state is State.WARNING, "it is not opened, and that is not in order"
    config = parse({"placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["compiled models"].state is State.OK


def test_a_stick_that_has_nothing_to_run_is_left_alone(places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    config = parse({"placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert {each.state for each in found.values()} == {State.OK}
    assert found["edge tpu use"].sentence == "nothing is to run on it"


@pytest.mark.parametrize(("kind", "state"), [("auto", State.WARNING), ("edgetpu", State.FAULT)])
def test_a_network_that_is_placed_there_and_has_no_file_is_as_bad_as_the_unit_takes_it(
    places: Places, tmp_path: Path, kind: str, state: State
) -> None:
    plug(tmp_path, "2-1", READY)
    config = parse({"accelerator": {"kind": kind}, "placement": {"facenet": "edgetpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}["compiled models"]
    assert (found.state, found.sentence) == (state, "rnet, onet can run on it; pnet, facenet: missing")
    config = parse({"accelerator": {"kind": kind}, "placement": {"rnet": "edgetpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}["compiled models"]
    assert found.state is State.WARNING, "the others may stay on the CPU"


def test_with_an_edge_tpu_demanded_a_unit_does_not_start_then(places: Places, tmp_path: Path) -> None:
    config = parse({"accelerator": {"kind": "edgetpu"}, "placement": {"facenet": "edgetpu"}})
    where = wiring.Places(places.manifest or tmp_path, places.tpu)
    with pytest.raises(ModelError), wiring.fitted(config, tmp_path, where):
        pass


@pytest.mark.parametrize(
    ("config", "words", "advice"),
    [
        (
            {"recognition": {"variant": "float32"}, "placement": {"pnet": "cpu"}},
            "facenet: float32 is configured",
            "set detection.",
        ),
        ({"detection": {"variant": "float32"}}, "facenet: missing; pnet: float32", "un `make edgetpu`"),
        ({"detection": {"variant": "float32"}}, "onet: float32", '(facenet, and then enrol everybody again) to "auto"'),
    ],
)
def test_float32_as_configured_is_told_with_what_to_do_and_troubles_nobody_without_a_stick(
    places: Places, tmp_path: Path, config: dict[str, dict[str, str]], words: str, advice: str
) -> None:
    def found() -> Finding:
        all_of_it = accelerator(parse(config), tmp_path, places, found_models=FINE)
        return next(each for each in all_of_it if each.name == "compiled models")

    assert (found().state, found().advice) == (State.OK, "")
    plug(tmp_path, "2-1", READY)
    assert found().state is State.WARNING
    assert words in found().sentence
    assert advice in found().advice
    assert found().advice.count("set detection.variant") == 1, "what to do is said once"


def test_where_each_network_will_run_and_why(places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    config = parse({"placement": {"onet": "edgetpu", "facenet": "cpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["placement"].sentence == (
        "on the CPU: pnet (no compiled file), facenet (as configured); "
        "on the faster of the two, which the next start finds out or remembers: rnet (not measured yet); "
        "on the Edge TPU: onet (as configured)"
    )
