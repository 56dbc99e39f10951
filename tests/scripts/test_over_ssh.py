"""A key that is tied to deploy/ssh/muster-shell, at a real SSH server on the loopback: what it may, and what it may not."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from unit_in_a_folder import ARCHITECTURE, FAKES, ROOT, SCRIPTS, FolderUnit

from edge.store import FILE_NAME, Store

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
COMMAND = Path(sys.executable).parent / "muster"
SHELL = ROOT / "deploy/ssh/muster-shell"

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin forced-commands-only
PasswordAuthentication no
KbdInteractiveAuthentication no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
SetEnv {environment}
"""


class Server(NamedTuple):
    """A server whose one key is tied to muster-shell.

    Attributes:
        port: where it listens.
        folder: its keys.
        unit: behind it.
    """

    port: int
    folder: Path
    unit: FolderUnit

    @property
    def journal(self) -> list[str]:
        return (self.unit.folder / "journal").read_text().splitlines()

    def command(self, program: str = "ssh", *, options: tuple[str, ...] = ()) -> list[str]:
        known = f"UserKnownHostsFile={self.folder / 'known_hosts'}"
        port = "-p" if program == "ssh" else "-P"
        return [program, "-q", port, str(self.port), "-i", str(self.folder / "key"), "-o", known, "-o", "BatchMode=yes", *options]

    @property
    def at(self) -> str:
        return f"{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1"

    def ask(self, *words: str, given: bytes = b"", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        command = [*self.command(options=options), self.at, *words]
        return subprocess.run(command, input=given, capture_output=True, timeout=120, check=False)


def new_key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.with_suffix(".pub").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_banner(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"sshd ended: {process.stderr.read().decode() if process.stderr else ''}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                assert connection.recv(4) == b"SSH-"
                return
        except ConnectionRefusedError:
            pass
    pytest.fail("sshd does not answer")


def serving(unit: FolderUnit, shell: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Until the test is over."""
    if not SSHD or not shutil.which("ssh"):
        pytest.skip("no sshd or no ssh here: apt install openssh-server openssh-client")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # without it sshd does not start; Debian's service makes it
    keys, port = unit.folder / "ssh", free_port()
    keys.mkdir()
    (keys / "known_hosts").write_text(f"[127.0.0.1]:{port} {new_key(keys / 'host_key')}")
    (keys / "authorized_keys").write_text(f'restrict,command="{shell} ada" {new_key(keys / "key")}')
    variables = " ".join(f'"{name}={value}"' for name, value in environment.items())
    (keys / "sshd_config").write_text(CONFIG.format(port=port, folder=keys, environment=variables))
    command = [SSHD, "-D", "-e", "-f", str(keys / "sshd_config")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            await_banner(process, port)
            yield Server(port, keys, unit)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the scripts of this checkout and the real command."""
    unit = FolderUnit(tmp_path_factory.mktemp("unit"))
    yield from serving(unit, SHELL, unit.environment | {"MUSTER_COMMAND": str(COMMAND)})


@pytest.fixture
def people(server: Server) -> Iterator[Store]:
    """Ada alone is entered."""
    path = server.unit.data / FILE_NAME
    for each in server.unit.data.glob("muster.db*"):
        each.unlink()
    with Store.open(path, unit="door-1") as store:
        store.add_person("1042", "Ada")
        yield store


# What it may


def test_a_key_may_look_after_the_unit(server: Server, people: Store) -> None:
    status = server.ask("status", "--json")
    assert (status.returncode, json.loads(status.stdout)["is_at_work"]) == (0, False)
    assert [row["code"] for row in json.loads(server.ask("people", "list", "--json").stdout)] == ["1042"]
    assert server.ask("people rename 1042 'Ada; rm -rf $HOME'").returncode == 0
    assert [person.name for person in people.people()] == ["Ada; rm -rf $HOME"]
    assert server.ask("events").returncode == 0
    assert b"usage: wipe" in server.ask("wipe", "-h").stdout
    assert [line for line in server.journal if "status" in line][-1] == "muster-ssh: ada 127.0.0.1  status --json "


def test_a_key_is_told_forms_and_the_name_by_what_it_may_ask(server: Server, people: Store) -> None:
    assert b"2026-11-22T08:00" in server.ask("events -h").stdout
    assert b"--until" in server.ask("people set -h").stdout
    wrong = server.ask("wipe --yes other")
    assert (wrong.returncode, b"status says its name." in wrong.stderr) == (64, True)
    assert "The unit's name: muster-1" in server.ask("status").stdout.decode().splitlines()
    assert people.people(), "nothing was erased"


def test_exit_codes_and_errors_come_through(server: Server, people: Store) -> None:
    done = server.ask("people remove 9999 --yes")
    assert done.returncode == 65
    assert b"9999" in done.stderr


# What it may not


@pytest.mark.parametrize(
    "asked", ["", "sh", "bash -c id", "scp -t /tmp", "people list; id", "status $(touch /tmp/x)", "doctor | sh"]
)
def test_nothing_else_is_run(server: Server, asked: str) -> None:
    done = server.ask(*asked.split())
    assert (done.returncode, done.stdout) == (77, b"")
    assert b"Refused" in done.stderr
    assert server.journal[-1].startswith("muster-ssh: ada 127.0.0.1  refused: ")


def test_no_file_is_copied_no_port_is_forwarded_no_terminal_is_given(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    to = f"{server.at}:{tmp_path}/there"
    for options in ((), ("-O",)):
        copying = [*server.command("scp", options=options), str(tmp_path / "file"), to]
        assert subprocess.run(copying, capture_output=True, timeout=60, check=False).returncode != 0
    assert not (tmp_path / "there").exists()
    forwarding = server.ask("status", options=("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"))
    assert forwarding.returncode == 255
    through = server.ask(options=("-W", f"127.0.0.1:{server.port}"))
    assert b"SSH-" not in through.stdout
    assert b"\r" not in server.ask("status", options=("-tt",)).stdout, "as a terminal ends its lines"


def test_variables_of_the_caller_do_not_come_in(server: Server, people: Store) -> None:
    done = subprocess.run(
        [
            *server.command(options=("-o", "SendEnv=MUSTER_DATA BASH_ENV", "-o", "SetEnv=MUSTER_COMMAND=/bin/id")),
            server.at,
            "people",
        ],
        env={**os.environ, "MUSTER_DATA": "/", "BASH_ENV": "/etc/passwd"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, b"Ada" in done.stdout) == (0, True)


# muster-shell alone: sshd's part of it is told by SSH_ORIGINAL_COMMAND


def let(tmp_path: Path, asked: str) -> list[str] | None:
    """The words that the script is called with, its name first; None where it is not called."""
    shell = tmp_path / "top/deploy/ssh/muster-shell"
    if not shell.exists():
        shell.parent.mkdir(parents=True)
        shutil.copy(SHELL, shell)
        (tmp_path / "top/scripts").mkdir()
        for script in SCRIPTS:
            told = tmp_path / "top/scripts" / script
            told.write_text('#!/bin/sh\nprintf "%s\\0" "${0##*/}" "$@"\n')
            told.chmod(0o755)
    environment = {"PATH": f"{FAKES}:{os.environ['PATH']}", "FAKE_JOURNAL": str(tmp_path / "journal")}
    environment |= {"SSH_ORIGINAL_COMMAND": asked, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    done = subprocess.run([shell, "ada"], env=environment, capture_output=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode in {0, 77}, done.stderr
    assert (done.returncode == 77) == (done.stdout == b"")
    return done.stdout.decode().split("\0")[:-1] if done.stdout else None


ALLOWED = {
    "status": ["status"],
    "  people   list\t--json ": ["people", "list", "--json"],
    "people set 1042 --from 2026-12-01 --until none --active yes": [
        *["people", "set", "1042", "--from", "2026-12-01", "--until", "none", "--active", "yes"]
    ],
    """people rename 1042 "Zoë O'Neill" """: ["people", "rename", "1042", "Zoë O'Neill"],
    "people set -h": ["people", "set", "-h"],
    "events correct --help": ["events", "correct", "--help"],
    "people remove 1042 --yes": ["people", "remove", "1042", "--yes"],
    "events --since 2026-11-22T08:00 --csv": ["events", "--since", "2026-11-22T08:00", "--csv"],
    "events correct 17 --code 1042 --by Ada --why 'the twin'": [
        *["events", "correct", "17", "--code", "1042", "--by", "Ada", "--why", "the twin"]
    ],
    "events add 1042 --at 2026-11-22T08:00 --direction 'break out'": [
        *["events", "add", "1042", "--at", "2026-11-22T08:00", "--direction", "break out"]
    ],
    "export-now --again": ["export-now", "--again"],
    "backup": ["backup"],
    "restore - --replace": ["restore", "-", "--replace"],
    "logs --since -1h": ["logs", "--since", "-1h"],
    "update -": ["update", "-"],
    "replay /media/stick/walk in": None,
    "replay '/media/stick/walk in'": ["replay", "/media/stick/walk in"],
    "wipe --yes 'Tür 1'": ["wipe", "--yes", "Tür 1"],
    "people rename 1042 '$(id) `id` ; | & > < * ~'": ["people", "rename", "1042", "$(id) `id` ; | & > < * ~"],
}
REFUSED = [
    *[
        "status --data /etc",
        "events '--json --csv'",
        "logs '--x[$(touch pwned)]' 5",
        "logs --@ 5",
        "restore --passphrase /etc/shadow",
        "status --config /x",
        "status --js",
        "status x",
        "doctor --data=/etc",
        "people --data",
        "people list x",
    ],
    *[
        "people export 1042 --to /etc/passwd",
        "people set 1042 --active maybe",
        "people rename -- x",
        "people set 1042 -h",
        "people export -h",
        "events -h --json",
        "update - -h",
        "replay -h -h",
        "people @",
    ],
    *[
        "events --since --until",
        "events --json=1",
        "events @ 5",
        "events correct ../x",
        "events --code",
        "logs --follow",
        "logs @ -1h",
    ],
    *[
        "backup /tmp/x",
        "backup - --passphrase-file /etc/shadow",
        "backup --new-identity /x",
        "restore /tmp/x",
        "restore - --identity x",
    ],
    *[
        "update /tmp/x",
        "update --finish",
        "update - -",
        "replay ../x",
        "replay /a/../etc",
        "replay /media/.x",
        "replay x",
        "replay -x",
    ],
    *[
        "replay /media/x --report /etc/x",
        "wipe --yes",
        "wipe x",
        "../../bin/sh",
        "/bin/sh",
        "deploy",
        "STATUS",
        "status\nid",
        "status 'a",
    ],
    *[
        "people rename 1 'a\x1b[2J'",
        "people rename 1 ''",
        "people rename 1 " + "x" * 5000,
        "status #",
        "\\",
        "'' status",
        "-h",
        "* *",
    ],
    "people rename 1 a\udcff",
]


def test_words_are_taken_apart_and_never_run(tmp_path: Path) -> None:
    assert {asked: let(tmp_path, asked) for asked in ALLOWED} == ALLOWED


def test_what_is_not_named_is_refused(tmp_path: Path) -> None:
    assert {asked: called for asked in REFUSED if (called := let(tmp_path, asked)) is not None} == {}
    assert not (tmp_path / "pwned").exists()
    journal = (tmp_path / "journal").read_bytes()
    assert journal.count(b"\n") == len(REFUSED)
    assert b"\x1b" not in journal
    assert all(line.startswith(b"muster-ssh: ada 192.0.2.1  refused: ") for line in journal.splitlines())


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (
            "events --since yesterday",
            "what stands after --since is not what belongs there: a day, 2026-11-22, or a moment, 2026-11-22T08:00.",
        ),
        ("logs --since yesterday", "what stands after --since is not what belongs there: 2026-11-22, 2026-11-22T08:00 or -1h"),
        ("logs --lines all", "what stands after --lines is not what belongs there: a number"),
        ("people set 1042 --until tomorrow", "what stands after --until is not what belongs there: a day, 2026-11-22, or none."),
        ("people set 1042 --active maybe", "there: yes or no."),
        ("people set 1042 --language klingon!", "there: a language such as de or en-GB."),
        ("people set 1042 --basis", "there: at most 500 characters"),
        (
            "events correct 17 --direction lunch",
            "there: in, out, break out, break in, overtime in, overtime out; two words in quotes",
        ),
        ("events --code", "there: at most 100 characters"),
    ],
)
def test_a_refusal_gives_the_form(asked: str, form: str, tmp_path: Path) -> None:
    environment = {
        "PATH": f"{FAKES}:{os.environ['PATH']}",
        "FAKE_JOURNAL": str(tmp_path / "journal"),
        "SSH_ORIGINAL_COMMAND": asked,
    }
    done = subprocess.run([SHELL, "ada"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, form in done.stderr) == (77, True), done.stderr


# An update, as it comes


@pytest.mark.skipif(not ARCHITECTURE or not Path("/usr/bin/python3").exists(), reason="no dpkg or /usr/bin/python3 here")
def test_a_bundle_comes_over_ssh_and_takes_over(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path)
    version = unit.install(unit.bundle("1"))
    bundle = unit.bundle("2")
    try:
        for server in serving(unit, version / "deploy/ssh/muster-shell", unit.environment):
            refused = server.ask("update", "-", given=bundle.read_bytes())
            assert (refused.returncode, unit.at_work()) == (65, version.name)
            done = server.ask("update", "-", given=Path(f"{bundle}.sig").read_bytes() + bundle.read_bytes())
            assert done.returncode == 0, done.stderr
        assert unit.at_work() == unit.current.name != version.name
    finally:
        unit.end()
