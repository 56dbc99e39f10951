"""What the unit asks of the system, as files in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.device.requests import RequestFiles
from edge.errors import DeviceError
from edge.ports import Wish

ROOT = Path(__file__).parents[2]


def test_a_wish_waits_until_somebody_takes_it(tmp_path: Path) -> None:
    requests = RequestFiles(tmp_path)
    assert not requests.is_waiting(Wish.ENROL)
    requests.ask(Wish.ENROL)
    requests.ask(Wish.ENROL)
    assert (requests.is_waiting(Wish.ENROL), requests.is_waiting(Wish.SHUT_DOWN)) == (True, False)
    (file,) = tmp_path.iterdir()
    assert (file.name, file.stat().st_size) == ("enrol", 0)
    file.unlink()
    assert not requests.is_waiting(Wish.ENROL)


def test_a_wish_may_be_withdrawn_also_where_it_was_taken(tmp_path: Path) -> None:
    requests = RequestFiles(tmp_path)
    requests.ask(Wish.SHUT_DOWN)
    requests.withdraw(Wish.SHUT_DOWN)
    requests.withdraw(Wish.SHUT_DOWN)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be written"):
        RequestFiles(tmp_path / "gone").ask(Wish.SHUT_DOWN)


def test_the_folder_is_the_one_that_systemd_has_made_for_the_service(tmp_path: Path) -> None:
    assert RequestFiles.of_service({}) is None
    assert RequestFiles.of_service({"RUNTIME_DIRECTORY": ""}) is None
    requests = RequestFiles.of_service({"RUNTIME_DIRECTORY": f"{tmp_path}:/run/other"})
    assert requests
    requests.ask(Wish.SHUT_DOWN)
    assert (tmp_path / "shutdown").exists()


@pytest.mark.parametrize(("wish", "unit"), [(Wish.SHUT_DOWN, "muster-shutdown.path"), (Wish.ENROL, "muster-stick@.path")])
def test_the_files_are_those_that_the_units_look_for(wish: Wish, unit: str) -> None:
    assert f"PathExists=/run/muster/{wish.value}\n" in (ROOT / "deploy/systemd" / unit).read_text()
