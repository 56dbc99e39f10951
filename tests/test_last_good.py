"""A configuration with a fault: it is said everywhere, and the unit works with the last one that did."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from edge import status, wiring
from edge.cli import main
from edge.config import Config, keep, last_good, load, parse
from edge.config.last_good import FILE_NAME
from edge.device.camera import Wanted, must_be_there
from edge.device.lock import alone
from edge.errors import ConfigError, DeviceError
from edge.types import Signal
from edge.wiring.origin import Origin, at_rest, unusable

ROOT = Path(__file__).parent.parent
N_MANY = 1500


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Ask = Callable[..., Said]

needs_models = pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them")


# What is said of a fault


def test_a_fault_is_said_with_the_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "muster.toml"
    path.write_text(
        "unit.name = ''\n# camera = 1\n[camera]\n  source = 'usb:seven'\n'fps' = 0\n\n[ panel ] # pins\nred_pin = 5\n"
        "green_pin = 5\n[acelerator]\nkind = 'cpu'\n",
    )
    with pytest.raises(ConfigError) as caught:
        load(path)
    told = [fault.removeprefix(str(path)) for fault in caught.value.faults]
    assert [re.match(r", line (\d+): '([a-z._]+)'", fault).groups() for fault in told] == [  # type: ignore[union-attr]
        ("10", "acelerator"),
        ("1", "unit.name"),
        ("4", "camera.source"),
        ("5", "camera.fps"),
        ("9", "panel.green_pin"),
    ]
    assert "did you mean 'accelerator'?" in told[0]


def test_a_fault_of_a_key_that_is_not_written_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "muster.toml"
    path.write_text("[attendance]\ndirection = 'schedule'\n")
    with pytest.raises(ConfigError, match=r"muster\.toml: 'attendance\.schedule' and 'attendance\.direction' belong together"):
        load(path)


# What is kept


def test_it_is_kept_word_for_word_and_written_once(tmp_path: Path) -> None:
    text = "# Käthe's own\n[unit]\nname = 'door'\n"
    keep(text, tmp_path)
    before = last_good(tmp_path)
    assert before is not None
    assert (before.text, before.config.unit.name, before.path) == (text, "door", tmp_path / FILE_NAME)
    written = before.path.stat()
    assert written.st_mode & 0o777 == 0o600, "what is copied may have been for its owner alone"
    keep(text, tmp_path)
    assert before.path.stat().st_ino == written.st_ino, "a card is not written to at each start"
    keep("", tmp_path)
    after = last_good(tmp_path)
    assert after is not None
    assert after.config == Config()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME], "nothing is left behind"


def test_one_that_cannot_be_written_leaves_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    keep("[unit]\nname = 'door'\n", tmp_path)
    limit = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code = (
        f"{limit}resource.setrlimit(resource.RLIMIT_FSIZE, (5, 5))\nfrom pathlib import Path\nfrom edge.config import keep\n"
        f"try:\n    keep('# a longer one', Path({str(tmp_path)!r}))\nexcept OSError as error:\n    print(error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    kept = last_good(tmp_path)
    assert kept is not None
    assert kept.config.unit.name == "door"


@pytest.mark.parametrize("content", [b"[unit]\nnmae = 'x'\n", b"[unit", b"\xff"])
def test_one_that_this_version_cannot_use_is_none(tmp_path: Path, content: bytes) -> None:
    assert last_good(tmp_path) is None
    (tmp_path / FILE_NAME).write_bytes(content)
    assert last_good(tmp_path) is None


# What is there


def test_a_camera_that_is_not_there_is_told_without_opening_any(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    must_be_there(Wanted("usb:0", (640, 480), 15), tmp_path)
    with pytest.raises(DeviceError, match=r"video7 is not there \(cameras found: video0\)"):
        must_be_there(Wanted("usb:7", (640, 480), 15), tmp_path)
    for source in (f"replay:{tmp_path / 'gone'}", f"replay:{tmp_path}"):
        with pytest.raises(DeviceError, match=r"is not there|holds no picture"):
            must_be_there(Wanted(source, (640, 480), 15), tmp_path)


def test_a_pi_camera_is_looked_for_in_its_own_list(tmp_path: Path) -> None:
    """picamera2 as it is on a Raspberry Pi without a camera, and with one; none of its cameras is opened."""
    wanted = Wanted("pi", (640, 480), 15)
    for listed in ("[]", "[{'Num': 0}]"):
        (tmp_path / "picamera2.py").write_text(f"class Picamera2:\n    global_camera_info = staticmethod(lambda: {listed})\n")
        code = (
            "from edge.device.camera import *\nfrom edge.errors import DeviceError\n"
            f"try:\n    must_be_there({wanted!r})\nexcept DeviceError as error:\n    print(error)\n"
        )
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("there is no Pi camera. Check the ribbon cable") == (listed == "[]"), done.stdout
        assert bool(done.stdout) == (listed == "[]")


def test_a_changed_camera_counts_as_a_fault_only_where_the_one_before_is_there(tmp_path: Path) -> None:
    (tmp_path / "0.png").touch()
    there, gone, other = (parse({"camera": {"source": s}}) for s in (f"replay:{tmp_path}", f"replay:{tmp_path}/x", "usb:63"))
    assert unusable(other, there).startswith("/dev/video63 is not there")
    assert unusable(other, gone) == "", "the one before was no better"
    assert unusable(other, other) == "", "a camera that is unplugged is waited for"
    assert unusable(there, gone) == ""


@pytest.mark.parametrize(("key", "pin"), [("green_pin", 27), ("button_pin", 23)])
def test_a_pin_that_something_else_has_counts_as_a_fault_where_the_one_before_is_free(key: str, pin: int, tmp_path: Path) -> None:
    """A header on which one pin is busy, as lgpio says it."""
    (tmp_path / "lgpio.py").write_text("class error(Exception):\n    pass\n")
    code = f"""
