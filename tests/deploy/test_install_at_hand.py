"""The installer over a copy of this system that is thrown away, with a version without a Python: what it places and takes away.

The same with pip, a bundle and a Debian of its own, which takes minutes: test_install_debian.py.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from bundles import BUSY, DONE, MISSING, REFUSED, ROOT, packed
from chroot import Chroot
from machine import why_not

_WHY_NOT = why_not() or ("" if shutil.which("dpkg") else "needs dpkg")
pytestmark = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-")

VERSION = "/opt/muster/versions/9.9.9-12345678"
INSTALL = f"{VERSION}/deploy/install --no-doctor"
STATE = "/var/lib/muster-update"
LAID = f"""
mkdir -p {VERSION}/.venv/bin
cp -r /mnt/deploy {VERSION}/
chmod -R u=rwX,go=rX {VERSION}
printf 'version=9.9.9\n' >{VERSION}/MANIFEST
printf 'include-system-site-packages = false\n' >{VERSION}/.venv/pyvenv.cfg
printf '#!/bin/sh\n' >{VERSION}/.venv/bin/muster
chmod 755 {VERSION}/.venv/bin/muster
touch {VERSION}/.whole
"""


@pytest.fixture
def card(tmp_path: Path) -> Chroot:
    """This system, with the packages of a unit, and a version of Muster that is laid beside nothing."""
    carried = tmp_path / "carried"
    shutil.copytree(ROOT / "deploy", carried / "deploy")
    made = Chroot((Path("/"),), tmp_path / "layer", carried)
    missing = [name for name in ("python3", "systemd", "udev") if not Path(f"/var/lib/dpkg/info/{name}.list").exists()]
    lie = "".join(
        f"printf 'Package: {name}\\nStatus: install ok installed\\nVersion: 1\\n\\n' >>/var/lib/dpkg/status\n" for name in missing
    )
    done = made.shell(lie + LAID)
    assert done.code == 0, done.complained
    return made


def names(card: Chroot, *folders: str) -> set[str]:
    return set(card.shell(f"find {' '.join(folders)} 2>/dev/null || true").said.splitlines())


FOLDERS = ("/etc/systemd", "/etc/udev", "/etc/sysusers.d", "/etc/muster", "/usr/local/bin", "/opt", "/var/lib", "/run")


def test_uninstalling_leaves_the_data_and_nothing_that_systemd_or_an_update_has_written_down(card: Chroot) -> None:
    before = names(card, *FOLDERS)
    assert card.shell(INSTALL).code == DONE
    for unit in (ROOT / "deploy/systemd").glob("*.*"):
        assert unit.is_dir() or f"/etc/systemd/system/{unit.name}" in names(card, "/etc/systemd/system"), unit.name
    said = card.shell(f"""
        mkdir -p {STATE} /var/lib/systemd/timers /run/muster-stick/sda1
        echo refused >{STATE}/outcome
        touch /var/lib/systemd/timers/stamp-muster-retention.timer /var/lib/muster/muster.db
        {INSTALL} --uninstall
        ls /run >/srv/run""")
    assert said.code == DONE, said.complained
    left = names(card, *FOLDERS) - before
    assert {name for name in left if not name.startswith("/var/lib/systemd")} == {"/var/lib/muster", "/var/lib/muster/muster.db"}
    assert "/var/lib/systemd/timers/stamp-muster-retention.timer" not in left
    assert "muster-stick" not in card.shell("cat /srv/run").said


def test_what_was_cut_off_can_be_taken_away_and_nothing_is_half(card: Chroot) -> None:
    """Cut where half of the files are placed: the fourth one cannot be."""
    before = names(card, *FOLDERS)
    said = card.shell(f"mkdir -p /etc/systemd/system/muster-sync.service/in-the-way; {INSTALL}")
    assert said.code != DONE
    assert "/etc/systemd/system/muster-farewell.service" in names(card, "/etc/systemd/system")
    said = card.shell("rm -r /etc/systemd/system/muster-sync.service; touch /etc/systemd/system/muster.service.part")
    said = card.shell(f"{INSTALL} --uninstall")
    assert said.code == DONE, said.complained
    assert {name for name in names(card, *FOLDERS) - before if "/var/lib/" not in name} == set()


def test_a_file_that_cannot_be_written_whole_is_still_the_old_one(card: Chroot) -> None:
    """As a full disk or a power cut leaves it: no file of this process may have more than 2 KiB, and muster.service has more."""
    unit = "/etc/systemd/system/muster.service"
    said = card.shell(f"{INSTALL}; echo '# x' >>{unit}; (ulimit -f 2; {INSTALL}) && exit 9; tail -n 1 {unit} >/srv/last")
    assert (said.code, card.shell("cat /srv/last").said) == (DONE, "# x\n"), said
    assert card.shell(f"{INSTALL} && cmp {unit} {VERSION}/deploy/systemd/muster.service >&2").code == DONE
    assert card.shell("find /etc /opt/muster -name '*.part' -o -name placing").said == ""


def test_a_mask_that_hides_everything_hides_nothing_here_and_sh_is_enough(card: Chroot) -> None:
    said = card.shell(f"umask 077; cd {VERSION}; PATH=/usr/bin:/bin sh {INSTALL}")
    assert said.code == DONE, said.complained
    modes = card.shell(
        "stat -c '%a %U %n' /opt/muster /opt/muster/placed /etc/muster /etc/muster/muster.toml /usr/local/bin/muster"
    ).said
    assert [line.split()[:2] for line in modes.splitlines()] == [[mode, "root"] for mode in ("755", "644", "755", "644", "755")]


def test_data_of_a_card_whose_user_had_another_number_are_the_users_again(card: Chroot) -> None:
    said = card.shell(
        f"install -d -m 700 -o 4321 -g 4321 /var/lib/muster; install -o 4321 /dev/null /var/lib/muster/muster.db; {INSTALL}"
    )
    assert said.code == DONE, said.complained
    assert card.shell("stat -c %U:%G /var/lib/muster/muster.db").said == "muster:muster\n"


def test_purging_takes_the_key_and_not_what_is_mounted_among_the_data(card: Chroot) -> None:
    said = card.shell(f"""
        {INSTALL}
        mkdir -p /etc/credstore.encrypted /var/lib/muster/share
        touch /etc/credstore.encrypted/muster-key /var/lib/muster/muster.db
        mount -t tmpfs tmpfs /var/lib/muster/share
        touch /var/lib/muster/share/theirs
        {INSTALL} --purge
        find /var/lib/muster /etc/credstore.encrypted/muster-key >/srv/left || true""")
    left = card.shell("cat /srv/left").said.splitlines()
    assert left == ["/var/lib/muster", "/var/lib/muster/share", "/var/lib/muster/share/theirs"], said
    assert "/var/lib/muster stays, because something is mounted there: /var/lib/muster/share" in said.complained
    assert card.shell("getent passwd muster").code != 0


@pytest.mark.parametrize(
    ("before", "how", "code", "words"),
    [
        (f"mkdir {STATE}; exec 6>{STATE}/lock; flock 6", "", BUSY, "an update is under way"),
        (f"mkdir {STATE}; exec 6>{STATE}/lock; flock 6", "--uninstall", BUSY, "an update is under way"),
        (f"mkdir {STATE}; exec 6>{STATE}/lock; flock 6", "--no-prune", DONE, ""),
        (f"mkdir {STATE}; touch {STATE}/lock", "", DONE, ""),
        ("useradd --uid 54321 muster", "", MISSING, "muster is somebody's account here (user 54321)"),
        ("useradd --system muster", "", DONE, ""),
    ],
)
def test_what_must_not_be_cut_into(card: Chroot, before: str, how: str, code: int, words: str) -> None:
    said = card.shell(f"{before}; {INSTALL} {how}")
    assert said.code == code, said
    assert words in said.complained


def test_a_bundle_that_is_another_one_when_it_is_read_again_is_not_taken(tmp_path: Path) -> None:
    """As a stick can give: the manifest that was judged, and another behind it."""
    bundle = packed(tmp_path / "a b.tar.gz", {"muster/MANIFEST": b"version=../../../etc\n", "muster/SHA256SUMS": b""})
    lib = ROOT / "deploy/lib"
    script = f". {lib}/say.sh; . {lib}/bundle.sh; manifest='version=1'; unpack_bundle '{bundle}' /nowhere {tmp_path}"
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, "not the same when it is read again" in done.stderr) == (REFUSED, True), done.stderr
