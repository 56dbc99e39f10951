"""Which libedgetpu is taken and which is refused, on files that are and are not one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from edgetpu.packages import installed
from edgetpu.versions import OLDER, PLAIN, TAKEN

from edge.device.tpu.library import Library, LibraryPlaces, Package, require
from edge.device.tpu.linker import Linker
from edge.errors import DeviceError

NAME = "libedgetpu.so.1"
NONE = LibraryPlaces(Linker((), Path("/nonexistent"), ()), Path("/nonexistent"))
LDCONFIG = next((path for path in ("/sbin/ldconfig", "/usr/sbin/ldconfig") if Path(path).exists()), "")


def places(*folders: Path, dpkg: Path = Path("/nonexistent"), cache: Path = Path("/nonexistent")) -> LibraryPlaces:
    return LibraryPlaces(Linker((), cache, folders), dpkg)


def refused(name: str | Path, where: LibraryPlaces = NONE) -> str:
    """The sentence of the refusal, which must say what to do."""
    with pytest.raises(DeviceError) as caught:
        require(str(name), where)
    assert caught.value.exit_code == 69
    assert "docs/install.md" in str(caught.value)
    return str(caught.value)


def test_a_library_by_its_path_is_taken_and_known_by_its_content(stand_in: Path) -> None:
    found = require(str(stand_in), NONE)
    assert found == Library(stand_in, hashlib.sha256(stand_in.read_bytes()).hexdigest(), None)
    assert str(found) == f"{stand_in} (of no Debian package)"
    assert not found.is_at_maximum_clock


def test_another_library_has_another_identity(stand_in: Path, tmp_path: Path) -> None:
    copy = tmp_path / NAME
    copy.write_bytes(stand_in.read_bytes() + b"\0")
    assert require(str(copy), NONE).identity != require(str(stand_in), NONE).identity


# Not there, or something else


def test_no_library_is_told_to_be_that(tmp_path: Path) -> None:
    assert refused(NAME, places(tmp_path)).startswith(f"{NAME} is not installed. Install libedgetpu1-std")


def test_another_name_or_path_that_is_configured_is_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no library")
    os.mkfifo(tmp_path / "pipe")
    for name, wrong in {
        "libother.so.1": "is not installed",
        str(tmp_path / NAME): "is not there",
        str(tmp_path): "is a folder",
        str(tmp_path / "text" / NAME): "cannot be reached (Not a directory)",
        str(tmp_path / "pipe"): "is no file",
        str(tmp_path / "text"): "is no shared library",
        "~nobody-of-this-name/libedgetpu.so.1": "is not there",
    }.items():
        said = refused(name, places(tmp_path))
        assert said.startswith(f'accelerator.library = "{name}" {wrong}. Set accelerator.library to the path of a {NAME}'), said


def test_the_home_of_whoever_asks_may_stand_in_the_path(stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / NAME).write_bytes(stand_in.read_bytes())
    assert require(f"~/{NAME}", NONE).path == tmp_path / NAME


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no shared library"),
        (b"<html>404 not found</html>", "is no shared library"),
        (b"\x7fELF", "is no shared library"),
    ],
)
def test_a_file_of_that_name_that_is_no_library_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert words in refused(NAME, places(tmp_path))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_half_a_download_is_refused(stand_in: Path, tmp_path: Path, share: float) -> None:
    content = stand_in.read_bytes()
    (tmp_path / NAME).write_bytes(content[: int(len(content) * share)])
    assert "is damaged" in refused(NAME, places(tmp_path))


def test_a_library_that_only_speaks_of_the_delegates_functions_is_refused(tmp_path: Path) -> None:
    # As TFLite itself does, which looks for them by name: the bytes are in the file, the functions are not.
    if not (compiler := shutil.which("cc")):
        pytest.skip("no C compiler (cc) is here")
    source = tmp_path / "runtime.c"
    source.write_text(
        'const char *const NAMES[] = {"tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"};'
        "extern void tflite_plugin_create_delegate(void), tflite_plugin_destroy_delegate(void);"
        "void call(void) { tflite_plugin_create_delegate(); tflite_plugin_destroy_delegate(); }"
    )
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(tmp_path / NAME), str(source)], check=True)
    assert b"tflite_plugin_destroy_delegate" in (tmp_path / NAME).read_bytes()
    assert "is not libedgetpu" in refused(NAME, places(tmp_path))


def test_a_library_for_another_processor_is_refused_where_there_is_no_other(stand_in: Path, tmp_path: Path) -> None:
    content = bytearray(stand_in.read_bytes())
    content[18] = 0xF3  # RISC-V
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / NAME).write_bytes(content)
    assert "another processor" in refused(NAME, places(tmp_path / "foreign"))
    assert require(NAME, places(tmp_path / "foreign", stand_in.parent)).path == stand_in


# Where it is looked for


def test_the_folders_of_the_environment_come_first(stand_in: Path, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(stand_in.read_bytes())
    linker = Linker((tmp_path,), Path("/nonexistent"), (stand_in.parent,))
    assert linker.find(NAME) == tmp_path / NAME
    assert Linker((), Path("/nonexistent"), (tmp_path,)).find("libother.so.1") is None


def test_the_environment_says_which_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/a::/opt/b")
    assert Linker().preferred == (Path("/opt/a"), Path("/opt/b"))
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert Linker().preferred == ()


def test_the_folders_of_the_architecture_are_looked_into_before_the_others() -> None:
    found = Linker().folders
    assert found[-2:] == (Path("/lib"), Path("/usr/lib"))
    assert all(folder.parent in found[-2:] for folder in found[:-2])
    if len(found) > 2 and (found[0] / "libc.so.6").exists():
        assert Linker((), Path("/nonexistent")).find("libc.so.6") == found[0] / "libc.so.6"


@pytest.mark.skipif(not LDCONFIG, reason="no ldconfig is here to write a cache")
def test_what_ldconfig_has_found_is_found(stand_in: Path, tmp_path: Path) -> None:
    # `cc` was not told a soname, so ldconfig goes by the file's name.
    (tmp_path / "ld.so.conf").write_text(f"{stand_in.parent}\n")
    command = [LDCONFIG, "-X", "-C", str(tmp_path / "cache"), "-f", str(tmp_path / "ld.so.conf")]
    assert places(cache=tmp_path / "cache").linker.find(NAME) is None
    subprocess.run(command, check=True)
    assert places(cache=tmp_path / "cache").linker.find(NAME) == stand_in
    (tmp_path / NAME).write_bytes(stand_in.read_bytes())
    assert Linker((tmp_path,), tmp_path / "cache", ()).find(NAME) == tmp_path / NAME, "LD_LIBRARY_PATH comes before it"
    assert Linker((), tmp_path / "cache", (tmp_path,)).find(NAME) == stand_in, "and the folders after it"
    for damage in (60, 20, 5):
        (tmp_path / "damaged").write_bytes((tmp_path / "cache").read_bytes()[:damage])
        assert places(cache=tmp_path / "damaged").linker.find(NAME) is None


# Which version


@pytest.mark.parametrize("version", PLAIN)
def test_what_crashes_on_load_is_refused_with_the_reason(stand_in: Path, tmp_path: Path, version: str) -> None:
    dpkg = installed(tmp_path, "libedgetpu1-std", version, stand_in)
    sentence = refused(NAME, places(stand_in.parent, dpkg=dpkg))
    assert sentence.startswith(f"libedgetpu1-std {version} crashes when it is loaded")
    assert "Install libedgetpu1-std 16.0tf2.17.1 or newer" in sentence


@pytest.mark.parametrize("version", OLDER)
def test_what_is_only_older_is_refused_and_not_called_a_crash(stand_in: Path, tmp_path: Path, version: str) -> None:
    dpkg = installed(tmp_path, "libedgetpu1-std", version, stand_in)
    sentence = refused(NAME, places(stand_in.parent, dpkg=dpkg))
    assert sentence.startswith(f"libedgetpu1-std {version} is older than 16.0tf2.17.1, the first that is known to go with")


@pytest.mark.parametrize("version", TAKEN)
def test_what_is_new_enough_is_taken(stand_in: Path, tmp_path: Path, version: str) -> None:
    dpkg = installed(tmp_path, "libedgetpu1-std", version, stand_in)
    found = require(NAME, places(stand_in.parent, dpkg=dpkg))
    assert found.package == Package("libedgetpu1-std", version)
    assert str(found) == f"libedgetpu1-std {version}"


def test_a_package_is_known_through_links_as_debian_makes_them(stand_in: Path, tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "lib").symlink_to(tmp_path / "usr")
    (tmp_path / "usr/libedgetpu.so.1.0").write_bytes(stand_in.read_bytes())
    (tmp_path / "usr" / NAME).symlink_to("libedgetpu.so.1.0")
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-std", "16.0", tmp_path / "lib/libedgetpu.so.1.0")
    assert "crashes" in refused(NAME, places(tmp_path / "usr", dpkg=dpkg))


def test_a_package_beside_the_library_says_nothing_of_it(stand_in: Path, tmp_path: Path) -> None:
    other = tmp_path / NAME
    other.touch()
    dpkg = installed(tmp_path / "dpkg", "libedgetpu1-std", "16.0", other)
    assert require(NAME, places(stand_in.parent, dpkg=dpkg)).package is None


def test_the_maximum_clock_is_known(stand_in: Path, tmp_path: Path) -> None:
    dpkg = installed(tmp_path, "libedgetpu1-max", "16.0tf2.17.1-1", stand_in)
    assert require(NAME, places(stand_in.parent, dpkg=dpkg)).is_at_maximum_clock
