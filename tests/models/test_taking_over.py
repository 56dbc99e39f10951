"""What the Edge TPU compiler made is looked at before it is used: its words and its files, here or brought from elsewhere."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from compiling import INT8, content, log_of

from edge.device.compiled import CompiledError, CompiledState, read_compiled
from models import MANIFEST, files, manifest
from models.compiled import main, take_over
from models.compiler import CompilationError


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


def test_other_outputs_alone_are_seen(made: Path, folder: Path) -> None:
    tables = manifest.read(folder / MANIFEST.name)
    tables["networks"]["onet"]["variants"]["int8"]["outputs"][0]["scale"] *= 2
    manifest.write(tables, folder / MANIFEST.name)
    with pytest.raises(CompilationError, match=r"onet: the file's tensors are not those of onet-int8.tflite"):
        take_over(made, log_of(made), folder / MANIFEST.name)


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


def test_what_was_compiled_elsewhere_is_taken_over(made: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--made", str(made), "--manifest", str(folder / MANIFEST.name)]) == 0
    assert "Edge TPU compiler 16.0.384591198" in capsys.readouterr().out
    assert read_compiled(folder / MANIFEST.name, "facenet").path.exists()


def test_a_folder_without_the_compilers_words_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--made", str(folder), "--manifest", str(folder / MANIFEST.name)]) == 65
    said = capsys.readouterr().err
    assert f"{folder}/compiler.log: cannot be read (No such file or directory)" in said
    assert "TMPDIR" not in said


def test_a_folder_that_is_not_there_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--made", str(folder / "gone"), "--manifest", str(folder / MANIFEST.name)]) == 66
    assert capsys.readouterr().err.startswith(f"{folder}/gone: there is no such folder.")


def test_a_manifest_that_is_no_toml_is_told(made: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / MANIFEST.name).write_text("[networks\n")
    assert main(["--made", str(made), "--manifest", str(folder / MANIFEST.name)]) == 65
    assert "manifest.toml: is not TOML (" in capsys.readouterr().err


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    old = tmp_path / "a"
    old.write_bytes(b"old")
    with pytest.raises(FileNotFoundError):
        files.replace_all({old: b"new", tmp_path / "nowhere" / "b": b"new"})
    assert content(tmp_path) == {"a": hashlib.sha256(b"old").hexdigest()}


def test_two_who_replace_the_same_files_do_so_one_after_the_other(tmp_path: Path) -> None:
    def replace(number: int) -> None:
        for _ in range(20):
            files.replace_all({tmp_path / name: bytes([number]) * 100_000 for name in "abc"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replace, range(4)))
    assert len(set(content(tmp_path).values())) == 1
    assert sorted(content(tmp_path)) == ["a", "b", "c"]


def test_a_folder_in_the_place_of_one_of_them_changes_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        files.replace_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert caught.value.filename == str(tmp_path / "b")
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