import sys, types
import lgpio
from gpiozero.pins.mock import MockFactory

class Header(MockFactory):
    def pin(self, name):
        if name == {pin}:
            raise lgpio.error("GPIO busy")
        return super().pin(name)

sys.modules["gpiozero.pins.lgpio"] = types.SimpleNamespace(LGPIOFactory=Header)
from edge.config import parse
from edge.wiring.origin import unusable

free = parse({{"panel": {{"kind": "gpio", "{key}": 5}}}})
busy = parse({{"panel": {{"kind": "gpio", "{key}": {pin}}}}})
print(unusable(busy, free))
print(unusable(free, busy))
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    told, nothing = done.stdout.splitlines()
    assert told.startswith(f"'panel.{key}' (GPIO{pin}) cannot be used (GPIO busy)")
    assert nothing == ""


# What the door shows


@pytest.mark.parametrize(
    ("fault", "free", "shown"),
    [
        ("", 100_000_000, Signal.READY),
        ("'x' is not a key", 100_000_000, Signal.ATTENTION),
        ("", 99_999_999, Signal.ATTENTION),
    ],
)
def test_a_door_at_rest_says_that_somebody_should_see_to_it(
    fault: str, free: int, shown: Signal, caplog: pytest.LogCaptureFixture
) -> None:
    assert at_rest(Origin(fault), ROOT, usage=lambda _: SimpleNamespace(used=1, free=free)) is shown
    assert ("the card is too small, or full" in caplog.text) == (free < 100_000_000)


def test_a_disk_that_does_not_say_how_full_it_is_keeps_no_unit_from_its_work(tmp_path: Path) -> None:
    assert at_rest(Origin(), tmp_path / "gone") is Signal.READY


# A unit, from one start to the next


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A unit in front of an empty room."""
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.fromarray(np.full((480, 640, 3), 90, np.uint8)).save(frames / "0.png")
    for i in range(1, N_MANY):
        (frames / f"{i}.png").symlink_to("0.png")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(data: Path, more: str = "", *, source: str = "") -> None:
    source = source or f"replay:{data.parent / 'frames'}"
    (data / "muster.toml").write_text(
        f'[camera]\nsource = "{source}"\n[panel]\nkind = "mock"\n[accelerator]\nkind = "cpu"\n[recognition]\nthreads = 1\n{more}'
    )


@pytest.fixture
def ask(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Another command of the same unit."""
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)

    def run(*words: str) -> Said:
        code = main(["--data", str(data), *words])
        return Said(code, *capsys.readouterr())

    return run


