"""deploy/install in a real Debian without a network: `make install-test`. It takes some minutes, and root."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from bundles import BUSY, DONE, MISSING, NO_ROOM, REFUSED, ROOT, Signer, changed, contents, ours
from chroot import Chroot, Outcome, debian

SUITE = os.environ.get("MUSTER_INSTALL_TEST", "")
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
INSTALL = "/mnt/muster/deploy/install"
DATA = "/var/lib/muster"
PAIRED = "install -d -o muster /srv/stick && muster stick pair /srv/stick && rm -r /srv/stick"


def reason() -> str:
    """Why it cannot be done here; nothing where it can."""
    if not SUITE:
        return "only `make install-test` installs into a real Debian"
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("debootstrap", "unshare", "ssh-keygen", "dpkg") if not shutil.which(name)]
    return f"needs {', '.join(missing)}" if missing else ""


pytestmark = pytest.mark.skipif(bool(reason()), reason=reason() or "-")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.new(tmp_path_factory.mktemp("keys") / "release")


@pytest.fixture(scope="module")
def modules() -> set[str]:
    """What the wheel must have in it."""
    return {str(path.relative_to(ROOT)) for path in (ROOT / "edge").rglob("*") if path.suffix in {".py", ".sql"}}


@pytest.fixture(scope="module")
def bundle(signer: Signer, modules: set[str]) -> Path:
    """As `make bundle` makes it for this machine's architecture, signed."""
    into = ROOT / "var/bundles"
    command = [ROOT / "deploy/bundle", "--arch", ours(), "--python", PYTHON[SUITE], "--key", signer.key, "--into", into]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=580).stdout
    return Path(said.splitlines()[0])


