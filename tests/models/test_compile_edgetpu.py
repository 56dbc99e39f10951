"""`make edgetpu`: what it makes, what it refuses, and that it changes everything or nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.device.compiled import CompiledError, CompiledState, read_compiled
from edge.device.manifest import read_spec
from models import FOLDER, MANIFEST, files, manifest
from models.compiled import LOG_NAME, main, take_over
from models.compiler import ORDER, CompilationError, compile_all

ROOT = FOLDER.parent
SCRIPT = FOLDER / "compile_edgetpu.sh"
STAND_IN = f'exec "{sys.executable}" "{ROOT / "tests" / "edgetpu" / "compiler.py"}" "$@"'
INT8 = [f"{name}-int8.tflite" for name in ORDER]

Done = subprocess.CompletedProcess[str]
Compile = Callable[..., Done]


def models_folder(folder: Path) -> Path:
    """A models folder with the committed int8 networks and a manifest in which nothing is compiled."""
    folder.mkdir()
    for name in INT8[:-1]:
        shutil.copy(FOLDER / name, folder)
    (folder / INT8[-1]).symlink_to(FOLDER / INT8[-1])  # 24 MB, which no test writes to
    tables = manifest.read()
    for network in tables["networks"].values():
        network["variants"].get("int8", {}).pop("compiled", None)
    manifest.write(tables, folder / MANIFEST.name)
    return folder


def program(path: Path, line: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    path.chmod(stat.S_IRWXU)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return models_folder(tmp_path / "models")


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    """A folder that comes first in PATH, with the stand-in in it."""
    return program(tmp_path / "bin" / "edgetpu_compiler", STAND_IN).parent


@pytest.fixture
def run(folder: Path, bin_: Path) -> Compile:
    """Runs the script on the folder with the environment that is given."""

    def run(*, path: str = f"{bin_}:{os.environ['PATH']}", **more: str) -> Done:
        environment = {"PATH": path, "MUSTER_PYTHON": sys.executable, "TMPDIR": str(folder.parent)} | more
        return bounded([SCRIPT, "-m", folder / MANIFEST.name], environment=environment)

    return run


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("once")
    compiler = program(tmp_path / "bin" / "edgetpu_compiler", STAND_IN)
    made = tmp_path / "made"
    made.mkdir()
    log = compile_all(str(compiler), made, models_folder(tmp_path / "models") / MANIFEST.name)
    (made / LOG_NAME).write_text(log, "utf-8")
    return made


@pytest.fixture
def made(compiled_once: Path, tmp_path: Path) -> Iterator[Path]:
    """What somebody brings from another machine: the networks, the compiled files, and the compiler's words in compiler.log."""
    made = tmp_path / "made"
    made.mkdir()
    for path in compiled_once.iterdir():
        if path.name.startswith("facenet"):
            (made / path.name).symlink_to(path)
        else:
            shutil.copy(path, made)
    return made


