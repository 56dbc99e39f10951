from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest

from edge.device.power import Power, undervoltage


def program(folder: Path, script: str) -> Path:
    """A vcgencmd that does what the script says."""
    path = folder / "vcgencmd"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("bits", "now", "since_boot"),
    [
        ("0x0", (), ()),
        ("0x1", ("undervoltage",), ("undervoltage",)),
        ("0x50000", (), ("undervoltage", "throttled")),
        ("0x50005", ("undervoltage", "throttled"), ("undervoltage", "throttled")),
        ("0x80008", ("soft temperature limit reached",), ("soft temperature limit reached",)),
        ("0x20002", ("processor frequency capped",), ("processor frequency capped",)),
        ("0xE0000", (), ("processor frequency capped", "throttled", "soft temperature limit reached")),
        ("0xf0fff0", (), ()),  # bits that nobody has documented
    ],
)
def test_every_documented_bit_has_a_word(tmp_path: Path, bits: str, now: tuple[str, ...], since_boot: tuple[str, ...]) -> None:
    found = undervoltage(program(tmp_path, f"echo throttled={bits}"))
    assert found == Power(now=now, since_boot=since_boot)


def test_a_voltage_that_has_recovered_is_low_since_boot_but_not_now(tmp_path: Path) -> None:
    found = undervoltage(program(tmp_path, "echo throttled=0x10000"))
    assert found is not None
    assert (found.is_low_now, found.was_low) == (False, True)


def test_heat_is_not_undervoltage(tmp_path: Path) -> None:
    found = undervoltage(program(tmp_path, "echo throttled=0xe000e"))
    assert found is not None
    assert (found.is_low_now, found.was_low) == (False, False)


def test_the_program_is_asked_for_this_and_nothing_else(tmp_path: Path) -> None:
    found = undervoltage(program(tmp_path, '[ "$*" = get_throttled ] && echo throttled=0x1'))
    assert found is not None
    assert found.is_low_now


def test_without_the_program_there_is_no_answer(tmp_path: Path) -> None:
    assert undervoltage(None) is None
    assert undervoltage(tmp_path / "vcgencmd") is None
    assert undervoltage(tmp_path) is None


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo VCHI initialization failed", "VCHI initialization failed"),
        ("echo VCHI initialization failed >&2; exit 255", "VCHI initialization failed"),
        ("exit 1", "said nothing"),
        ("printf '\\377\\376'", "said"),
        ("echo throttled=0x", "throttled=0x"),
        ("echo throttled=0x1 and more", "and more"),
        ("echo 'error=1 error_msg=\"Command not registered\"'", "Command not registered"),
        ("head -c 100000 /dev/zero | tr '\\0' x", "xxx"),
    ],
)
def test_broken_output_is_a_fault_that_says_what_to_do(tmp_path: Path, script: str, words: str) -> None:
    found = undervoltage(program(tmp_path, script))
    assert found is not None
    assert words in found.fault
    assert "group video" in found.fault
    assert len(found.fault) < 500
    assert (found.now, found.since_boot) == ((), ())


def test_a_program_that_cannot_be_run_is_a_fault(tmp_path: Path) -> None:
    broken = tmp_path / "vcgencmd"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    found = undervoltage(broken)
    assert found is not None
    assert "cannot be run" in found.fault


def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hanging = program(tmp_path, f"sleep 60 &\necho $! > {note}.part; mv {note}.part {note}\nwait")
    began = time.monotonic()
    found = undervoltage(hanging, deadline_s=1.0)
    assert time.monotonic() - began < 5
    assert found is not None
    assert "did not answer within 1 s" in found.fault
    assert has_ended(int(note.read_text()))


def has_ended(pid: int) -> bool:
    """Whether a process ends; one that was killed a moment ago may still be on its way."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 10)[0])
    finally:
        os.close(process)
