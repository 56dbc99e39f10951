from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from debian import Debian


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    """An empty bookworm, with the group plugdev and libc6."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("needs dpkg: Debian or Raspberry Pi OS")
    ours = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    made = Debian(tmp_path, ours)
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"):
        (made.root / folder).mkdir(parents=True)
    (made.root / "etc/group").write_text("root:x:0:\nplugdev:x:46:anna\n")
    (made.root / "etc/os-release").write_text('ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID="12"\n')
    made.installed("libc6")
    made.sysfs.mkdir()
    return made
