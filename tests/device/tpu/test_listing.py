"""What pycoral lists, asked of a package that stands in for it: well, badly and never."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.device.tpu.listing import list_edge_tpus


def pycoral(folder: Path, body: str) -> dict[str, str]:
    """A package of the genuine one's shape; the variables with which it is found are what comes back."""
    package = folder / "pycoral" / "utils"
    package.mkdir(parents=True)
    (folder / "pycoral" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "edgetpu.py").write_text(f"import os, time\n\n\ndef list_edge_tpus():\n    {body}\n")
    return {"PYTHONPATH": str(folder)}


def test_what_it_lists_is_told(tmp_path: Path) -> None:
    found = [{"type": "usb", "path": "/sys/bus/usb/devices/2-1"}, {"type": "pci", "path": "/dev/apex_0"}]
    environment = pycoral(tmp_path, f"print('I am chatty'); return {found}")
    assert list_edge_tpus(environment=environment) == ["usb /sys/bus/usb/devices/2-1", "pci /dev/apex_0"]


def test_none_is_an_answer(tmp_path: Path) -> None:
    assert list_edge_tpus(environment=pycoral(tmp_path, "return []")) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os.abort()", "cannot be asked: its process died of SIGABRT"),
        (
            "raise ImportError('libedgetpu.so.1: cannot open shared object file')",
            "cannot be asked: its process ended with exit code 1",
        ),
        ("return [1]", "answers what nobody understands"),
        ("return [{'path': 'x'}]", "answers what nobody understands"),
        ("print('[', end=''); os._exit(0)", "answers what nobody understands"),
    ],
)
def test_whatever_becomes_of_it_this_process_lives_and_says_so(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list_edge_tpus(environment=pycoral(tmp_path, body))


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    environment = pycoral(tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    with pytest.raises(ValueError, match=r"no answer within 1 s"):
        list_edge_tpus(environment=environment, deadline_s=1)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
