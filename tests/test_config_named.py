"""``muster config --check``: what a configuration names and is not there, is said before the day when it is wanted."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from edge.cli import main
from edge.store.key import make_key


def check(path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, what it says, what it complains of; the camera is a picture."""
    (path.parent / "frames").mkdir(exist_ok=True)
    (path.parent / "frames/0.png").touch()
    path.write_text(f"[camera]\nsource = 'replay:{path.parent}/frames'\n{text}")
    code = main(["config", "--check", str(path)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[privacy]\nkey_file = '/nowhere/key'",
            "'privacy.key_file' is '/nowhere/key': the key /nowhere/key cannot be read (No such",
        ),
        ("[privacy]\nkey_file = '/dev/null'", "'privacy.key_file' is '/dev/null': the key /dev/null cannot be read (a folder, a"),
        ('[privacy]\nkey_file = "a\\u0000b"', "'privacy.key_file' is "),
        ("[sync]\ndestinations = ['smb://nas/share']", "'sync.destinations' holds 'smb://nas/share', which is neither"),
        ("[sync]\ndestinations = ['/mnt/share', 'rows']", "'sync.destinations' holds 'rows', which is neither"),
        ("[sync]\ndestinations = ['sftp://nas']", "'sync.destinations' holds 'sftp://nas': this is not an address such as sftp"),
        ("[sync]\nssh_key = '/nope'", "'sync.ssh_key' is '/nope', which cannot be read (No such file or directory)"),
        ("[sync]\nssh_known_hosts = '/'", "'sync.ssh_known_hosts' is '/', which cannot be read (a folder, a pipe"),
        ("[backup]\nrecipient = 'ssh-ed25519 AAAA'", "'backup.recipient': 'ssh-ed25519 AAAA' is no public key of age"),
        ("[accelerator]\nlibrary = '/nope.so'", "'accelerator.library' is '/nope.so', which cannot be read"),
        (
            "[accelerator]\nkind = 'edgetpu'\n[placement]\npnet = 'cpu'\nrnet = 'cpu'\nonet = 'cpu'\nfacenet = 'cpu'",
            "'accelerator.kind' is 'edgetpu', and 'placement' puts every network on the CPU",
        ),
    ],
)
def test_what_would_be_found_on_the_day_is_found_before(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.toml"
    code, out, err = check(path, text, capsys)
    assert (code, out) == (78, "")
    assert f"{path}, line 4: {sentence}" in err


def test_all_of_it_comes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[sync]\ndestinations = ['rows', 'smb://nas/x']\nssh_key = '/nope'\n[privacy]\nkey_file = '/nope'\n"
    assert check(tmp_path / "new.toml", text, capsys)[2].count("line ") == 4


def test_what_is_right_is_passed_and_what_nobody_has_looked_at_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(tmp_path / "key")
    (tmp_path / "ssh_key").touch()
    recipient = pyrage.x25519.Identity.generate().to_public()
    text = (
        f"[privacy]\nkey_file = '{tmp_path}/key'\n[backup]\nrecipient = '{recipient}'\n[accelerator]\nkind = 'edgetpu'\n"
        f"[sync]\ndestinations = ['/mnt/away', 'sftp://ada@nas/~/rows']\nssh_key = '{tmp_path}/ssh_key'\n"
        "ssh_known_hosts = '%d/known'\n"
    )
    code, out, err = check(tmp_path / "new.toml", text, capsys)
    assert (code, err) == (0, "")
    for unseen in (
        "pins",
        "Edge TPU",
        "camera gives pictures",
        "networks' files",
        "key opens the database",
        "destinations let it in",
    ):
        assert unseen in out


def test_a_file_that_is_not_there_is_told_without_an_option_that_was_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "--check", str(tmp_path / "gone.toml")]) == 78
    told = capsys.readouterr().err
    assert "gone.toml: cannot be read (No such file or directory). Name a file that is there" in told
    assert "--config" not in told
