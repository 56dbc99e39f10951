"""What the doctor says of the files for the Edge TPU, and of where the networks will run."""

from __future__ import annotations

import hashlib
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
from edge.errors import ConfigError, ModelError


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
    assert found["compiled models"].sentence == "no network can run on the Edge TPU; pnet, rnet, onet, facenet: missing"
    assert found["compiled models"].advice.startswith("run `make edgetpu`")
    assert found["edge tpu use"].advice == "see to the compiled models first"
    assert found["placement"].sentence == "on the CPU: pnet, rnet, onet, facenet (made for the CPU alone)"


def test_some_that_are_there_are_used(look: Examine, tmp_path: Path) -> None:
    assert look()["compiled models"].state is State.OK, "nothing is plugged in"
    plug(tmp_path, "2-1", READY)
    found = look()
    assert found["compiled models"].state is State.WARNING
    assert found["compiled models"].sentence == "rnet, onet can run on the Edge TPU; pnet, facenet: missing"


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


def test_placing_all_on_the_cpu_and_demanding_an_edge_tpu_is_a_contradiction_as_it_is_to_a_unit_that_starts(
    places: Places, tmp_path: Path
) -> None:
    config = parse({"accelerator": {"kind": "edgetpu"}, "placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert set(found) == {"edge tpu", "edge tpu use", "placement"}
    assert found["edge tpu"].state is State.FAULT
    assert "placement puts every network on the CPU" in found["edge tpu"].sentence
    assert found["edge tpu"].advice == "change one of the two"
    assert found["edge tpu use"].state is State.WARNING, "it is not opened, and that is not in order"
    assert found["placement"].state is State.WARNING
    with (
        pytest.raises(ConfigError, match="puts every network on the CPU; change one of the two"),
        wiring.fitted(config, tmp_path, wiring.Places(places.manifest or tmp_path, places.tpu)),
    ):
        pass
    config = parse({"placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["compiled models"].state is State.OK


@pytest.mark.native
def test_the_file_of_another_network_is_named_and_keeps_no_other_off_the_edge_tpu(
    look: Examine, places: Places, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    manifest = with_compiled(tmp_path / "models", ("rnet", "onet"))
    content = (tmp_path / "models/onet-int8_edgetpu.tflite").read_bytes()
    path = tmp_path / "models/rnet-int8_edgetpu.tflite"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(content)
    manifest.write_text(manifest.read_text().replace(before, hashlib.sha256(content).hexdigest()))
    plug(tmp_path, "2-1", READY)
    found = look(replace(places, manifest=manifest))
    assert found["compiled models"].state is State.WARNING
    assert f"onet can run on the Edge TPU; pnet, facenet: missing; {path}: does not fit" in found["compiled models"].sentence
    assert "TensorSpec" not in found["compiled models"].sentence
    assert "make edgetpu" in found["compiled models"].advice
    assert found["edge tpu use"].state is State.OK
    assert "rnet (compiled file: of another network)" in found["placement"].sentence


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
    words = "rnet, onet can run on the Edge TPU; pnet, facenet: missing; and facenet is to run there by [placement]"
    assert (found.state, found.sentence) == (state, words)
    config = parse({"accelerator": {"kind": kind}, "placement": {"rnet": "edgetpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}["compiled models"]
    assert found.state is State.WARNING, "the others may stay on the CPU"


def test_what_is_wished_for_by_name_is_missed_also_where_no_stick_is(places: Places, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    without = replace(places, manifest=with_compiled(tmp_path / "models", ()))
    config = parse({"placement": {"facenet": "edgetpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, without, found_models=FINE)}["compiled models"]
    assert found.state is State.WARNING
    assert found.sentence.endswith("facenet: missing; and facenet is to run there by [placement]")
    assert found.advice.startswith("run `make edgetpu`")


def test_where_nothing_starts_no_place_is_promised(look: Examine, places: Places, tmp_path: Path) -> None:
    without = look(kind="edgetpu")["placement"]
    assert (without.state, without.sentence.partition(":")[0]) == (State.WARNING, "nowhere")
    plug(tmp_path, "2-1", READY)
    config = parse({"accelerator": {"kind": "edgetpu"}, "placement": {"facenet": "edgetpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["edge tpu use"].state is State.OK
    assert found["placement"].sentence.startswith("nowhere"), "facenet has no file"
    assert look(kind="edgetpu")["placement"].state is State.OK


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
        "on the CPU: pnet (made for the CPU alone), facenet (as configured); "
        "on the faster of the two, as the next start finds: rnet (not measured yet); "
        "on the Edge TPU: onet (as configured)"
    )
