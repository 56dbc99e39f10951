"""What the installer tells beside its own words: a refused bundle to a unit's journal, doctor and panel; new rules to udev."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from edge.doctor.finding import State
from edge.doctor.update import update

LIB = Path(__file__).parents[2] / "deploy/lib"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the installer tells nobody but as root")


def shell(folder: Path, script: str, *, what: str = "install", source: str = "bundle") -> subprocess.CompletedProcess[str]:
    """Something of deploy/lib, with programs in place of the system's that note how they were called."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("logger", "muster", "udevadm"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{folder}/called"\n')
        (programs / name).chmod(0o755)
    names = f"set -euo pipefail; home=/nowhere command_file={programs}/muster what={what} source={source}"
    command = f"{names}; . {LIB}/say.sh; . {LIB}/refusal.sh; {script}"
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "MUSTER_UPDATE_STATE": str(folder / "state")}
    return subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=60)


def called(folder: Path) -> list[str]:
    path = folder / "called"
    return path.read_text().splitlines() if path.exists() else []


@needs_root
def test_a_refused_bundle_is_told_to_journal_panel_and_doctor(tmp_path: Path) -> None:
    done = shell(tmp_path, 'refuse 65 "the bundle is for arm64, and this system is amd64." "Make one for this."')
    assert (done.returncode, done.stderr.splitlines()[0]) == (65, "Refused: the bundle is for arm64, and this system is amd64.")
    assert called(tmp_path) == [
        "logger -t muster-update -p daemon.notice -- refused: the bundle is for arm64, and this system is amd64.",
        "muster panel stick refused",
    ]
    found = update(tmp_path / "state")
    assert (found.state, "refused: the bundle is for arm64" in found.sentence) == (State.WARNING, True)
    assert (tmp_path / "state/outcome").stat().st_mode & 0o777 == 0o644, "the doctor is another user"

    shell(tmp_path, "forget_refusal /opt/muster/versions/0.2-12345678")
    found = update(tmp_path / "state")
    assert (found.state, found.sentence.endswith("Installed by hand: 0.2-12345678 is at work.")) == (State.OK, True)


@pytest.mark.parametrize(
    ("code", "what", "source"),
    [(75, "install", "bundle"), (65, "check", "bundle"), (65, "beside", "bundle"), (69, "install", "checkout")],
)
def test_what_is_no_word_about_a_bundle_is_told_to_nobody(tmp_path: Path, code: int, what: str, source: str) -> None:
    done = shell(tmp_path, f'refuse {code} "no." "Wait."', what=what, source=source)
    assert (done.returncode, called(tmp_path), (tmp_path / "state").exists()) == (code, [], False)


def test_what_became_of_the_latest_update_stays_where_no_bundle_was_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    told = "2026-11-22T07:00:00Z\nreturned\n1 is back.\n"
    (tmp_path / "state/outcome").write_text(told)
    assert shell(tmp_path, "forget_refusal /opt/muster/versions/1").returncode == 0
    assert (tmp_path / "state/outcome").read_text() == told


def test_devices_that_were_there_before_the_rules_get_their_groups_before_a_unit_is_started(tmp_path: Path) -> None:
    done = shell(tmp_path, f"unset command_file; work={tmp_path}; . {LIB}/system.sh; tell_udev")
    assert (done.returncode, done.stderr) == (0, "")
    told = called(tmp_path)
    assert told[0] == "udevadm control --reload"
    assert "udevadm trigger --action=change --subsystem-match=gpio --subsystem-match=dma_heap --subsystem-match=media" in told
    assert told[-1] == "udevadm settle --timeout=10"
