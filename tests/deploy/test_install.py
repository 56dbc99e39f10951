"""The installer refuses what it should not take before anything changes. All of it in a real Debian: test_install_debian.py."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import INSTALL, MISSING, NO_ROOM, REFUSED, ROOT, USAGE, Signer, ours, python, small

needs_debian = pytest.mark.skipif(
    not (shutil.which("dpkg") and Path("/usr/bin/python3").exists() and shutil.which("ssh-keygen")),
    reason="needs dpkg, Debian's python3 and ssh-keygen",
)


def check(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(INSTALL), "--check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.new(tmp_path / "release")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small(tmp_path / "muster.tar.gz")


def is_judged(outcome: subprocess.CompletedProcess[str]) -> bool:
    """Nothing was wrong with the bundle: at most this machine lacks a package of Debian that a unit has."""
    return outcome.returncode == 0 or (outcome.returncode == MISSING and "not installed: " in outcome.stderr)


@needs_debian
def test_a_bundle_that_was_signed_with_the_release_key_is_taken(bundle: Path, signer: Signer) -> None:
    signer.sign(bundle)
    outcome = check("--bundle", bundle, "--trust", signer.trust)
    assert is_judged(outcome), outcome.stderr
    assert "nobody vouches" not in outcome.stderr


@needs_debian
@pytest.mark.parametrize("case", ["another key", "another purpose", "another file", "none", "empty"])
def test_any_other_signature_is_refused(tmp_path: Path, bundle: Path, signer: Signer, case: str) -> None:
    signature = signer.sign(bundle, namespace="file" if case == "another purpose" else "muster-bundle")
    if case == "another key":
        Signer.new(tmp_path / "somebody").sign(bundle)
    elif case == "another file":
        small(bundle, version="9.9.10")
    elif case == "none":
        signature.unlink()
    elif case == "empty":
        signature.write_bytes(b"")
    outcome = check("--bundle", bundle, "--trust", signer.trust)
    assert outcome.returncode == REFUSED
    assert "signature" in outcome.stderr
    assert "What to do: " in outcome.stderr


@needs_debian
def test_a_unit_that_was_told_of_no_key_says_that_nobody_vouches(bundle: Path, tmp_path: Path) -> None:
    if Path("/etc/muster/release.pub").exists():
        pytest.skip("this machine is a unit")
    outcome = check("--bundle", bundle)
    assert is_judged(outcome), outcome.stderr
    assert "nobody vouches" in outcome.stderr or outcome.returncode == MISSING


@needs_debian
@pytest.mark.parametrize(
    ("manifest", "code", "words"),
    [
        ({"architecture": "riscv64"}, REFUSED, f"is for riscv64, and this system is {ours() if shutil.which('dpkg') else ''}"),
        ({"python": "2.7"}, REFUSED, "is for Python 2.7, and this system has 3."),
        ({"needs_mib": "9999999"}, NO_ROOM, "this version needs 9999999"),
        ({"needs_mib": "a[$(reboot)]"}, REFUSED, "damaged"),
        ({"version": "../../../etc"}, REFUSED, "damaged"),
        ({"muster_bundle": "2"}, REFUSED, "not a bundle that this installer knows"),
    ],
)
def test_a_bundle_that_does_not_fit_here_is_refused(tmp_path: Path, manifest: dict[str, str], code: int, words: str) -> None:
    outcome = check("--bundle", small(tmp_path / "muster.tar.gz", **manifest))
    assert outcome.returncode == code
    assert words in outcome.stderr
    assert "What to do: " in outcome.stderr


@needs_debian
def test_a_bundle_with_another_runtime_than_the_one_that_is_asked_for(bundle: Path) -> None:
    outcome = check("--bundle", bundle, "--runtime", "tflite")
    assert outcome.returncode == REFUSED
    assert outcome.stderr.rstrip().endswith(f"make bundle ARCH={ours()} PYTHON_VERSION={python()} RUNTIME=tflite")


@needs_debian
def test_a_bundle_that_is_wrong_in_two_ways_names_both_and_the_one_to_make(tmp_path: Path) -> None:
    outcome = check("--bundle", small(tmp_path / "muster.tar.gz", architecture="riscv64", python="2.7"))
    assert outcome.returncode == REFUSED
    assert "is for riscv64" in outcome.stderr
    assert "is for Python 2.7" in outcome.stderr
    runtime = "tflite" if (ours(), python()) == ("arm64", "3.11") else "litert"
    assert outcome.stderr.rstrip().endswith(f"make bundle ARCH={ours()} PYTHON_VERSION={python()} RUNTIME={runtime}")


@needs_debian
def test_what_is_no_bundle_or_only_half_of_one(tmp_path: Path, bundle: Path) -> None:
    whole = bundle.read_bytes()
    for content in (b"", b"not an archive", whole[: len(whole) - 12]):
        bundle.write_bytes(content)
        assert check("--bundle", bundle).returncode == REFUSED
    assert "there is no file" in check("--bundle", tmp_path / "nothing").stderr


@pytest.mark.parametrize(
    "arguments", [["--bundel"], ["--bundle"], ["--runtime", "tensorrt"], ["--uninstall"], ["--trust", "/nowhere"], ["more"]]
)
def test_wrong_usage_is_said_and_does_nothing(arguments: list[str]) -> None:
    outcome = check(*arguments)
    assert outcome.returncode == USAGE
    assert "usage: deploy/install" in outcome.stderr


def requirements_for(name: str, machine: str, python: str) -> list[str]:
    found = importlib.util.spec_from_file_location("requirements_for", ROOT / "deploy/lib/requirements_for.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    lines: list[str] = module.lines_for((ROOT / f"requirements/{name}.txt").read_text("utf-8"), machine, python)
    return lines


def versions(lines: list[str]) -> dict[str, str]:
    return dict(line.split(" ", 1)[0].split("==") for line in lines)


@pytest.mark.parametrize("name", ["litert", "tflite"])
def test_a_bundle_for_another_computer_has_what_that_one_needs(name: str) -> None:
    raspberry, desk = requirements_for(name, "aarch64", "3.11"), requirements_for(name, "x86_64", "3.11")
    assert set(versions(raspberry)) - set(versions(desk)) == {"lgpio"}
    assert "lgpio" not in versions(requirements_for(name, "aarch64", "3.13"))
    assert "colorama" not in versions(raspberry), "only Windows needs it"
    assert all(" --hash=sha256:" in line and ";" not in line for line in raspberry + desk)


def test_of_two_versions_the_one_for_that_python() -> None:
    assert (
        versions(requirements_for("litert", "aarch64", "3.11"))["numpy"]
        != versions(requirements_for("litert", "aarch64", "3.13"))["numpy"]
    )


def test_an_installed_package_finds_the_networks_of_its_own_version(tmp_path: Path) -> None:
    """As deploy/install lays a version: the package inside the environment, the networks beside it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True, timeout=60)
    (packages,) = (tmp_path / ".venv/lib").glob("python3*/site-packages")
    shutil.copytree(ROOT / "edge", packages / "edge", ignore=shutil.ignore_patterns("__pycache__"))
    (packages / "development.pth").write_text(next(each for each in sys.path if each.endswith("site-packages")))
    (tmp_path / "models").mkdir()
    (tmp_path / "current").symlink_to(tmp_path)
    asked = "from edge import wiring; print(wiring.manifest_path()); print(wiring.shipped('scripts/prepare-stick'))"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MUSTER"))}
    command = [tmp_path / ".venv/bin/python", "-c", asked]
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env=environment, cwd="/"
    ).stdout.split()
    assert found == [f"{tmp_path}/models/manifest.toml", f"{tmp_path}/scripts/prepare-stick"]
