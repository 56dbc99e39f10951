"""A real SSH server on the loopback: what it keeps, whom it lets in, and what is said where it does not."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from decisions import accepted

from edge.errors import SyncError
from edge.exchange.delivery.address import Access, Address
from edge.exchange.delivery.marker import MARKER
from edge.exchange.delivery.terms import Terms
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import Delivery, look, prepare, sync
from edge.store import Store

NOVEMBER = "attendance-2026-11.csv"
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


class Server(NamedTuple):
    """A server that is up.

    Attributes:
        port: where it listens.
        folder: its keys.
        user: who may come in.
    """

    port: int
    folder: Path
    user: str

    @property
    def terms(self) -> Terms:
        return Terms(access=Access(str(self.folder / "key"), str(self.folder / "known_hosts")))

    def name(self, folder: Path | str) -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.port}{folder}"


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
            pytest.fail(f"sshd ended: {process.stderr.read().decode()}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                assert connection.recv(4) == b"SSH-"
                return
        except ConnectionRefusedError:
            pass
    pytest.fail("sshd does not answer")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not SSHD or not shutil.which("sftp"):
        pytest.skip("no sshd or no sftp here: apt install openssh-server openssh-client")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # without it sshd does not start; Debian's service makes it
    folder = tmp_path_factory.mktemp("ssh server")
    keys = Path(folder.parent / "ssh")  # sshd_config has no quotes around paths in all places
    shutil.rmtree(keys, ignore_errors=True)
    folder.rename(keys)
    port = free_port()
    host_key = new_key(keys / "host_key")
    new_key(keys / "key")
    (keys / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (keys / "sshd_config").write_text(CONFIG.format(port=port, folder=keys))
    command = [SSHD, "-D", "-e", "-f", str(keys / "sshd_config")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            await_banner(process, port)
            yield Server(port, keys, pwd.getpwuid(os.geteuid()).pw_name)
        finally:
            process.terminate()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder of the server; its name wants quoting."""
    folder = tmp_path / 'the "share" [1]*'
    folder.mkdir()
    return folder


def address(server: Server, share: Path) -> str:
    return server.name(str(share).replace("%", "%25").replace(" ", "%20").replace("[", "%5B").replace("]", "%5D"))


def happen(store: Store, n: int = 2, *, hour: int = 0) -> None:
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    for number in range(n):
        store.record(person, accepted(datetime(2026, 11, 22, 7, tzinfo=UTC) + timedelta(hours=hour + number)))


def deliver(store: Store, server: Server, share: Path) -> Delivery:
    return sync(store, [address(server, share)], timezone=UTC, terms=server.terms)[0]


def ids(share: Path) -> set[str]:
    table = read_csv((share / NOVEMBER).read_bytes())
    assert not table.faults
    return {row.event_id for row in table.rows}


def stored(store: Store) -> set[str]:
    return {event.event_id for event in store.events()}


def test_rows_arrive_once_and_corrections_stay(server: Server, share: Path, store: Store) -> None:
    marker = prepare(address(server, share), terms=server.terms)
    assert prepare(address(server, share), terms=server.terms) == marker == look(str(share))
    happen(store)
    assert deliver(store, server, share).n_events == 2
    assert deliver(store, server, share) == Delivery(address(server, share))
    (share / NOVEMBER).write_bytes((share / NOVEMBER).read_bytes().replace(b"Jane Doe", b"Jane Roe", 1))
    happen(store, hour=5)
    assert deliver(store, server, share).error is None
    assert ids(share) == stored(store)
    assert b"Jane Roe" in (share / NOVEMBER).read_bytes()
    assert sorted(path.name for path in share.iterdir()) == [NOVEMBER, MARKER]


def test_a_torn_file_is_kept_aside_and_leftovers_go(server: Server, share: Path, store: Store) -> None:
    prepare(address(server, share), terms=server.terms)
    (share / NOVEMBER).write_bytes(b"event_id,unit")
    (share / ".attendance-2026-10.csv.another-unit.part").write_bytes(b"being written")
    happen(store)
    assert deliver(store, server, share).set_aside == ["attendance-2026-11.set-aside-1.csv"]
    assert (share / "attendance-2026-11.set-aside-1.csv").read_bytes() == b"event_id,unit"
    assert (share / ".attendance-2026-10.csv.another-unit.part").exists()
    assert ids(share) == stored(store)


def test_a_folder_without_a_marker_is_refused(server: Server, share: Path, store: Store) -> None:
    happen(store)
    assert "it has no muster-destination.toml" in str(deliver(store, server, share).error)
    assert list(share.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(server: Server, share: Path, store: Store) -> None:
    happen(store)
    error = deliver(store, server, share / "gone").error
    assert "it is not there" in str(error)
    assert error.retryable


def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(
    server: Server, share: Path, tmp_path: Path, store: Store
) -> None:
    prepare(address(server, share), terms=server.terms)
    (tmp_path / "secret").write_text("nobody's business")
    (share / NOVEMBER).symlink_to(tmp_path / "secret")
    happen(store)
    deliver(store, server, share)
    assert (tmp_path / "secret").read_text() == "nobody's business"
    assert ids(share) == stored(store)


def test_a_server_that_is_another_is_not_written_to(server: Server, share: Path, store: Store, tmp_path: Path) -> None:
    prepare(address(server, share), terms=server.terms)
    happen(store)
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {new_key(tmp_path / 'other')}")
    for known_hosts in (tmp_path / "known_hosts", tmp_path / "missing"):
        terms = Terms(access=Access(str(server.folder / "key"), str(known_hosts)))
        (delivery,) = sync(store, [address(server, share)], timezone=UTC, terms=terms)
        assert "its host key is not known, or another one than before" in str(delivery.error)
        assert not delivery.error.retryable
    assert not (share / NOVEMBER).exists()


def test_a_key_that_the_server_does_not_know_is_said(server: Server, share: Path, store: Store, tmp_path: Path) -> None:
    happen(store)
    new_key(tmp_path / "key")
    terms = Terms(access=Access(str(tmp_path / "key"), str(server.folder / "known_hosts")))
    (delivery,) = sync(store, [address(server, share)], timezone=UTC, terms=terms)
    assert "it does not let this unit in" in str(delivery.error)


def test_a_server_that_is_down_is_worth_another_try(store: Store) -> None:
    if not shutil.which("sftp"):
        pytest.skip("no sftp here: apt install openssh-client")
    happen(store)
    (delivery,) = sync(store, [f"sftp://nobody@127.0.0.1:{free_port()}/share"], timezone=UTC)
    assert "Connection refused" in str(delivery.error)
    assert delivery.error.retryable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sftp://office@nas/attendance", Address("office@nas", "", "/attendance")),
        ("sftp://nas:2222/a%20b", Address("nas", "2222", "/a b")),
        ("sftp://office@[fd00::7]:22/a", Address("office@[fd00::7]", "22", "/a")),
        ("sftp://nas/~/attendance", Address("nas", "", "attendance")),
    ],
)
def test_an_address_is_read(name: str, expected: Address) -> None:
    assert Address.parse(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "sftp://",
        "sftp://nas",
        "sftp:///folder",
        "sftp://nas:port/folder",
        "sftp://me:secret@nas/folder",
        "sftp://-oProxyCommand=x/folder",
        "sftp://-oProxyCommand=x@nas/folder",
        "sftp://nas/a%0Arm%20b",
        "sftp://[nas/folder",
    ],
)
def test_what_is_no_address_or_would_be_a_command_is_refused(name: str) -> None:
    with pytest.raises(SyncError, match="not an address such as"):
        Address.parse(name)
