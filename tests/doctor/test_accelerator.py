"""What the doctor says of an Edge TPU in every state that it can be in, on trees of files that look like a unit's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from edgetpu.compiled_models import with_compiled
from edgetpu.packages import installed
from edgetpu.plugged import BOOTLOADER, READY, as_nobody, card, plug

from edge import status
from edge.config import Config, parse
from edge.device.lock import alone
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.linker import Linker
from edge.device.tpu.opening import Claim
from edge.device.tpu.process import Order
from edge.doctor import Finding, Places, State
from edge.doctor.accelerator import accelerator
from edge.doctor.trial import why
from edge.status import AcceleratorStatus, NetworkStatus, Status
from edge.types import Backend

FINE = Finding("models", State.OK, "fine")
NOWHERE = Path("/nonexistent")
SINCE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NETWORKS = ("pnet", "rnet", "onet", "facenet")

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of which R-Net and O-Net are compiled: the small ones, which are quickly opened."""
    return with_compiled(tmp_path_factory.mktemp("models"), ("rnet", "onet"))


@pytest.fixture
def places(tmp_path: Path, stand_in: Path, manifest: Path) -> Places:
    """A unit whose library and files are in order, and into which nothing is plugged yet."""
    (tmp_path / "proc").mkdir()
    library = LibraryPlaces(Linker((), NOWHERE, (stand_in.parent,)), NOWHERE)
    return Places(
        sysfs=tmp_path / "sys", dev=tmp_path / "dev", proc=tmp_path / "proc", library=library, manifest=manifest, open_s=60
    )


@pytest.fixture
def look(tmp_path: Path, places: Places) -> Examine:
    """Examines, and returns the findings by their names."""

    def looked(where: Places = places, *, models: Finding = FINE, **accelerator_config: str) -> dict[str, Finding]:
        config = configured(**accelerator_config)
        findings = accelerator(config, tmp_path, where, found_models=models)
        for found in findings:
            assert "\n" not in found.sentence + found.advice
            assert found.advice or found.state is State.OK, found
        return {found.name: found for found in findings}

    return looked


def configured(**accelerator_config: str) -> Config:
    return parse({"accelerator": accelerator_config})


def stood_for(places: Places, fate: str) -> Places:
    return replace(places, environment={"MUSTER_STAND_IN": fate})


# All is well


