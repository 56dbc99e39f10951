"""The unit beside an Edge TPU: real processes, the real networks, and the stand-in for its library."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from edgetpu.compiled_models import NAMES, with_compiled
from edgetpu.fates import ended_at_last
from edgetpu.in_places import places
from edgetpu.plugged import READY, plug
from PIL import Image

from edge import status, wiring
from edge.arguments import build_parser
from edge.commands import evaluate
from edge.config import Config, parse
from edge.device.tpu.edgetpu import State
from edge.device.tpu.opening import Claim
from edge.errors import ConfigError, DeviceError, ModelError
from edge.store import FILE_NAME, Store
from edge.types import Backend

ROOT = Path(__file__).parent.parent
PORTRAITS = ROOT / "var" / "portraits"
IN_PLACES = ROOT / "tests" / "edgetpu" / "in_places.py"
ON_EDGETPU, ON_CPU = (f"pnet=cpu rnet=cpu onet=cpu facenet={side}" for side in ("edgetpu", "cpu"))
N_MANY = 4000
"""More frames than a test ever plays."""
N_VISIT = 12
"""Somebody is there for so many frames, then nobody for as many, and so on."""

CONFIGURATION = """
panel.kind = "mock"
accelerator = {{ kind = "{kind}", library = "{library}" }}
placement = {{ pnet = "cpu", rnet = "cpu", onet = "cpu", facenet = "edgetpu" }}
attendance.duplicate_window_s = 0.0
"""


class Site:
    """A folder with a unit in it: models with compiled files, a stick, the library, and a configuration that uses them."""

    def __init__(self, folder: Path, library: Path, models: Path) -> None:
        self.folder, self.library, self.data = folder, library, folder / "var"
        for name in ("models", "dpkg", "var"):
            (folder / name).mkdir()
        for path in models.iterdir():
            (folder / "models" / path.name).symlink_to(path)
        self.configure("auto")

    def configure(self, kind: str) -> None:
        (self.data / "muster.toml").write_text(CONFIGURATION.format(kind=kind, library=self.library))

    def put(self, name: str, content: bytes) -> None:
        """Another file in the place of one of the models."""
        (self.folder / "models" / name).unlink()
        (self.folder / "models" / name).write_bytes(content)

    def plug_in(self) -> Path:
        return plug(self.folder, "2-1", READY)

    def unplug(self) -> None:
        shutil.rmtree(self.folder / "sys")

    def config(self, **given: dict) -> Config:
        return parse({"accelerator": {"library": str(self.library)} | given.pop("accelerator", {})} | given)

    @contextmanager
    def muster(self, *words: str, told: str = "") -> Iterator[subprocess.Popen[str]]:
        """A command in a process of its own, both outputs in one stream; killed if a test leaves it."""
        command = [sys.executable, str(IN_PLACES), str(self.folder), "--data", str(self.data), *words]
        lock = str(self.folder / "dev/bus/usb/002/003")
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "MUSTER_STAND_IN": told, "MUSTER_STAND_IN_LOCK": lock}
        with subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def status(self) -> status.Status:
        found = status.read(self.data / status.FILE_NAME)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The networks with their compiled files."""
    return with_compiled(tmp_path_factory.mktemp("models")).parent


@pytest.fixture
def site(tmp_path: Path, stand_in: Path, models: Path) -> Site:
    return Site(tmp_path, stand_in, models)


@pytest.fixture
def stick(site: Site) -> Path:
    return site.plug_in()


NOBODY = np.full((480, 640, 3), 90, np.uint8)


def recording(folder: Path, n: int, pixels: np.ndarray = NOBODY) -> str:
    """A folder of n frames in which somebody comes and goes."""
    folder.mkdir()
    for name, picture in (("nobody", NOBODY), ("somebody", pixels)):
        Image.fromarray(picture).save(folder.parent / f"{name}.png", compress_level=1)
    for i in range(n):
        name = "somebody" if i // N_VISIT % 2 == 0 else "nobody"
        (folder / f"{i:04d}.png").symlink_to(folder.parent / f"{name}.png")
    return f"replay:{folder}"


def empty_room(site: Site, *, n: int = 2) -> str:
    return recording(site.folder / "frames", n)


def at_the_door() -> np.ndarray:
    """Somebody whom the unit knows."""
    if not (PORTRAITS / "astronaut.png").exists():
        pytest.skip("var/portraits is not complete: `make portraits` fetches it")
    scene = np.full((480, 640, 3), 90, np.uint8)
    scene[:, 64:576] = np.asarray(Image.open(PORTRAITS / "astronaut.png").convert("RGB"))[:480]
    return scene


