"""`make edgetpu`: what it makes, what it refuses, and that it changes everything or nothing."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from compiling import INT8, ROOT, content, program

from edge.device.compiled import read_compiled
from edge.device.manifest import read_spec
from models import FOLDER, MANIFEST, manifest
from models.compiled import main
from models.compiler import ORDER

SCRIPT = FOLDER / "compile_edgetpu.sh"

Done = subprocess.CompletedProcess[str]
Compile = Callable[..., Done]


@pytest.fixture
def run(folder: Path, bin_: Path) -> Compile:
    """Runs the script on the folder with the environment that is given."""

    def run(*, path: str = f"{bin_}:{os.environ['PATH']}", **more: str) -> Done:
        environment = {"PATH": path, "MUSTER_PYTHON": sys.executable, "TMPDIR": str(folder.parent)} | more
        return bounded([SCRIPT, "-m", folder / MANIFEST.name], environment=environment)

    return run


def bounded(command: list[str | Path], n_blocks: int | None = None, environment: Mapping[str, str] | None = None) -> Done:
    """Runs a command that can write no file larger than so many blocks of the shell: a disk that is full for large files."""
    limited = command if n_blocks is None else ["sh", "-c", f'ulimit -f {n_blocks}; exec "$@"', "sh", *command]
    return subprocess.run(limited, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def entry(folder: Path, name: str) -> dict[str, Any] | None:
    int8: dict[str, Any] = manifest.read(folder / MANIFEST.name)["networks"][name]["variants"]["int8"]
    return int8.get("compiled")


def test_four_files_lie_beside_their_twins_and_the_manifest_names_them(run: Compile, folder: Path) -> None:
    before = manifest.read(folder / MANIFEST.name)
    done = run()
    assert done.returncode == 0, done.stderr
    for name in ORDER:
        spec = read_compiled(folder / MANIFEST.name, name)
        assert spec.path == folder / f"{name}-int8_edgetpu.tflite"
        assert spec.twin == read_spec(folder / MANIFEST.name, name, variant="int8")
    assert manifest.read(folder / MANIFEST.name)["parity"] == before["parity"], "nothing that was measured has changed"
    assert entry(folder, "onet") == {
        "file": "onet-int8_edgetpu.tflite",
        "sha256": content(folder)["onet-int8_edgetpu.tflite"],
        "twin_sha256": content(folder)["onet-int8.tflite"],
        "compiler": "16.0.384591198",
        "n_mapped": 19,
        "n_on_cpu": 0,
    }
    assert not list(folder.parent.glob("muster-edgetpu-*")), "what lies between is gone"
    assert (folder / "build" / "edgetpu-compiler.log").read_text("utf-8").count("Input model:") == 4


COMPILERS = {
    "exit 1": (65, "could not compile the networks (exit code 1)"),
    "echo 'Internal compiler error. Aborting!'; echo 'Compilation failed! '": (65, "Internal compiler error. Aborting!"),
    "kill -KILL $$": (69, "died (SIGKILL)"),
    "echo Edge TPU Compiler version 17": (69, "cannot be understood"),
    "exit 0": (69, "cannot be understood"),
}


@pytest.mark.parametrize("line", COMPILERS)
def test_a_compiler_that_fails_is_told(line: str, folder: Path, bin_: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, (code, words) = content(folder), COMPILERS[line]
    compiler = program(bin_ / "edgetpu_compiler", line)
    assert main(["--compiler", str(compiler), "--manifest", str(folder / MANIFEST.name)]) == code
    assert words in capsys.readouterr().err
    assert content(folder) == before


def test_a_compiler_that_hangs_is_ended_with_its_children(
    folder: Path, bin_: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(folder)
    compiler = program(bin_ / "edgetpu_compiler", f"sleep 600 &\necho $$ $! > {tmp_path}/pids\nwait")
    options = ["--compiler", str(compiler), "--manifest", str(folder / MANIFEST.name), "--limit", "0.5"]
    assert main(options) == 69
    assert "did not end within 0.5 s" in capsys.readouterr().err
    assert content(folder) == before
    assert all(has_ended(int(pid)) for pid in (tmp_path / "pids").read_text("utf-8").split())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_compiler_too_and_changes_nothing(folder: Path, bin_: Path, tmp_path: Path, end: signal.Signals) -> None:
    before = content(folder)
    os.mkfifo(tmp_path / "pids")
    compiler = program(bin_ / "edgetpu_compiler", f"sleep 600 &\necho $$ $! > {tmp_path}/pids\nwait")
    # A shell that puts the tests into the background has SIGINT ignored, and what they start inherits that.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "models.compiled", "--compiler", compiler]
    command += ["--manifest", folder / MANIFEST.name]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        pids = (tmp_path / "pids").read_text("utf-8").split()  # waits until the compiler runs
        process.send_signal(end)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, "Interrupted. Nothing was changed.\n")
    assert all(has_ended(int(pid)) for pid in pids)
    assert content(folder) == before
    assert not list(tmp_path.glob("muster-edgetpu-*"))


def has_ended(pid: int) -> bool:
    """Whether a process that was killed is gone; waits for it a little, because nobody here is its parent."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_a_compiler_for_another_processor_is_told(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = program(tmp_path / "foreign", "")
    foreign.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57))
    assert main(["--compiler", str(foreign), "--manifest", str(folder / MANIFEST.name)]) == 69
    assert "cannot be started (Exec format error)" in capsys.readouterr().err