def bounded(command: list[str | Path], n_blocks: int | None = None, environment: Mapping[str, str] | None = None) -> Done:
    """Runs a command that can write no file larger than so many blocks of the shell: a disk that is full for large files."""
    limited = command if n_blocks is None else ["sh", "-c", f'ulimit -f {n_blocks}; exec "$@"', "sh", *command]
    return subprocess.run(limited, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def entry(folder: Path, name: str) -> dict[str, Any] | None:
    int8: dict[str, Any] = manifest.read(folder / MANIFEST.name)["networks"][name]["variants"]["int8"]
    return int8.get("compiled")


def log_of(made: Path) -> str:
    return (made / LOG_NAME).read_text("utf-8")


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


def test_only_facenet_is_sent_at_each_call_because_the_small_ones_come_first(made: Path, folder: Path) -> None:
    summary = take_over(made, log_of(made), folder / MANIFEST.name).splitlines()
    rows = [line.split() for line in summary if line.startswith(tuple(INT8))]
    assert [row[0] for row in rows] == INT8
    assert [row[-1] == "0.00B" for row in rows] == [True, True, True, False]
    assert not any("slower" in line for line in summary)


def test_a_small_network_that_is_sent_at_each_call_is_told(made: Path, folder: Path) -> None:
    log = log_of(made).replace("parameters: 0.00B", "parameters: 9.25KiB", 1)
    assert "pnet-int8.tflite: small, and yet sent anew at each call" in take_over(made, log, folder / MANIFEST.name)


def test_a_second_time_changes_nothing(made: Path, folder: Path) -> None:
    take_over(made, log_of(made), folder / MANIFEST.name)
    once = content(folder)
    take_over(made, log_of(made), folder / MANIFEST.name)
    assert content(folder) == once


IN_THE_LOG = {
    "pnet: 3 x PRELU would run on the CPU: More than one subgraph is not supported": lambda log: log.replace(
        f"{'PRELU':<30} 3          Mapped to Edge TPU", "PRELU   3    More than one subgraph is not supported", 1
    ),
    "facenet: has 2 pieces on the Edge TPU instead of one": lambda log: "subgraphs: 2".join(log.rsplit("subgraphs: 1", 1)),
    "rnet: the compiler says nothing of rnet-int8.tflite": lambda log: log.replace("rnet-int8", "other-int8"),
    "does not add up to its 182 operations": lambda log: log.replace("ADD   ", "# ADD"),
    "begins with 'Edge TPU Compiler version'": lambda _: "Compiled 4 models for the Edge TPU.",
    "begins with 'Input model:'": lambda log: log.partition("Input model")[0],
    "lacks its subgraphs": lambda log: log.replace("Number of Edge TPU subgraphs", "Subgraphs"),
}


@pytest.mark.parametrize("words", IN_THE_LOG)
def test_what_the_compiler_says_that_is_not_right_is_named_and_nothing_is_changed(words: str, made: Path, folder: Path) -> None:
    before, log = content(folder), IN_THE_LOG[words](log_of(made))
    assert log != log_of(made)
    with pytest.raises(CompilationError) as caught:
        take_over(made, log, folder / MANIFEST.name)
    assert words in str(caught.value)
    assert content(folder) == before


def truncate(path: Path, share: float = 0.9) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def promise_too_much(made: Path) -> None:
    """The program in the compiled file is said to be longer than the file, as where the disk was full and nobody noticed."""
    path, twin = made / "onet-int8_edgetpu.tflite", (made / "onet-int8.tflite").read_bytes()
    content = path.read_bytes()
    start = content.index(twin)
    path.write_bytes(content[: start - 4] + (1 << 24).to_bytes(4, "little") + content[start:])


IN_THE_FILES: dict[str, Callable[[Path], object]] = {
    "rnet: rnet-int8_edgetpu.tflite was not compiled": lambda made: shutil.copy(
        made / "rnet-int8.tflite", made / "rnet-int8_edgetpu.tflite"
    ),
    "onet: the file's tensors are not those of onet-int8.tflite": lambda made: shutil.copy(
        made / "rnet-int8_edgetpu.tflite", made / "onet-int8_edgetpu.tflite"
    ),
    "onet: onet-int8_edgetpu.tflite: not among": lambda made: (made / "onet-int8_edgetpu.tflite").unlink(),
    "onet: onet-int8.tflite: not among": lambda made: (made / "onet-int8.tflite").unlink(),
    "pnet: pnet-int8_edgetpu.tflite is damaged": lambda made: truncate(made / "pnet-int8_edgetpu.tflite"),
    "rnet: rnet-int8_edgetpu.tflite is damaged": lambda made: truncate(made / "rnet-int8_edgetpu.tflite", 0.5),
    "onet: onet-int8_edgetpu.tflite is damaged": promise_too_much,
    "pnet: pnet-int8.tflite is not the file that the manifest names": lambda made: truncate(made / "pnet-int8.tflite"),
}


@pytest.mark.parametrize("words", IN_THE_FILES)
def test_a_file_that_is_not_right_is_named_and_nothing_is_changed(words: str, made: Path, folder: Path) -> None:
    before = content(folder)
    IN_THE_FILES[words](made)
    with pytest.raises(CompilationError) as caught:
        take_over(made, log_of(made), folder / MANIFEST.name)
    assert words in str(caught.value)
    assert caught.value.exit_code == 65
    assert content(folder) == before


def test_all_faults_are_named_at_once(made: Path, folder: Path) -> None:
    for name in ("pnet", "onet"):
        (made / f"{name}-int8_edgetpu.tflite").unlink()
    with pytest.raises(CompilationError, match=r"(?s)pnet: .*onet: .*Nothing was changed"):
        take_over(made, log_of(made), folder / MANIFEST.name)


def test_what_may_stay_on_the_cpu_is_no_fault_but_the_file_must_have_it(made: Path, folder: Path) -> None:
    log = log_of(made).replace(f"{'PRELU':<30} 3          Mapped", f"{'PRELU':<30} 3          Not mapped", 1)
    with pytest.raises(CompilationError) as caught:
        take_over(made, log, folder / MANIFEST.name, allowed={("pnet", "PRELU"): "for this test"})
    assert "PRELU" not in str(caught.value)
    assert "pnet: the file has 1 compiled and 0 other operations; the compiler says otherwise" in str(caught.value)


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
    for pid in (tmp_path / "pids").read_text("utf-8").split():
        assert not is_running(int(pid))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


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
    assert "Nothing in 4 file(s)" in done.stdout, "the dry run has been"
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


def test_what_was_compiled_elsewhere_is_taken_over(made: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--made", str(made), "--manifest", str(folder / MANIFEST.name)]) == 0
    assert "Edge TPU compiler 16.0.384591198" in capsys.readouterr().out
    assert read_compiled(folder / MANIFEST.name, "facenet").path.exists()


def test_a_folder_without_the_compilers_words_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--made", str(folder), "--manifest", str(folder / MANIFEST.name)]) == 74
    assert "compiler.log: No such file or directory" in capsys.readouterr().err


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    old = tmp_path / "a"
    old.write_bytes(b"old")
    with pytest.raises(FileNotFoundError):
        files.replace_all({old: b"new", tmp_path / "nowhere" / "b": b"new"})
    assert content(tmp_path) == {"a": hashlib.sha256(b"old").hexdigest()}


def test_a_twin_that_is_built_anew_with_the_same_bytes_keeps_its_compiled_file() -> None:
    compiled = {"file": "pnet-int8_edgetpu.tflite", "twin_sha256": "aa"}
    assert manifest.with_compiled({"sha256": "aa"}, {"sha256": "aa", "compiled": compiled})["compiled"] == compiled


def test_a_twin_with_other_bytes_loses_it() -> None:
    compiled = {"file": "pnet-int8_edgetpu.tflite", "twin_sha256": "aa"}
    assert manifest.with_compiled({"sha256": "bb"}, {"sha256": "aa", "compiled": compiled}) == {"sha256": "bb"}
    assert manifest.with_compiled({"sha256": "bb"}, {}) == {"sha256": "bb"}


def test_once_the_twin_is_another_the_compiled_file_is_refused(made: Path, folder: Path) -> None:
    take_over(made, log_of(made), folder / MANIFEST.name)
    tables = manifest.read(folder / MANIFEST.name)
    tables["networks"]["onet"]["variants"]["int8"]["sha256"] = "0" * 64
    manifest.write(tables, folder / MANIFEST.name)
    with pytest.raises(CompiledError) as caught:
        read_compiled(folder / MANIFEST.name, "onet")
    assert caught.value.state is CompiledState.TWIN_MISMATCH


def test_help() -> None:
    done = subprocess.run([SCRIPT, "-h"], capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, "EDGETPU_COMPILER=PROGRAM" in done.stdout) == (0, True)