@contextmanager
def at_work(data: Path) -> Iterator[list[str]]:
    """A unit that has said that it is ready, and all that it said until then."""
    command = [sys.executable, "-u", "-m", "edge", "--data", str(data), "run"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            said: list[str] = []
            while not said or "INFO: ready " not in said[-1]:
                line = process.stdout.readline()
                assert line, "".join(said)
                said.append(line)
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            finally:
                process.kill()


def until_kept(data: Path) -> None:
    while last_good(data) is None or last_good(data).text != (data / "muster.toml").read_text():  # type: ignore[union-attr]
        os.sched_yield()


@needs_models
def test_a_unit_goes_on_with_the_last_configuration_that_worked_and_says_so_everywhere(data: Path, ask: Ask) -> None:
    write(data, "[unit]\nname = 'door'\n")
    with at_work(data) as said:
        until_kept(data)
        assert "attention:" not in "".join(said)
        assert ask("doctor").out.startswith(f"ok       configuration: {data}/muster.toml\n")
        write(data, "[unit]\nname = 'gate'\n")
        found = ask("doctor").out.splitlines()[0]
        assert "muster.toml was changed, and `muster run`" in found
        assert found.endswith("works with what it said before -> sudo systemctl restart muster")
        write(data, "[unit]\nnmae = 'gate'\n")
        found = ask("doctor").out.splitlines()[0]
        assert found.startswith(f"warning  configuration: {data}/muster.toml, line 10: 'unit.nmae' is not a key; did you mean")
        assert "goes on with the last configuration that worked" in found
        assert ask("status").code == 0, "this one runs as it was configured"

    with at_work(data) as said:
        log = "".join(said)
        assert f"WARNING: {data}/muster.toml, line 10: 'unit.nmae' is not a key; did you mean 'unit.name'?\n" in log
        assert f"WARNING: the last configuration that worked ({data / FILE_NAME}, of " in log
        assert "attention: LED amber" in log
        assert "ready: LED" not in log
        asked = ask("status")
        assert asked.code == 69
        assert "Configuration: the last one that worked, because the present one had a fault when the unit started:" in asked.out
        assert json.loads(ask("status", "--json").out)["status"]["config_fault"].endswith("did you mean 'unit.name'?")
        assert 'name = "door"' in ask("config").out
        checked = ask("config", "--check")
        assert (checked.code, "did you mean 'unit.name'?" in checked.err) == (78, True)

        write(data, "[unit]\nname = 'gate'\n")
        assert ask("config", "--check").code == 0
        found = ask("doctor").out.splitlines()[0]
        assert "was started while it had a fault" in found
        assert found.endswith("-> sudo systemctl restart muster")
    kept = last_good(data)
    assert kept is not None
    assert kept.config.unit.name == "door", "what is not in use is not kept"


@needs_models
def test_only_what_was_written_and_was_ready_is_kept(data: Path, ask: Ask) -> None:
    frames = data.parent / "few"
    frames.mkdir()
    write(data, source=f"replay:{frames}")
    assert (ask("run").code, last_good(data)) == (69, None)
    for i in range(3):
        (frames / f"{i}.png").symlink_to("../frames/0.png")
    assert (ask("run", "--camera", f"replay:{frames}").code, last_good(data)) == (0, None)
    assert (ask("run", "--config", str(data / "muster.toml")).code, last_good(data)) == (0, None), "meant for this run alone"
    assert ask("run").code == 0
    assert last_good(data) is not None


@needs_models
def test_a_camera_that_was_named_wrongly_is_a_fault_like_any_other(data: Path, ask: Ask) -> None:
    write(data)
    keep((data / "muster.toml").read_text(), data)
    write(data, source="usb:63")
    checked = ask("config", "--check")
    assert (checked.code, "'camera.source' is 'usb:63'. /dev/video63 is not there" in checked.err) == (78, True)
    with at_work(data) as said:
        log = "".join(said)
        assert "WARNING: /dev/video63 is not there (cameras found: " in log
        assert "attention: LED amber" in log


def test_a_second_unit_is_told_that_there_is_one_and_nothing_of_a_camera_that_the_first_one_has(
    data: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    write(data)
    keep((data / "muster.toml").read_text(), data)
    write(data, source="usb:63")
    with alone(data):
        done = ask("run")
    assert (done.code, "is at work in" in done.err) == (69, True)
    assert "is used instead" not in done.err + caplog.text


@needs_models
def test_what_shows_at_the_start_only_is_a_fault_like_any_other(data: Path, ask: Ask) -> None:
    write(data)
    keep((data / "muster.toml").read_text(), data)
    write(data, f"[privacy]\nkey_file = '{data}/nowhere'\n")
    with at_work(data) as said:
        log = "".join(said)
        assert f"WARNING: the key {data}/nowhere cannot be read" in log
        assert "is used instead" in log
        assert "attention: LED amber" in log
        assert f"{data}/nowhere" in ask("status").out
    kept = last_good(data)
    assert kept is not None
    assert kept.config.privacy.key_file == ""
    named = subprocess.run(
        [sys.executable, "-m", "edge", "--data", str(data), "--config", str(data / "muster.toml"), "run"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (named.returncode, "is used instead" in named.stderr) == (78, False)


def test_without_one_that_worked_or_with_a_file_that_was_named_by_hand_a_fault_is_a_fault(data: Path, ask: Ask) -> None:
    write(data, "[unit]\nnmae = 'door'\n")
    for command in ("run", "doctor", "config", "status"):
        done = ask(command)
        assert (done.code, "did you mean 'unit.name'?" in done.err) == (78, True), command
    keep("", data)
    done = ask("status", "--config", str(data / "muster.toml"))
    assert (done.code, "did you mean" in done.err) == (78, True)
    assert ask("status").code == 0


def test_a_status_of_before_says_nothing_of_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / status.FILE_NAME
    moment = "2026-11-22T07:00:00Z"
    told = {"pid": 1, "version": "0.1.0", "started_utc": moment, "written_utc": moment, "stopped_utc": None, "networks": []}
    path.write_text(json.dumps(told | {"accelerator": None}))
    found = status.read(path)
    assert found is not None
    assert found.config_fault == ""