def test_without_a_compiler_it_says_how_to_get_one_and_what_works(run: Compile, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    for tool in ("bash", "cat", "dirname", "realpath", "uname"):  # and no compiler, even where there is one
        (tmp_path / "tools" / tool).symlink_to(shutil.which(tool) or tool)
    before = content(folder)
    done = run(path=str(tmp_path / "tools"))
    assert done.returncode == 69
    assert f"rules: {', '.join(INT8)}." in done.stdout, "the dry run has been"
    for words in (
        "edgetpu_compiler: no such program",
        "edgetpu-compiler",
        "container",
        "notebook",
        "--made",
        "docs/models.md",
        "CPU",
    ):
        assert words in done.stderr
    assert content(folder) == before


def test_a_compiler_that_is_named_and_not_there_is_told(run: Compile) -> None:
    done = run(EDGETPU_COMPILER="/nowhere/compiler")
    assert (done.returncode, "/nowhere/compiler: no such program, though EDGETPU_COMPILER names it" in done.stderr) == (69, True)


def test_another_processor_is_refused_with_the_reason(run: Compile, bin_: Path) -> None:
    program(bin_ / "uname", '[ "$1" = -m ] && echo aarch64 || echo Linux')
    done = run()
    assert done.returncode == 69
    assert "This machine is Linux on aarch64: the Edge TPU compiler runs on x86-64 Linux only." in done.stderr


def test_on_another_processor_a_named_program_is_run_which_may_be_a_container(run: Compile, bin_: Path) -> None:
    program(bin_ / "uname", '[ "$1" = -m ] && echo aarch64 || echo Linux')
    elsewhere = program(bin_ / "elsewhere", 'echo "called with $*"; exit 3')
    done = run(EDGETPU_COMPILER=str(elsewhere))
    assert (done.returncode, "exit code 3" in done.stderr) == (65, True)
    assert f"called with --show_operations --timeout_sec 600 --out_dir . {' '.join(INT8)}" in done.stderr


def test_a_network_that_the_table_refuses_stops_it_before_the_compiler_runs(run: Compile, folder: Path, bin_: Path) -> None:
    shutil.copy(FOLDER / "rnet-float32.tflite", folder / "rnet-int8.tflite")
    program(bin_ / "edgetpu_compiler", f"touch {folder}/called")
    done = run()
    assert (done.returncode, "not an 8-bit integer" in done.stdout) == (65, True)
    assert not (folder / "called").exists()


def compile_on_a_full_disk(folder: Path, *source: str | Path) -> Done:
    command = [sys.executable, "-m", "models.compiled", *source, "--manifest", folder / MANIFEST.name]
    return bounded(command, 2048, {**os.environ, "TMPDIR": str(folder.parent)})  # 1 or 2 MiB: only FaceNet is larger


def test_a_full_disk_changes_nothing(folder: Path, bin_: Path) -> None:
    before = content(folder)
    done = compile_on_a_full_disk(folder, "--compiler", bin_ / "edgetpu_compiler")
    assert (done.returncode, "Nothing was changed" in done.stderr) == (74, True), done.stderr
    assert content(folder) == before
    assert not list(folder.parent.glob("muster-edgetpu-*"))


def test_a_disk_that_fills_up_while_files_are_taken_over_changes_nothing(made: Path, folder: Path) -> None:
    before = content(folder)
    done = compile_on_a_full_disk(folder, "--made", made)
    assert (done.returncode, "Nothing was changed" in done.stderr) == (74, True), done.stderr
    assert content(folder) == before


@pytest.mark.parametrize("limit", ["abc", "0", "0.0", "-5", "nan", "inf", "1e3", "60 s"])
def test_a_limit_that_is_no_time_is_told_even_where_there_is_no_compiler(run: Compile, folder: Path, limit: str) -> None:
    before = content(folder)
    done = run(LIMIT=limit, EDGETPU_COMPILER="/nowhere/compiler")
    assert (done.returncode, f"LIMIT is '{limit}', and must be a number of seconds" in done.stderr) == (64, True)
    assert content(folder) == before


def test_a_limit_may_be_a_fraction_of_a_second(run: Compile) -> None:
    assert run(LIMIT="600.5").returncode == 0


@pytest.mark.parametrize("arguments", [["models/manifest.toml"], ["-x"], ["-m"]])
def test_wrong_usage_shows_the_usage(arguments: list[str]) -> None:
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, "Usage: models/compile_edgetpu.sh" in done.stderr) == (64, True)


def test_help() -> None:
    done = subprocess.run([SCRIPT, "-h"], capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, "EDGETPU_COMPILER=PROGRAM" in done.stdout) == (0, True)
