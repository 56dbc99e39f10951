"""What the installer of libedgetpu takes, what it refuses, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess

import pytest
from debian import GOOD, INSTALL, MISSING, NOT_ROOT, REFUSED, USAGE, Debian
from edgetpu.versions import OLDER, PLAIN, TAKEN

RULE = "60-muster-edgetpu.rules"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="dpkg installs for root alone, into a folder too")


@pytest.mark.parametrize("version", TAKEN)
def test_a_build_that_is_new_enough_is_accepted(debian: Debian, version: str) -> None:
    outcome = debian.run("--check", debian.package(version=version))
    assert (outcome.code, outcome.complained) == (0, "")
    assert f"libedgetpu1-std {version} can be installed. Nothing was changed." in outcome.said


@pytest.mark.parametrize("version", PLAIN)
def test_a_plain_build_is_refused_with_the_reason(debian: Debian, version: str) -> None:
    outcome = debian.run("--check", debian.package(version=version))
    assert outcome.code == REFUSED
    for words in (version, "TfLiteRegistration", "segmentation fault", "google-coral/edgetpu#812", "What to do:", "16.0tf2.17.1"):
        assert words in outcome.complained


@pytest.mark.parametrize("version", OLDER)
def test_an_older_build_is_refused_by_release_and_tensorflow(debian: Debian, version: str) -> None:
    outcome = debian.run("--check", debian.package(version=version))
    assert outcome.code == REFUSED
    assert f"{version} is older than 16.0tf2.17.1" in outcome.complained


def test_the_files_name_does_not_decide(debian: Debian) -> None:
    outcome = debian.run("--check", debian.package(version="16.0", file=f"libedgetpu1-std_{GOOD}.bookworm_{debian.ours}.deb"))
    assert outcome.code == REFUSED


def test_another_architecture_is_refused_and_the_right_file_named(debian: Debian) -> None:
    other = "arm64" if debian.ours != "arm64" else "amd64"
    outcome = debian.run("--check", debian.package(architecture=other))
    assert outcome.code == REFUSED
    assert f"for {other}, and this system is {debian.ours}" in outcome.complained
    assert f"_{debian.ours}.deb" in outcome.complained


def test_on_a_32_bit_system_the_64_bit_one_is_asked_for(debian: Debian) -> None:
    debian.program("dpkg", 'if [ "$1" = --print-architecture ]; then echo armhf; else exec /usr/bin/dpkg "$@"; fi')
    outcome = debian.run("--check", debian.package(architecture="arm64"))
    assert outcome.code == REFUSED
    assert "64-bit Raspberry Pi OS" in outcome.complained


@pytest.mark.parametrize("name", ["libedgetpu-dev", "python3-pycoral", "libedgetpu1", "edgetpu-compiler"])
def test_another_package_is_refused(debian: Debian, name: str) -> None:
    outcome = debian.run("--check", debian.package(name))
    assert outcome.code == REFUSED
    assert f"the package is {name}" in outcome.complained


def test_a_package_without_the_library_is_refused(debian: Debian) -> None:
    outcome = debian.run("--check", debian.package(library=False))
    assert outcome.code == REFUSED
    assert "no libedgetpu.so.1 in it" in outcome.complained


def test_maximum_clock_needs_its_word(debian: Debian) -> None:
    deb = debian.package("libedgetpu1-max")
    outcome = debian.run("--check", deb)
    assert outcome.code == REFUSED
    for words in ("25 °C", "35 °C", "900 mA", "libedgetpu1-std", "--max-clock"):
        assert words in outcome.complained
    assert debian.run("--check", "--max-clock", deb).code == 0


def test_the_word_for_maximum_clock_excuses_nothing_else(debian: Debian) -> None:
    outcome = debian.run("--check", "--max-clock", debian.package("libedgetpu1-max", "16.0"))
    assert outcome.code == REFUSED
    assert "segmentation fault" in outcome.complained


@pytest.mark.parametrize("size", [0, 100, 600])
def test_half_a_package_is_refused(debian: Debian, size: int) -> None:
    deb = debian.package()
    assert deb.stat().st_size > size
    deb.write_bytes(deb.read_bytes()[:size])
    outcome = debian.run("--check", deb)
    assert outcome.code == REFUSED
    assert "not a Debian package, or not all of it is there" in outcome.complained


def test_a_page_that_was_saved_in_place_of_the_package_is_refused(debian: Debian) -> None:
    deb = debian.folder / f"libedgetpu1-std_{GOOD}.bookworm_arm64.deb"
    deb.write_text("<!DOCTYPE html><title>Not Found</title>")
    assert debian.run("--check", deb).code == REFUSED


def test_a_file_that_is_not_there_is_refused(debian: Debian) -> None:
    outcome = debian.run("--check", debian.folder / "gone.deb")
    assert outcome.code == REFUSED
    assert "there is no file" in outcome.complained


def test_a_folder_is_no_package(debian: Debian) -> None:
    outcome = debian.run("--check", debian.folder)
    assert outcome.code == REFUSED
    assert f"{debian.folder} is a folder." in outcome.complained


def test_a_file_that_this_user_may_not_read_is_not_called_broken(debian: Debian) -> None:
    deb = debian.package()
    deb.chmod(0)
    if os.access(deb, os.R_OK):
        pytest.skip("root may read everything")
    outcome = debian.run("--check", deb)
    assert outcome.code == REFUSED
    assert "may not be read by this user" in outcome.complained


def test_what_the_library_needs_is_looked_for_before_anything_is_done(debian: Debian) -> None:
    deb = debian.package(depends="libc6 (>= 2.14), libgcc1, libusb-1.0-0 (>= 2:1.0.9) | libusb-1.0-1:any")
    debian.installed("libc6", "libgcc-s1", provides="libgcc1 (= 1:12.2.0-14)")
    outcome = debian.run("--check", deb)
    assert outcome.code == MISSING
    assert "needs libusb-1.0-0 | libusb-1.0-1, which is not installed" in outcome.complained
    assert "sudo apt-get install libusb-1.0-0, then this again. If apt knows no such package" in outcome.complained
    for other in ("libusb-1.0-0", "libusb-1.0-1"):
        debian.installed("libc6", "libgcc-s1", other, provides="libgcc1 (= 1:12.2.0-14)")
        assert debian.run("--check", deb).code == 0


def test_the_other_clock_must_go_first(debian: Debian) -> None:
    debian.installed("libc6", "libedgetpu1-max")
    outcome = debian.run("--check", debian.package())
    assert outcome.code == MISSING
    assert "sudo apt-get remove libedgetpu1-max" in outcome.complained


def test_a_rule_for_a_group_that_nobody_has_would_be_void(debian: Debian) -> None:
    (debian.root / "etc/group").write_text("root:x:0:\n")
    outcome = debian.run("--check", debian.package())
    assert outcome.code == MISSING
    assert "groupadd --system plugdev" in outcome.complained


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "No package is named."),
        (["--check"], "No package is named."),
        (["--fast", "x.deb"], "There is no option --fast."),
        (["a.deb", "b.deb"], "One package at a time, and there are two: a.deb and b.deb."),
        (["--check", "a.deb", "--root"], "--root needs the folder of a system after it."),
        (["--root", "/nowhere at all", "a.deb"], "--root: /nowhere at all is no folder that this user may enter."),
    ],
)
def test_wrong_usage_says_what_is_wrong_and_then_shows_the_usage(debian: Debian, arguments: list[str], reason: str) -> None:
    outcome = debian.run(*arguments, here=True)
    assert outcome.code == USAGE
    assert outcome.complained.startswith(f"{reason}\n\nusage: deploy/edgetpu/install")


def test_help_is_no_error(debian: Debian) -> None:
    outcome = debian.run("--help", here=True)
    assert (outcome.code, outcome.complained) == (0, "")
    assert "--max-clock" in outcome.said


@pytest.mark.parametrize("options", [["--check"], ["--check", "--max-clock"]])
def test_a_check_changes_nothing(debian: Debian, options: list[str]) -> None:
    before = debian.files()
    debian.run(*options, debian.package())
    assert debian.files() == before


def test_installing_needs_root(debian: Debian) -> None:
    debian.program("id", "echo 1000")
    before = debian.files()
    outcome = debian.run(debian.package())
    assert outcome.code == NOT_ROOT
    assert "sudo" in outcome.complained
    assert debian.files() == before


@needs_root
def test_the_library_and_the_rule_are_installed_and_doing_it_twice_does_no_harm(debian: Debian) -> None:
    deb = debian.package(depends="libc6")
    for _ in range(2):
        outcome = debian.run(deb)
        assert outcome.code == 0, outcome
        assert (debian.root / "usr/lib/muster-test/libedgetpu.so.1").read_text() == f"libedgetpu1-std {GOOD}\n"
        assert (debian.root / "etc/udev/rules.d" / RULE).read_bytes() == (INSTALL.parent / RULE).read_bytes()
        assert (debian.root / "etc/udev/rules.d" / RULE).stat().st_mode & 0o777 == 0o644
        assert status(debian) == f"install ok installed {GOOD}"
        assert "sudo usermod -aG plugdev USER" in outcome.said


@needs_root
def test_into_an_image_nothing_of_this_system_is_touched(debian: Debian) -> None:
    for name in ("ldconfig", "udevadm"):
        debian.program(name, f'echo {name} >>"{debian.folder}/called"')
    assert debian.run(debian.package()).code == 0
    assert not (debian.folder / "called").exists()


@needs_root
def test_a_plain_16_0_that_is_there_is_replaced(debian: Debian) -> None:
    old = debian.package(version="16.0", file="old.deb")
    dpkg = ["dpkg", "--root", debian.root, "--install", old]
    subprocess.run(dpkg, check=True, capture_output=True)
    assert status(debian) == "install ok installed 16.0"
    assert debian.run(debian.package()).code == 0
    assert status(debian) == f"install ok installed {GOOD}"


@needs_root
def test_a_refused_package_leaves_everything_as_it_was(debian: Debian) -> None:
    before = debian.files()
    assert debian.run(debian.package(version="16.0")).code == REFUSED
    assert debian.files() == before


@needs_root
def test_dpkgs_own_refusal_is_passed_on_and_no_rule_is_placed(debian: Debian) -> None:
    outcome = debian.run(debian.package(depends="libc6 (>= 9:1)"))  # there, but too old: dpkg sees to versions
    assert outcome.code == MISSING
    assert "dependency problems" in outcome.complained
    assert "dpkg --configure -a" in outcome.complained
    assert not (debian.root / "etc/udev/rules.d" / RULE).exists()


@needs_root
def test_who_is_in_the_group_already_is_not_told_to_join_it(debian: Debian) -> None:
    for person, is_told in (("anna", False), ("bert", True)):
        outcome = debian.run(debian.package(), environment=[("SUDO_USER", person)])
        assert outcome.code == 0
        assert (f"sudo usermod -aG plugdev {person}" in outcome.said) == is_told


def status(debian: Debian) -> str:
    query = ["dpkg-query", "--admindir", debian.root / "var/lib/dpkg", "-W", "-f", "${Status} ${Version}", "libedgetpu1-std"]
    return subprocess.run(query, check=True, capture_output=True, text=True).stdout