def enrol(site: Site, pixels: np.ndarray) -> None:
    """By the CPU, as enrolment is."""
    recogniser = wiring.recogniser(Config())
    vector = recogniser.embedder.templates(pixels, recogniser.detector.detect(pixels)[:1])[0]
    with Store.open(site.data / FILE_NAME, unit="test") as store:
        person = store.add_person("A1", "Somebody")
        store.add_template(person.id, vector, model=recogniser.model, photo_sha256="0" * 64)


def wait_for(process: subprocess.Popen[str], pattern: str, said: list[str]) -> None:
    """Read what the process says up to a line that matches."""
    for line in process.stdout or []:
        said.append(line.rstrip())
        if re.search(pattern, line):
            return
    raise AssertionError(f"ended without saying {pattern!r}: {said}")


def children(pid: int) -> list[int]:
    """The processes of an Edge TPU that a unit has."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if "edge.device.tpu.child" in Path(f"/proc/{child}/cmdline").read_text()]


def is_gone(pid: int) -> bool:
    """Neither at work nor waiting to be reaped."""
    return not Path(f"/proc/{pid}").exists()


# The whole unit


@pytest.mark.native
def test_the_edge_tpu_serves_dies_is_replaced_and_comes_back_and_every_row_says_where_it_was_computed(
    site: Site, stick: Path
) -> None:
    pixels, said = at_the_door(), []
    enrol(site, pixels)
    with site.muster("run", "--camera", recording(site.folder / "frames", N_MANY, pixels)) as process:
        wait_for(process, r"A1\): accepted", said)
        [first] = children(process.pid)
        os.kill(first, signal.SIGKILL)
        wait_for(process, "The Edge TPU does not work", said)
        site.unplug()  # until somebody was there whom the CPU has answered, however slow this machine is
        wait_for(process, "^degraded: LED amber", said)
        wait_for(process, r"A1\): accepted", said)
        during = site.status()
        site.plug_in()
        wait_for(process, "The Edge TPU works again", said)
        [second] = children(process.pid)
        for _ in range(2):
            wait_for(process, r"A1\): accepted", said)
        after = site.status()
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=20)[0].splitlines()
    assert process.returncode == 0
    assert is_gone(first)
    assert is_gone(second)
    assert sum("The Edge TPU does not work: its process died of SIGKILL" in line for line in said) == 1
    assert sum("The Edge TPU works again after" in line for line in said) == 1
    assert any("facenet on the Edge TPU (as configured)" in line for line in said)
    assert (during.accelerator.state, during.is_degraded) == ("degraded", True)
    assert (after.accelerator.state, after.is_degraded) == ("serving", False)
    assert (after.accelerator.n_failures, after.accelerator.n_recoveries) == (1, 1)
    assert after.accelerator.self_test.startswith("facenet's template is ")
    assert (during.networks[-1].latest_file, after.networks[-1].latest_file) == (
        "facenet-int8.tflite",
        "facenet-int8_edgetpu.tflite",
    )
    with Store.open(site.data / FILE_NAME, unit="test") as store:
        ran = [event.backends for event in store.events()]
    assert ran[0] == ran[-1] == ON_EDGETPU
    assert set(ran) == {ON_EDGETPU, ON_CPU}


def test_of_two_units_that_want_the_one_stick_the_second_is_told_who_has_it(
    site: Site, stick: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with site.muster("run", "--camera", empty_room(site, n=N_MANY)) as first:
        wait_for(first, "Where the networks run", [])
        [child] = children(first.pid)
        busy = (
            f"it is busy: another process of Muster has it (a `muster run`, say; the library is in its child {child}). End that"
        )
        said, state = fit(site, placement={"facenet": "edgetpu"})
        assert (state, "on the CPU until the Edge TPU serves" in said) == (State.DEGRADED, True)
        assert f"The Edge TPU does not work: {busy}" in caplog.text
        with pytest.raises(DeviceError, match=f"the Edge TPU cannot be used: {re.escape(busy)}"):
            fit(site, **DEMANDED)
        assert children(first.pid) == [child], "the first was not disturbed"
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
    assert is_gone(child)


def test_a_unit_that_is_killed_takes_the_edge_tpu_s_process_with_it(site: Site, stick: Path) -> None:
    with site.muster("run", "--camera", empty_room(site, n=N_MANY)) as process:
        wait_for(process, "Where the networks run", [])
        [child] = children(process.pid)
        with ended_at_last(child) as gone:
            process.kill()
            assert select.select([gone], [], [], 10)[0] == [gone]


# Who demands an Edge TPU gets one, or the reason why not


def test_auto_without_a_stick_is_the_cpu_and_says_so(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    wish = {"placement": {"facenet": "edgetpu", "pnet": "cpu"}}
    config = site.config(camera={"source": empty_room(site)}, panel={"kind": "none"}, **wish)
    tally, _ = wiring.run(config, site.data, report=lambda _: None, places=places(site.folder))
    assert tally.n_frames == 2
    assert "No Edge TPU is plugged in; until one is, every network runs on the CPU." in caplog.messages
    assert (site.status().accelerator.state, site.status().is_degraded) == ("absent", False)
    assert {network.backend for network in site.status().networks} == {Backend.CPU}
    assert [network.name for network in site.status().networks if network.is_elsewhere] == ["facenet"]
    assert site.status().networks[-1].latest_file == "facenet-int8.tflite", "what really ran"


@pytest.mark.parametrize("kind", ["auto", "edgetpu"])
def test_sigterm_while_a_stick_that_hangs_is_opened_is_heard(site: Site, stick: Path, kind: str) -> None:
    site.configure(kind)
    with site.muster("run", "--camera", empty_room(site), told="hang open") as process:
        while not children(process.pid):
            assert not select.select([process.stdout], [], [], 0.02)[0] or "XNNPACK" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=10)[0]
    assert process.returncode == 0, said
    assert "does not work" not in said


def test_cpu_leaves_it_alone(site: Site, stick: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    config = site.config(camera={"source": empty_room(site)}, panel={"kind": "none"}, accelerator={"kind": "cpu"})
    wiring.run(config, site.data, report=lambda _: None, places=places(site.folder))
    assert site.status().accelerator is None
    assert {network.reason for network in site.status().networks} == {"as configured"}
    assert not [line for line in caplog.messages if "Edge TPU" in line]


def fit(site: Site, **given: dict) -> tuple[str, State | None]:
    """What a unit of this configuration comes to at its start."""
    with wiring.fitted(site.config(**given), site.data, places(site.folder)) as (_, fitting):
        report = fitting.report()
        return str(fitting), report and report.state


DEMANDED = {"accelerator": {"kind": "edgetpu"}}


def test_edgetpu_without_a_stick_does_not_start(site: Site) -> None:
    with pytest.raises(DeviceError, match=r"the Edge TPU cannot be used: it is not plugged in.*muster doctor.*auto") as caught:
        fit(site, **DEMANDED)
    assert caught.value.exit_code == 69


def test_another_stick_than_the_one_that_is_wanted_is_named_beside_it(site: Site, stick: Path) -> None:
    named = 'accelerator.device = "usb:3" is not plugged in; there is usb:0 (USB 2-1)'
    said, state = fit(site, accelerator={"device": "usb:3"})
    assert (said, state) == (f"{named}. Until it is, every network runs on the CPU.", State.ABSENT)
    with pytest.raises(DeviceError, match=f"the Edge TPU cannot be used: {re.escape(named)}"):
        fit(site, accelerator={"kind": "edgetpu", "device": "usb:3"})


def test_edgetpu_without_the_library_does_not_start(site: Site, stick: Path) -> None:
    with pytest.raises(DeviceError, match=r'cannot be used: .*/libedgetpu.so.2" is not there. Set'):
        fit(site, accelerator={"kind": "edgetpu", "library": f"{site.library.parent}/libedgetpu.so.2"})


def test_edgetpu_that_does_not_open_does_not_start(
    site: Site, stick: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MUSTER_STAND_IN", "no device")
    with pytest.raises(DeviceError, match=r"cannot be used: .*finds no Edge TPU that it can use"):
        fit(site, **DEMANDED)
    assert not caplog.messages, "that the CPU answers now would not be true"


def test_edgetpu_with_a_compiled_file_that_does_not_match_does_not_start_and_auto_does(
    site: Site, stick: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.put("facenet-int8_edgetpu.tflite", b"\x1c\0\0\0TFL3 edgetpu-custom-op of something else")
    wish = {"placement": {"facenet": "edgetpu", "pnet": "cpu", "rnet": "cpu", "onet": "edgetpu"}}
    with pytest.raises(ModelError, match=r"the Edge TPU cannot run what it should.*facenet-int8_edgetpu.tflite") as caught:
        fit(site, **DEMANDED, **wish)
    assert caught.value.exit_code == 65
    said, state = fit(site, **wish)
    assert "facenet on the CPU (compiled file: altered)" in said
    assert "onet on the Edge TPU (as configured)" in said
    assert state is State.SERVING
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("placement.facenet is 'edgetpu', and it runs on the CPU.")


def test_several_compiled_files_that_do_not_match_are_one_warning(
    site: Site, stick: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in NAMES:
        site.put(f"{name}-int8_edgetpu.tflite", b"\x1c\0\0\0TFL3 edgetpu-custom-op of something else")
    fit(site, placement=dict.fromkeys(NAMES, "edgetpu"))
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("placement.pnet, placement.rnet, placement.onet, placement.facenet are 'edgetpu', and they run on")
    assert warning.count("make edgetpu") == 1
    assert warning.endswith("`muster doctor` has a line for each.")


def test_a_manifest_that_is_no_toml_keeps_a_unit_from_starting_and_its_line_is_named(site: Site, stick: Path) -> None:
    site.put("manifest.toml", (site.folder / "models" / "manifest.toml").read_bytes() + b"\n[networks.x\ny = 1\n")
    with pytest.raises(ModelError, match=r"manifest.toml: is not TOML \(.*at line \d+") as caught:
        fit(site)
    assert caught.value.exit_code == 65


def test_edgetpu_with_every_network_on_the_cpu_is_a_contradiction(site: Site, stick: Path) -> None:
    with pytest.raises(ConfigError, match="'placement' puts every network on the CPU") as caught:
        fit(site, **DEMANDED, placement=dict.fromkeys(NAMES, "cpu"))
    assert caught.value.exit_code == 78


def test_a_stick_without_compiled_files_is_not_opened(site: Site, stick: Path) -> None:
    site.put("manifest.toml", (ROOT / "models" / "manifest.toml").read_bytes())
    said, state = fit(site)
    assert (said, state) == ("Where the networks run: pnet, rnet, onet, facenet on the CPU (made for the CPU alone).", None)
    with pytest.raises(ModelError, match="make edgetpu"):
        fit(site, **DEMANDED)


def test_what_is_measured_at_the_first_start_holds_at_the_second(site: Site, stick: Path) -> None:
    first, state = fit(site, detection={"min_face_px": 40})
    assert state in {State.SERVING, State.ABSENT}, "absent: on this machine the stand-in gains nothing"
    assert "pnet on the CPU (pnet is compiled for a canvas of 128 x 216 px" in first
    kept = json.loads((site.data / wiring.accelerator.CACHE_NAME).read_text())
    assert set(kept) == {"rnet", "onet", "facenet"}
    key = kept["facenet"]["key"]
    assert (key["usb_mbps"], key["threads"], len(key["library"])) == (5000, Config().recognition.threads, 64)
    claim = Claim()
    with wiring.fitted(site.config(detection={"min_face_px": 40}), site.data, places(site.folder)) as (_, fitting):
        assert str(fitting) == first
        assert claim.take(f"{site.folder / 'sys'} USB 2-1") is (fitting.report().state is State.ABSENT), "what is left is free"
    claim.release()


# Evaluation


def test_an_evaluation_says_where_each_network_ran(site: Site, stick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at_the_door()
    for name in ("astronaut.png", "obama.jpg", "obama2.jpg"):
        person = site.folder / "people" / re.sub(r"\d?\..*", "", name)
        person.mkdir(parents=True, exist_ok=True)
        shutil.copy(PORTRAITS / name, person)
    words = ["--data", str(site.data), "evaluate", str(site.folder / "people"), "--json", str(site.folder / "figures.json")]
    evaluate.run(build_parser().parse_args(words), places=places(site.folder))
    told = json.loads((site.folder / "figures.json").read_text())
    assert set(told["backends"]["facenet"]) == {"edgetpu"}
    assert set(told["backends"]["pnet"]) == {"cpu"}
    assert "Where the networks ran: pnet cpu, rnet cpu, onet cpu, facenet edgetpu." in capsys.readouterr().out


@pytest.mark.native
def test_templates_of_both_places_are_of_one_model_and_near_each_other(site: Site, stick: Path) -> None:
    pixels = at_the_door()
    config = site.config(placement={"pnet": "cpu", "rnet": "cpu", "onet": "cpu", "facenet": "edgetpu"})
    on_cpu = wiring.recogniser(config)
    faces = on_cpu.detector.detect(pixels)[:1]
    with wiring.fitted(config, site.data, places(site.folder)) as (there, fitting):
        template = there.embedder.templates(pixels, faces)[0]
        assert fitting.networks["facenet"].backend is Backend.EDGETPU
    assert there.model == on_cpu.model
    assert float(np.sum((template - on_cpu.embedder.templates(pixels, faces)[0]) ** 2)) < 0.02
