"""A unit whose versions, data and services lie in one folder, for the scripts that change them; the scripts are the real ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FAKES = Path(__file__).parent / "fakes"
SCRIPTS = ("status", "doctor", "people", "events", "export-now", "backup", "restore", "logs", "update", "replay", "wipe")
ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=False).stdout.strip()
_VERSION = ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
PYTHON = subprocess.run(_VERSION, capture_output=True, text=True, check=False).stdout.strip()
"""The system's own."""


@dataclass
class FolderUnit:
    """Everything of it is below one folder.

    Attributes:
        folder: where.
        wait_s: how long a new version may take to get well.
    """

    folder: Path
    wait_s: int = 20

    def __post_init__(self) -> None:
        for name in ("home/versions", "data", "systemd", "bundles", "progress"):
            (self.folder / name).mkdir(parents=True)
        self.new_key("release")
        public = (self.folder / "release.pub").read_text().split()[:2]
        self.trust.write_text(f'muster-release namespaces="muster-bundle" {" ".join(public)}\n')

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def progress(self) -> Path:
        return self.folder / "progress"

    @property
    def trust(self) -> Path:
        return self.folder / "allowed"

    @property
    def current(self) -> Path:
        return (self.home / "current").resolve()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{FAKES.parent / 'fakes'}:{os.environ['PATH']}",
            "MUSTER_HOME": str(self.home),
            "MUSTER_DATA": str(self.data),
            "MUSTER_COMMAND": str(self.home / "current/.venv/bin/muster"),
            "MUSTER_UPDATE_STATE": str(self.progress),
            "MUSTER_UPDATE_WAIT_S": str(self.wait_s),
            "MUSTER_UPDATE_BACK_S": "20",
            "MUSTER_UPDATE_STEADY_S": "0",
            "MUSTER_UPDATE_PAUSE_S": "0.05",
            "MUSTER_UPDATE_START_S": "20",
            "MUSTER_TRUST": str(self.trust),
            "FAKE_SYSTEMD": str(self.folder / "systemd"),
            "FAKE_JOURNAL": str(self.folder / "journal"),
        }

    def new_key(self, name: str) -> Path:
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path

    def bundle(
        self, version: str, manner: str = "well", *, n_migrations: int = 1, signed_by: str | None = "release", **manifest: str
    ) -> Path:
        """A bundle of a version that behaves in some manner; of another architecture, say, where the manifest is told so."""
        payload = self.folder / "bundles" / version / "muster"
        (payload / ".venv/bin").mkdir(parents=True)
        (payload / "manner").write_text(manner)
        migrations = payload / ".venv/lib/python3.11/site-packages/edge/migrations"
        migrations.mkdir(parents=True)
        for number in range(n_migrations):
            (migrations / f"{number}.sql").write_text("")
        shutil.copy(FAKES / "muster", payload / ".venv/bin/muster")
        (payload / "scripts").mkdir()
        for script in SCRIPTS:
            shutil.copy(ROOT / "scripts" / script, payload / "scripts" / script)
        for part in ("lib", "ssh"):
            shutil.copytree(ROOT / "deploy" / part, payload / "deploy" / part)
        shutil.copy(FAKES / "install", payload / "deploy/install")
        facts = {"muster-bundle": "1", "version": version, "architecture": ARCHITECTURE, "python": PYTHON}
        facts |= {"runtime": "litert", "needs_mib": "1"} | manifest
        (payload / "MANIFEST").write_text("".join(f"{key}={value}\n" for key, value in facts.items()))
        files = sorted(path for path in payload.rglob("*") if path.is_file())
        sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(payload)}\n" for path in files)
        (payload / "SHA256SUMS").write_text("".join(sums))
        return self._packed(payload, signed_by)

    def _packed(self, payload: Path, signed_by: str | None) -> Path:
        path = self.folder / f"muster-{payload.parent.name}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(payload / "MANIFEST", "muster/MANIFEST")
            archive.add(payload, "muster")
        if signed_by:
            self.sign(path, signed_by)
        return path

    def sign(self, bundle: Path, key: str) -> None:
        Path(f"{bundle}.sig").unlink(missing_ok=True)
        command = ["ssh-keygen", "-Y", "sign", "-q", "-f", self.folder / key, "-n", "muster-bundle", bundle]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def install(self, bundle: Path) -> Path:
        """As the first version, at work."""
        installer = (
            bundle.parent / "bundles" / bundle.name.removeprefix("muster-").removesuffix(".tar.gz") / "muster/deploy/install"
        )
        command = [installer, "--bundle", bundle, "--trust", self.trust]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        version = Path(done.stdout.split()[-1])
        (self.home / "current").symlink_to(f"versions/{version.name}")
        self.systemctl("start", "muster.service")
        return version

    def systemctl(self, *words: str) -> None:
        subprocess.run([FAKES / "systemctl", *words], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def run(self, script: str | Path, *words: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        """A script of the version that is at work."""
        command = [self.home / "current/scripts" / script, *words]
        done = subprocess.run(command, env=self.environment, input=given, capture_output=True, timeout=120, check=False)
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def cut_off(self, bundle: Path, *, before: str, times: int = 1) -> bool:
        """An update whose power goes before a call of a program (a shell's pattern), or a later one; whether it made that."""
        cuts = self.folder / "cuts"
        cuts.mkdir(exist_ok=True)
        (self.folder / "calls").unlink(missing_ok=True)
        for program in ("mv", "ln", "rm", "sync", "systemctl"):
            if not (cuts / program).exists():
                (cuts / program).symlink_to(FAKES / "cut")
        environment = self.environment | {
            "FAKE_CUT": str(self.folder / "calls"),
            "FAKE_CUT_AT": str(times),
            "FAKE_CUT_OF": before,
        }
        environment["PATH"] = f"{cuts}:{environment['PATH']}"
        command = [self.home / "current/scripts/update", bundle]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False, start_new_session=True)
        return done.returncode == -signal.SIGKILL

    def begin(self, script: str, *words: str | Path) -> subprocess.Popen[str]:
        """A script of the version that is at work, as the leader of its own group."""
        command = [self.home / "current/scripts" / script, *words]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def asked(self) -> list[str]:
        """What systemctl was asked for."""
        return (self.folder / "systemd/asked").read_text().splitlines()

    def power_on_again(self) -> subprocess.CompletedProcess[str]:
        """Everything that ran is gone; the service starts, and so does what finishes an update."""
        self.end()
        self.systemctl("start", "muster.service")
        return self.run(self.progress / "judge", "--finish")

    def pid(self) -> int:
        path = self.folder / "systemd/muster.service"
        return int(path.read_text()) if path.exists() else 0

    def at_work(self) -> str:
        """The name of the version whose process is alive; empty for none."""
        try:
            return Path(os.fsdecode(Path(f"/proc/{self.pid()}/cmdline").read_bytes().split(b"\0")[0])).parents[2].name
        except (OSError, IndexError):
            return ""

    def versions(self) -> set[str]:
        return {path.name for path in (self.home / "versions").iterdir()}

    def outcome(self) -> list[str]:
        """What the doctor reads, without the moment."""
        return (self.progress / "outcome").read_text().splitlines()[1:]

    def end(self) -> None:
        """Its process, if it is there."""
        if self.at_work():
            os.kill(self.pid(), signal.SIGKILL)
        (self.folder / "systemd/muster.service").unlink(missing_ok=True)
