"""What the installer fetches of Debian: what is needed, or nothing goes on; what is only useful, where there is such a thing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

LIB = Path(__file__).parents[2] / "deploy/lib"
MISSING = 69


def fetch(folder: Path, *, needed: str, useful: str, unknown: str = "-", source: str = "checkout") -> tuple[int, str, list[str]]:
    """What fetch_packages ends with and says, and how apt-get was called, which does not know all packages."""
    (folder / "apt-get").write_text(f"""#!/bin/sh
        echo "$*" >>{folder}/called
        case "$*" in
            update) echo "E: Could not get lock /var/lib/apt/lists/lock"; exit 100 ;;
            *{unknown}*) echo "E: Unable to locate package {unknown}"; exit 100 ;;
        esac
    """)
    (folder / "apt-get").chmod(0o755)
    (folder / "called").touch()
    script = f"""
        source={source} trust=/nowhere home=/nowhere system_python=/usr/bin/python3 work={folder} PATH={folder}:$PATH
        . {LIB}/say.sh; . {LIB}/packages.sh
        needed_packages() {{ printf '%s' '{needed}'; }}; useful_packages() {{ printf '%s' '{useful}'; }}
        fetch_packages"""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=30)
    called = [line.split(" install ")[-1] for line in (folder / "called").read_text().splitlines() if line != "update"]
    return done.returncode, done.stdout + done.stderr, called


QUIETLY = "--yes --no-install-recommends"


def test_what_is_useful_and_unknown_to_this_debian_is_no_reason_to_stop(tmp_path: Path) -> None:
    code, said, called = fetch(tmp_path, needed="python3-venv\n", useful="python3-picamera2\n", unknown="picamera2")
    assert (code, called) == (0, [f"{QUIETLY} python3-venv", f"{QUIETLY} python3-picamera2"])
    assert "Installed from Debian: python3-venv\n" in said
    assert "Unable to locate package picamera2" in said
    assert "not needed to begin with: python3-picamera2." in said


def test_what_is_needed_and_cannot_be_had_ends_it_with_apts_own_words(tmp_path: Path) -> None:
    code, said, _ = fetch(tmp_path, needed="python3-venv\n", useful="", unknown="venv")
    assert (code, "Unable to locate package venv" in said, "Refused: apt did not install python3-venv" in said) == (
        MISSING,
        True,
        True,
    )


@pytest.mark.parametrize("source", ["bundle", "version", "checkout"])
def test_apt_is_asked_for_nothing_where_nothing_may_be_fetched_or_all_is_there(tmp_path: Path, source: str) -> None:
    useful = "" if source == "checkout" else "openssh-client\n"
    code, said, called = fetch(tmp_path, needed="", useful=useful, source=source)
    assert (code, called, "not needed to begin with" in said) == (0, [], source != "checkout")


def test_apt_is_waited_for_while_somebody_else_has_it(tmp_path: Path) -> None:
    fetch(tmp_path, needed="python3-venv\n", useful="")
    assert "-o DPkg::Lock::Timeout=300 install" in (tmp_path / "called").read_text()