@pytest.mark.native
def test_one_that_is_in_order_is_opened_and_passes_its_self_test(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look()
    assert found["edge tpu"] == Finding("edge tpu", State.OK, "USB 2-1 (usb:0, 5000 Mbit/s)")
    assert found["edge tpu library"].state is State.OK
    use = found["edge tpu use"]
    assert use.state is State.OK
    assert "its self-test is right" in use.sentence
    assert "2." in use.sentence, "the runtime is named"


def test_one_on_pcie_is_in_order_too(look: Examine, tmp_path: Path) -> None:
    card(tmp_path, 0)
    found = look()
    assert found["edge tpu"] == Finding("edge tpu", State.OK, "PCIe apex_0 (pci:0)")
    assert found["edge tpu use"].state is State.OK


def test_before_its_firmware_it_is_fine(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", BOOTLOADER)
    found = look()
    assert found["edge tpu"].state is State.OK
    assert "before its firmware, which it gets at its first use" in found["edge tpu"].sentence
    assert found["edge tpu use"].state is State.OK


# Not there


def test_none_is_fine_unless_it_is_demanded(look: Examine) -> None:
    found = look()
    assert {each.state for each in found.values()} == {State.OK}
    assert found["edge tpu"].sentence == "none is plugged in; the networks run on the CPU"
    demanded = look(kind="edgetpu")
    assert demanded["edge tpu"].state is State.FAULT
    assert "nothing starts without one" in demanded["edge tpu"].sentence
    assert demanded["edge tpu"].advice.startswith("plug it in")
    assert demanded["edge tpu use"].advice == "see to the edge tpu first"


def test_another_than_the_one_that_is_named(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(device="usb:1")["edge tpu"]
    assert found.state is State.WARNING
    assert found.sentence == 'accelerator.device = "usb:1" is not plugged in; there is USB 2-1 (usb:0, 5000 Mbit/s)'


def test_one_on_pcie_without_driver(look: Examine, tmp_path: Path) -> None:
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1ac1\n")
    (device / "device").write_text("0x089a\n")
    found = look()["edge tpu"]
    assert found.state is State.WARNING
    assert "no driver" in found.sentence


def test_left_alone_as_configured(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(kind="cpu")
    assert found["edge tpu"] == Finding("edge tpu", State.OK, 'left alone, as configured: accelerator.kind = "cpu"')
    assert found["placement"].sentence == "on the CPU: pnet, rnet, onet, facenet (as configured)"
    assert set(found) == {"edge tpu", "placement"}


# There, and not to be used


def test_a_slow_link_is_a_warning_and_it_is_used_all_the_same(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "1-1", READY, speed="480")
    found = look(kind="edgetpu")
    assert found["edge tpu"].state is State.WARNING
    assert "480 Mbit/s" in found["edge tpu"].sentence
    assert "USB 2 link, 3 to 7 times slower" in found["edge tpu"].sentence
    assert "blue port" in found["edge tpu"].advice
    assert found["edge tpu use"].state is State.OK


@pytest.mark.parametrize(("kind", "state"), [("auto", State.WARNING), ("edgetpu", State.FAULT)])
def test_no_permission_names_the_device_and_who_may(stand_in: Path, places: Places, kind: str, state: State) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        root = Path(folder)
        root.chmod(0o755)
        node = plug(root, "2-1", READY)
        node.chmod(0o600)
        where = replace(places, sysfs=root / "sys", dev=root / "dev")
        data = root / "data"
        with as_nobody():
            named = {each.name: each for each in accelerator(configured(kind=kind), data, where, found_models=FINE)}
            assert named["edge tpu"].state is state
            assert f"may not open {node}" in named["edge tpu"].sentence
            assert "60-muster-edgetpu.rules" in named["edge tpu"].advice
            assert named["edge tpu use"].sentence == "not opened, because of the edge tpu"


def test_where_a_group_may_open_it_one_is_to_join_the_group(places: Places) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to another group")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        node = plug(root, "2-1", READY)
        node.chmod(0o660)
        os.chown(node, 0, 46)  # plugdev on every Debian (base-passwd)
        where = replace(places, sysfs=root / "sys", dev=root / "dev")
        with as_nobody():
            found = accelerator(configured(), root / "data", where, found_models=FINE)[0]
        assert "no permission" in found.sentence
        assert found.advice.startswith("put nobody into its group: `sudo usermod -aG")


def test_a_device_without_its_node(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY).unlink()
    found = look()["edge tpu"]
    assert found.state is State.WARNING
    assert "in a container" in found.advice


def test_busy_names_the_process(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/fd/9").symlink_to(node)
    (tmp_path / "proc/77/cmdline").write_bytes(b"frigate.detectors\0coral\0")
    found = look()
    assert found["edge tpu"].state is State.WARNING
    assert "busy: process 77 (frigate.detectors coral) has it open" in found["edge tpu"].sentence
    assert found["edge tpu use"].sentence == "not opened, because of the edge tpu"
    (tmp_path / "proc/77/cmdline").write_bytes(b'python\0-m\0edge.device.tpu.child\0{"parent": 5}')
    assert "busy: another `muster run` or `muster evaluate`" in look()["edge tpu"].sentence


def test_one_that_another_muster_has_claimed_is_busy(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    claim = Claim()
    assert claim.take(f"{tmp_path / 'sys'} USB 2-1")
    found = look()["edge tpu use"]
    claim.release()
    assert found.state is State.WARNING
    assert "busy: another process of Muster has it" in found.sentence
    assert look()["edge tpu use"].state is State.OK


# The library


def test_no_library(look: Examine, places: Places, tmp_path: Path) -> None:
    without = replace(places, library=LibraryPlaces(Linker((), NOWHERE, (tmp_path,)), NOWHERE))
    assert look(without)["edge tpu library"].state is State.OK, "nobody misses it"
    plug(tmp_path, "2-1", READY)
    found = look(without)
    assert found["edge tpu library"].state is State.WARNING
    assert found["edge tpu library"].sentence == "libedgetpu.so.1 is not installed"
    assert "16.0tf2.17.1 or newer" in found["edge tpu library"].advice
    assert found["edge tpu use"].advice == "see to the edge tpu library first"
    assert look(without, kind="edgetpu")["edge tpu library"].state is State.FAULT


def test_a_file_that_is_none(look: Examine, places: Places, tmp_path: Path) -> None:
    (tmp_path / "libedgetpu.so.1").write_text("Not Found")
    wrong = replace(places, library=LibraryPlaces(Linker((), NOWHERE, (tmp_path,)), NOWHERE))
    found = look(wrong)["edge tpu library"]
    assert found.state is State.WARNING, "also while nothing is plugged in"
    assert "is no shared library" in found.sentence


def test_a_plain_16_0_is_refused_before_it_crashes(look: Examine, places: Places, stand_in: Path, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-std", "16.0", stand_in)
    found = look(replace(places, library=replace(places.library, dpkg=dpkg)))
    assert "libedgetpu1-std 16.0 crashes when it is loaded" in found["edge tpu library"].sentence
    assert found["edge tpu use"].sentence == "not opened, because of the edge tpu library"


@pytest.mark.native
def test_one_that_crashes_is_the_wrong_one(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(stood_for(places, "abi"))["edge tpu use"]
    assert found.state is State.WARNING
    assert "crashes the process that loads it" in found.sentence
    assert "16.0tf2.17.1 or newer" in found.advice


def test_the_maximum_clock_is_a_warning(look: Examine, places: Places, stand_in: Path, tmp_path: Path) -> None:
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-max", "16.0tf2.17.1-1", stand_in)
    found = look(replace(places, library=replace(places.library, dpkg=dpkg)))["edge tpu library"]
    assert found.state is State.WARNING
    assert "25 °C" in found.sentence
    assert "libedgetpu1-std" in found.advice


# Opened, and not right


def test_before_its_firmware_and_not_to_be_opened(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", BOOTLOADER)
    found = look(stood_for(places, "no device"), kind="edgetpu")["edge tpu use"]
    assert found.state is State.FAULT
    assert found.sentence.startswith("its firmware could not be sent, or this user may not open it under the id that it has then")
    assert "both of its ids" in found.advice


def test_with_its_firmware_and_without_permission_for_the_second_id(places: Places) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        plug(root, "2-1", READY).chmod(0o600)
        order = Order("libedgetpu.so.1", "", NOWHERE, ())
        with as_nobody():
            wrong, advice = why("no Edge TPU", order, replace(places, sysfs=root / "sys", dev=root / "dev"))
    assert wrong.startswith("it has its firmware now, and under its second id there is no permission")
    assert "udev rule" in advice


def test_one_that_went_away_meanwhile(places: Places) -> None:
    wrong, advice = why("its process died of SIGABRT", Order("libedgetpu.so.1", "", NOWHERE, ()), places)
    assert wrong.startswith("it went away while it was opened")
    assert "another cable" in advice


@pytest.mark.native
@pytest.mark.parametrize(
    ("fate", "words"),
    [("no device", "finds no Edge TPU"), ("abort open", "SIGABRT"), ("wrong", "it computes wrongly: rnet")],
)
def test_one_that_cannot_be_opened_or_computes_wrongly(
    look: Examine, places: Places, tmp_path: Path, fate: str, words: str
) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(stood_for(places, fate))
    assert found["edge tpu use"].state is State.WARNING
    assert words in found["edge tpu use"].sentence
    assert "no Edge TPU can be used" in found["placement"].sentence


def test_one_that_never_opens(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(replace(stood_for(places, "hang open"), open_s=0.5))["edge tpu use"]
    assert found.sentence == "it was not open after 0.5 s"
    assert "unplug it" in found.advice


def test_nothing_is_opened_while_the_networks_themselves_are_amiss(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(models=Finding("models", State.FAULT, "altered"))["edge tpu use"]
    assert found.advice == "see to the models first"


# Compiled files


def compiled(look: Examine, places: Places, manifest: Path, **config: str) -> Finding:
    return look(replace(places, manifest=manifest), **config)["compiled models"]


def test_missing_files_are_named_where_they_are_missed(look: Examine, places: Places, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    none = with_compiled(tmp_path / "models", ())
    assert compiled(look, places, none).state is State.OK, "nothing is plugged in"
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
    config = parse({"placement": dict.fromkeys(NETWORKS, "cpu")})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["compiled models"].state is State.OK


# Where the networks will run


def test_where_each_network_will_run_and_why(places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    config = parse({"placement": {"onet": "edgetpu", "facenet": "cpu"}})
    found = {each.name: each for each in accelerator(config, tmp_path, places, found_models=FINE)}
    assert found["placement"].sentence == (
        "on the CPU: pnet (no compiled file), facenet (as configured); "
        "on the faster of the two, which the next start finds out or remembers: rnet (not measured yet); "
        "on the Edge TPU: onet (as configured)"
    )


# A unit at work


def left(
    data: Path, *, state: str, reason: str = "", failures: int = 0, backends: Sequence[str] = ("cpu", "cpu", "cpu", "edgetpu")
) -> None:
    """A status of this process."""
    networks = tuple(
        NetworkStatus(
            name, f"{name}.tflite", "int8", Backend.EDGETPU if name == "facenet" else Backend.CPU, Backend(backend), "why"
        )
        for name, backend in zip(NETWORKS, backends, strict=True)
    )
    own = AcceleratorStatus(
        state=state,
        reason=reason,
        since_utc=SINCE,
        n_failures=failures,
        n_recoveries=failures,
        runtime="tflite-runtime 2.14.0",
        library="libedgetpu.so.1",
        device="",
    )
    status.write(data / status.FILE_NAME, Status(os.getpid(), "1", SINCE, SINCE, None, networks, own))


def test_one_that_serves_a_unit_at_work_is_not_opened(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="serving")
        found = look(stood_for(places, "abort open"))
    assert found["edge tpu use"].state is State.OK
    assert found["edge tpu use"].sentence == (
        f"`muster run` (process {os.getpid()}) uses it (tflite-runtime 2.14.0) since 2026-11-22 08:00:00 UTC,"
        " and it has not failed"
    )
    assert found["placement"].sentence == "now on the CPU: pnet, rnet, onet (why); on the Edge TPU: facenet (why)"


def test_degraded_says_since_when_and_why(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="degraded", reason="its process died of SIGABRT", failures=2, backends=("cpu",) * 4)
        found = look()
        demanded = look(kind="edgetpu")
    assert found["edge tpu use"].state is State.WARNING
    assert (
        "degraded since 2026-11-22 08:00:00 UTC: its process died of SIGABRT; the CPU answers" in found["edge tpu use"].sentence
    )
    assert "2 failures" in found["edge tpu use"].sentence
    assert demanded["edge tpu use"].state is State.FAULT
    assert found["placement"].state is State.WARNING
    assert "on the CPU, due on the Edge TPU: facenet" in found["placement"].sentence


def test_recovered_says_how_often_and_when(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="serving", failures=3)
        found = look()["edge tpu use"]
    assert found.state is State.WARNING
    assert "recovered: it failed 3 times and serves again since 2026-11-22 08:00:00 UTC" in found.sentence


def test_what_the_unit_itself_has_open_is_not_called_busy(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/fd/9").symlink_to(node)
    with alone(tmp_path):
        left(tmp_path, state="serving")
        assert look()["edge tpu"].state is State.OK


def test_a_unit_that_has_left_no_status_keeps_the_doctor_off_all_the_same(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        found = look()["edge tpu use"]
    assert found.state is State.WARNING
    assert "has left no status" in found.sentence


@pytest.mark.parametrize("change", [{"pid": 1}, {"stopped_utc": SINCE}])
def test_what_another_unit_left_or_one_that_is_ending_is_not_taken_for_it(
    look: Examine, tmp_path: Path, change: dict[str, object]
) -> None:
    plug(tmp_path, "2-1", READY)
    left(tmp_path, state="serving")
    found = status.read(tmp_path / status.FILE_NAME)
    assert found
    status.write(tmp_path / status.FILE_NAME, replace(found, **change))
    with alone(tmp_path):
        assert "has left no status" in look()["edge tpu use"].sentence


def test_what_a_unit_left_that_was_killed_is_not_believed(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    left(tmp_path, state="degraded", reason="long ago", failures=2)
    found = look()
    assert "its self-test is right" in found["edge tpu use"].sentence
    assert "onet (latest on the CPU: why)" in found["placement"].sentence