@pytest.fixture(scope="module")
def carried(bundle: Path, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is brought to the unit: the bundle, its signature, its installer; later ones, and what is not to be taken."""
    folder = tmp_path_factory.mktemp("carried")
    for each in (bundle, bundle.with_name(f"{bundle.name}.sig"), signer.trust):
        shutil.copy(each, folder / each.name.replace(bundle.name, "bundle.tar.gz"))
    subprocess.run(["tar", "-xzf", bundle, "-C", folder, "muster/deploy"], check=True, timeout=60)
    settings = contents(bundle)["muster/deploy/muster.toml"]
    for name, edits in {
        "next": {"deploy/muster.toml": settings + b"# next\n", "deploy/udev/63-muster-next.rules": b"# next\n"},
        "third": {"deploy/muster.toml": settings + b"# third\n"},
        "broken": {"models/head.npz": None},
    }.items():
        signer.sign(changed(bundle, folder / f"{name}.tar.gz", edits, sums_too=name != "broken"))
    Signer.new(tmp_path_factory.mktemp("others") / "key").sign(Path(shutil.copy(bundle, folder / "foreign.tar.gz")))
    return folder


@pytest.fixture(scope="module")
def fresh(carried: Path, tmp_path_factory: pytest.TempPathFactory) -> Chroot:
    """A card on which nothing of Muster has been."""
    return Chroot((debian(SUITE),), tmp_path_factory.mktemp("fresh") / "layer", carried)


@pytest.fixture(scope="module")
def first(fresh: Chroot, tmp_path_factory: pytest.TempPathFactory) -> tuple[Chroot, Outcome]:
    """A unit, and what the installer said."""
    unit = fresh.over(tmp_path_factory.mktemp("first") / "layer")
    return unit, unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz")


@pytest.fixture
def card(fresh: Chroot, tmp_path: Path) -> Chroot:
    return fresh.over(tmp_path / "layer")


@pytest.fixture
def unit(first: tuple[Chroot, Outcome], tmp_path: Path) -> Chroot:
    return first[0].over(tmp_path / "layer")


def name_of_version(unit: Chroot, link: str = "current") -> str:
    return unit.run("readlink", f"/opt/muster/{link}").said.strip()


def test_a_fresh_card_becomes_a_unit_without_a_network(first: tuple[Chroot, Outcome]) -> None:
    unit, said = first
    assert said.code == DONE, said.complained
    for line in ("/etc/muster/muster.toml", "/usr/local/bin/muster", "/etc/systemd/system/muster.service", "The user muster: "):
        assert re.search(f"^{re.escape(line)}", said.said, re.MULTILINE), line
    assert "No systemd is at work here" in said.said
    doctor = said.said.split("muster doctor:")[1]
    assert re.search(r"^ok +models: hashes and tensors are those of the manifest", doctor, re.MULTILINE)
    assert unit.run("stat", "-c", "%a %U:%G", DATA).said == "700 muster:muster\n"
    assert unit.run("systemctl", "is-enabled", "muster.service").said == "enabled\n"


def test_the_command_works_as_the_units_user_with_migrations_and_tools(unit: Chroot) -> None:
    paired = unit.shell(PAIRED)
    assert paired.code == DONE, paired.complained
    assert " has the SHA-256 " in paired.said, "the office's tool was not found"
    assert unit.run("stat", "-c", "%U", f"{DATA}/muster.db").said == "muster\n"


def test_root_runs_nothing_that_the_units_user_may_write(unit: Chroot) -> None:
    owners = unit.shell("find /opt/muster /etc/muster /usr/local/bin/muster -printf '%u %M %y\n' | sort -u").said.splitlines()
    assert {line.split()[0] for line in owners} == {"root"}
    assert not [line for line in owners if not line.endswith(" l") and "w" in line.split()[1][4:]]


def test_the_second_time_nothing_is_changed(unit: Chroot) -> None:
    before = unit.listing()
    said = unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz")
    assert said.code == DONE, said.complained
    assert "nothing was changed" in said.said
    assert unit.listing() == before


def test_what_somebody_has_set_is_left_alone(unit: Chroot) -> None:
    unit.shell("echo '# ours' >>/etc/muster/muster.toml; systemctl --quiet disable muster.service")
    before = unit.listing()
    unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz")
    assert unit.listing() == before
    unit.run(INSTALL, "--bundle", "/mnt/next.tar.gz")
    assert unit.run("tail", "-n", "1", "/etc/muster/muster.toml").said == "# ours\n"
    assert unit.run("systemctl", "is-enabled", "muster.service").said == "disabled\n"


def test_a_damaged_file_is_put_right(unit: Chroot) -> None:
    unit.shell("echo x >>/etc/systemd/system/muster.service; rm /usr/local/bin/muster; rm -r /opt/muster/current/.venv/lib")
    said = unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz")
    assert said.code == DONE, said.complained
    assert unit.run("muster", "--version").code == 0
    assert unit.run("tail", "-n", "1", "/etc/systemd/system/muster.service").said != "x\n"


@pytest.mark.parametrize(
    ("before", "name", "code"),
    [
        ("cp /mnt/release.pub /etc/muster/", "foreign", REFUSED),
        ("true", "broken", REFUSED),
        ("mount -t tmpfs -o size=300m tmpfs /opt", "bundle", NO_ROOM),
        ("mount -t tmpfs -o ro tmpfs /opt", "bundle", MISSING),
        (
            "sed -i '/^Package: udev$/,/^$/s/install ok installed/deinstall ok config-files/' /var/lib/dpkg/status",
            "bundle",
            MISSING,
        ),
        ("exec 8>/run/muster-install.lock; flock 8", "bundle", BUSY),
    ],
    ids=["signed by another key", "sums that do not fit", "no room", "read-only", "a package is missing", "another installation"],
)
def test_a_refusal_changes_nothing(card: Chroot, before: str, name: str, code: int) -> None:
    script = f"mkdir -p /etc/muster; {before}; find / -xdev -path /proc -prune -o -print | sort >/tmp/before"
    script += f"; {INSTALL} --bundle /mnt/{name}.tar.gz && exit 1 || echo ended with $?"
    script += "; find / -xdev -path /proc -prune -o -print | sort | diff /tmp/before - && echo as it was"
    said = card.shell(script)
    assert f"ended with {code}\n" in said.said, said
    assert "Refused: " in said.complained
    assert "What to do: " in said.complained
    assert said.said.endswith("as it was\n"), said.said


def test_an_installation_that_is_cut_is_begun_again(unit: Chroot, carried: Path) -> None:
    """Killed when half of the packages are there; the version that was current goes on, and nothing of the half one stays."""
    before = name_of_version(unit)
    cut = f"""{INSTALL} --bundle /mnt/next.tar.gz & pid=$!
        until [ -n "$(find /opt/muster/versions -path '*/numpy' -newer /run/muster-install.lock 2>/dev/null)" ]; do
            kill -0 $pid
        done
        kill -KILL $pid; wait $pid || true"""
    unit.shell(cut)
    assert name_of_version(unit) == before
    assert unit.run("muster", "--version").code == 0
    assert unit.shell("ls -A /opt/muster/versions | wc -l").said.strip() in {"2", "3"}, "nothing was cut"
    said = unit.run(INSTALL, "--bundle", "/mnt/next.tar.gz")
    assert said.code == DONE, said.complained
    assert name_of_version(unit) != before
    assert unit.shell("ls -A /opt/muster/versions | wc -l").said.strip() == "2"


def test_versions_lie_side_by_side_and_each_can_be_made_current_again(unit: Chroot) -> None:
    old = name_of_version(unit)
    beside = unit.run(INSTALL, "--bundle", "/mnt/next.tar.gz", "--beside")
    assert beside.code == DONE, beside.complained
    new = beside.said.splitlines()[-1]
    assert name_of_version(unit) == old
    assert unit.run("test", "-e", "/etc/udev/rules.d/63-muster-next.rules").code != 0
    for folder, is_there in ((new, True), (f"/opt/muster/{old}", False), (new, True)):
        said = unit.run(f"{folder}/deploy/install", "--no-doctor")
        assert said.code == DONE, said.complained
        assert f"/opt/muster/{name_of_version(unit)}" == folder
        assert (unit.run("test", "-e", "/etc/udev/rules.d/63-muster-next.rules").code == 0) == is_there
    assert name_of_version(unit, "previous") == old


def test_of_three_versions_the_oldest_goes(unit: Chroot) -> None:
    for name in ("next", "third"):
        assert unit.run(INSTALL, "--bundle", f"/mnt/{name}.tar.gz", "--no-doctor").code == DONE
    kept = unit.shell("ls /opt/muster/versions").said.split()
    assert sorted(kept) == sorted(name_of_version(unit, link).removeprefix("versions/") for link in ("current", "previous"))


def test_the_cameras_package_is_seen_and_the_systems_numpy_is_not(unit: Chroot) -> None:
    """With a package of that name whose numpy is another one, as on Raspberry Pi OS."""
    unit.shell("""
        mkdir -p /root/deb/DEBIAN /root/deb/usr/lib/python3/dist-packages/{picamera2,numpy}
        printf '%s\n' 'Package: python3-picamera2' 'Version: 1' 'Architecture: all' 'Maintainer: n <n@example.org>' \
            'Description: t' >/root/deb/DEBIAN/control
        echo "raise ImportError('the system numpy')" >/root/deb/usr/lib/python3/dist-packages/numpy/__init__.py
        touch /root/deb/usr/lib/python3/dist-packages/picamera2/__init__.py
        dpkg-deb --build /root/deb /root/p.deb && dpkg --install /root/p.deb""")
    assert unit.run("/opt/muster/current/.venv/bin/python", "-c", "import picamera2").code != 0
    assert "sees the system's picamera2" in unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz").said
    assert unit.run("/opt/muster/current/.venv/bin/python", "-c", "import picamera2, numpy, cv2").code == 0
    assert "nothing was changed" in unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz").said


def test_after_uninstalling_the_data_and_what_somebody_set_are_left(unit: Chroot, fresh: Chroot) -> None:
    unit.shell(f"{PAIRED} && echo '# ours' >>/etc/muster/muster.toml")
    said = unit.run(INSTALL, "--uninstall")
    assert said.code == DONE, said.complained
    left = {line.split(" ")[0] for line in unit.listing()} - {line.split(" ")[0] for line in fresh.listing()}
    ours = {path for path in left if not path.startswith(f"{DATA}/")} - BOOKKEEPING
    assert ours == {DATA, "/etc/muster", "/etc/muster/muster.toml"}
    assert f"{DATA}/muster.db" in left
    assert f"What stays: /etc/muster {DATA}" in said.said
    assert unit.run(INSTALL, "--bundle", "/mnt/bundle.tar.gz").code == DONE
    assert unit.run("muster", "stick", "list").said.count("\n") >= 1


# What Debian's own tools for users leave behind, and a log that dpkg writes.
BOOKKEEPING = {f"/etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")} | {"/etc/.pwd.lock"}


def test_after_purging_the_card_is_as_it_was(unit: Chroot, fresh: Chroot) -> None:
    unit.shell(f"{PAIRED} && echo '# ours' >>/etc/muster/muster.toml")
    said = unit.run(INSTALL, "--purge")
    assert said.code == DONE, said.complained
    timeless = [
        [line.rsplit(" ", 1)[0] for line in each.listing() if line.split(" ")[0] not in BOOKKEEPING] for each in (unit, fresh)
    ]
    assert timeless[0] == timeless[1]
    accounts = "cat /etc/passwd /etc/group /etc/shadow /etc/gshadow | sort"
    assert unit.shell(accounts).said == fresh.shell(accounts).said
    again = unit.run(INSTALL, "--purge")
    assert "Nothing of Muster is here, and nothing was changed." in again.said


def test_the_wheel_has_every_migration_and_every_module(bundle: Path, modules: set[str]) -> None:
    (wheel,) = (content for name, content in contents(bundle).items() if re.search(r"/wheels/muster-[^/]*\.whl$", name))
    assert modules <= set(zipfile.ZipFile(io.BytesIO(wheel)).namelist())
