"""Only a stick that proves who it is may do anything here, and only what its office listed comes in, once."""

from __future__ import annotations

import hashlib
import json
import os
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office import NOW, SECRET, STICK_ID, blank, known, put

from edge.errors import EnrolError, StickError
from edge.exchange.stick.manifest import MANIFEST, MAX_BYTES, MAX_FILES, Manifest, mac_of, read_listed
from edge.exchange.stick.tree import Tree
from edge.exchange.stick.trust import KEY, MAX_STICK_BYTES, STICK, Trust, examine, note_refusal
from edge.store import Store

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=20), below, max_size=3),
    max_leaves=8,
)
OTHER = bytes(reversed(range(32)))
ADA = "enrol/1042 Ada/1.jpg"


def listed(files: dict[str, bytes]) -> dict[str, Any]:
    return {name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in files.items()}


def table(**changes: Any) -> dict[str, Any]:
    return {"format": 1, "stick": STICK_ID, "serial": 5, "made_utc": "2026-11-22T08:15:00Z", "files": {}} | changes


def signed(body: bytes, key: bytes = SECRET) -> bytes:
    return b'{"mac":"' + mac_of(body, key).encode() + b'",\n' + body[1:] + b"\n"


def manifest(key: bytes = SECRET, **changes: Any) -> bytes:
    return signed(json.dumps(table(**changes), sort_keys=True, separators=(",", ":")).encode(), key)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A paired stick with its key, nothing on it yet."""
    return blank(tmp_path / "stick")


def trust(stick: Path, store: Store, *, hardware: str = "", policy: str = "paired") -> Trust:
    return examine(stick, store, policy=policy, hardware=hardware)


class TestWho:
    def test_a_stick_with_its_key_may_take_rows_and_bring_nothing_without_a_manifest(self, stick: Path, store: Store) -> None:
        known(store)
        found = trust(stick, store)
        assert found.stick
        assert (found.stick.id, found.manifest, found.is_open) == (STICK_ID, None, False)
        assert "prepare-stick" in found.reason

    def test_a_manifest_proves_it_where_the_key_is_kept_elsewhere(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / KEY).unlink()
        (stick / MANIFEST).write_bytes(manifest())
        found = trust(stick, store)
        assert found.manifest
        assert (found.manifest.serial, found.reason) == (5, "")

    def test_a_stick_that_nobody_paired_is_refused_by_its_id(self, stick: Path, store: Store) -> None:
        (stick / MANIFEST).write_bytes(manifest())
        with pytest.raises(StickError, match=r"not paired with this unit.*muster stick pair") as refused:
            trust(stick, store)
        assert (refused.value.stick_id, refused.value.exit_code) == (STICK_ID, 77)

    @pytest.mark.parametrize("key", [None, OTHER])
    def test_the_id_alone_proves_nothing(self, tmp_path: Path, store: Store, key: bytes | None) -> None:
        known(store)
        forged = blank(tmp_path / "forged", key=key)
        with pytest.raises(StickError, match="does not prove") as refused:
            trust(forged, store)
        assert refused.value.stick_id == STICK_ID

    def test_neither_does_a_manifest_of_another_key(self, tmp_path: Path, store: Store) -> None:
        known(store)
        forged = blank(tmp_path / "forged", key=OTHER)
        (forged / MANIFEST).write_bytes(manifest(OTHER))
        with pytest.raises(StickError, match=r"does not prove.*not made with this stick's key"):
            trust(forged, store)

    def test_a_link_is_no_key(self, stick: Path, tmp_path: Path, store: Store) -> None:
        known(store)
        (stick / KEY).rename(tmp_path / "elsewhere")
        (stick / KEY).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StickError, match="does not prove"):
            trust(stick, store)

    def test_a_pipe_as_key_and_as_manifest_keeps_nobody_waiting(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / KEY).unlink()
        for name in (KEY, MANIFEST):
            os.mkfifo(stick / name)
        with pytest.raises(StickError, match="does not prove"):
            trust(stick, store)

    @pytest.mark.parametrize("form", ["{}", "{}\r\n", "\ufeff{}\n", "  {}  "])
    def test_an_editor_may_have_saved_the_key(self, stick: Path, store: Store, form: str) -> None:
        known(store)
        (stick / KEY).write_text(form.format(SECRET.hex().upper()), encoding="utf-8")
        assert trust(stick, store).stick

    @pytest.mark.parametrize("content", [b"", b"0" * 63, SECRET.hex().encode() * 2, SECRET, b"\0" * 64, b"f" * 5_000])
    def test_what_is_no_key_proves_nothing(self, stick: Path, store: Store, content: bytes) -> None:
        known(store)
        (stick / KEY).write_bytes(content)
        with pytest.raises(StickError, match="does not prove"):
            trust(stick, store)

    def test_under_the_open_policy_every_folder_is_a_stick(self, tmp_path: Path, store: Store) -> None:
        assert trust(tmp_path, store, policy="open") == Trust(None, None, is_open=True)

    def test_a_stick_that_was_unpaired_is_a_stranger(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / MANIFEST).write_bytes(manifest())
        assert store.unpair_stick(STICK_ID)
        with pytest.raises(StickError, match="not paired"):
            trust(stick, store)

    def test_nothing_is_written_when_a_stick_is_looked_at(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / MANIFEST).write_bytes(manifest())
        before = store.find_stick(STICK_ID), sorted(stick.iterdir()), store.audit()
        trust(stick, store)
        assert before == (store.find_stick(STICK_ID), sorted(stick.iterdir()), store.audit())


class TestHowItCallsItself:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"id = 5",
            b"id = ['8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a11']",
            b'id = "../../etc"',
            b'id = "8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a1"',
            b'id = "\xff"',
            b'name = "office"',
            f'id = "{STICK_ID}"\nname = 7'.encode(),
            b"id = " + b"[" * 1_900,
            b"a" + b".a" * 990 + b"=1",
            f'id = "{STICK_ID}"\n'.encode() + b"#" * MAX_STICK_BYTES,
            b"a" + b".a" * 500_000 + b"=1",
        ],
    )
    def test_what_cannot_be_understood_is_refused_at_once(self, stick: Path, store: Store, content: bytes) -> None:
        known(store)
        (stick / STICK).write_bytes(content)
        begin = time.process_time()
        with pytest.raises(StickError, match=STICK) as refused:
            trust(stick, store)
        assert time.process_time() - begin < 1
        assert refused.value.stick_id == ""

    def test_a_folder_without_it_is_no_stick_of_ours(self, tmp_path: Path, store: Store) -> None:
        with pytest.raises(StickError, match="not paired with any unit"):
            trust(tmp_path, store)

    def test_a_link_a_pipe_and_a_folder_are_not_opened(self, stick: Path, tmp_path: Path, store: Store) -> None:
        known(store)
        (stick / STICK).rename(tmp_path / "real")
        for make in (lambda path: path.symlink_to(tmp_path / "real"), os.mkfifo, Path.mkdir):
            make(stick / STICK)
            with pytest.raises(StickError, match="a link, a folder, a pipe"):
                trust(stick, store)
            (stick / STICK).rmdir() if (stick / STICK).is_dir() else (stick / STICK).unlink()

    def test_a_stick_that_is_gone_is_said(self, tmp_path: Path, store: Store) -> None:
        with pytest.raises(StickError, match="Plug the stick in again"):
            trust(tmp_path / "nothing", store)

    def test_a_refusal_is_one_line_a_minute_in_the_audit_log(self, stick: Path, store: Store) -> None:
        for _ in range(3):
            with pytest.raises(StickError) as refused:
                trust(stick, store)
            note_refusal(store, refused.value, at_utc=NOW, clock_ok=True)
        assert [(line.what, line.detail) for line in store.audit()] == [("stick refused", STICK_ID)]


class TestHardware:
    def test_a_copy_is_told(self, stick: Path, store: Store) -> None:
        known(store, hardware="0781:5567:4C53")
        assert trust(stick, store, hardware="0781:5567:4C53").stick
        with pytest.raises(StickError, match=r"paired as 0781:5567:4C53, and this is 0951:1666:AA.*a copy"):
            trust(stick, store, hardware="0951:1666:AA")

    def test_a_copy_on_a_file_system_that_hides_its_device_is_told_too(self, stick: Path, store: Store) -> None:
        known(store, hardware="0781:5567:4C53")
        with pytest.raises(StickError, match="nothing that can be told"):
            trust(stick, store, hardware="")

    def test_what_was_not_known_at_pairing_is_not_asked(self, stick: Path, store: Store) -> None:
        known(store)
        assert trust(stick, store, hardware="0951:1666:AA").stick


class TestForgery:
    """The key file is there, so the stick is known; the question is what its manifest is worth."""

    @pytest.fixture
    def judge(self, stick: Path, store: Store) -> Callable[[bytes], Trust]:
        known(store)

        def judge(content: bytes) -> Trust:
            (stick / MANIFEST).write_bytes(content)
            return trust(stick, store)

        return judge

    def test_no_byte_can_be_another(self, judge: Callable[[bytes], Trust]) -> None:
        good = manifest(files=listed({ADA: b"face"}))
        assert judge(good).manifest
        for place in range(len(good) - 1):  # the last one is a line feed that may be missing
            changed = bytearray(good)
            changed[place] ^= 1
            assert judge(bytes(changed)).manifest is None, place
            assert judge(good[:place]).manifest is None, place
        assert judge(good + b" ").manifest is None
        assert judge(good[:-1]).manifest

    def test_the_same_json_written_otherwise_is_not_it(self, judge: Callable[[bytes], Trust]) -> None:
        good = json.loads(manifest())
        for form in (json.dumps(good), json.dumps(good, indent=1), json.dumps(good, sort_keys=True, separators=(",", ":"))):
            assert "not written by prepare-stick" in judge(form.encode()).reason

    def test_another_keys_manifest_is_not_it(self, judge: Callable[[bytes], Trust]) -> None:
        assert "not made with this stick's key" in judge(manifest(OTHER)).reason
        assert "not made with this stick's key" in judge(manifest(b"")).reason

    @pytest.mark.parametrize(
        "changes",
        [
            {"stick": "00000000-0000-4000-8000-000000000000"},
            {"stick": None},
            {"format": 2},
            {"format": True},
            {"format": 1.0},
            {"more": 1},
            {"serial": 0},
            {"serial": -5},
            {"serial": True},
            {"serial": 5.0},
            {"serial": "5"},
            {"serial": 10**10},
            {"made_utc": "yesterday"},
            {"made_utc": "2026-11-22T08:15:00Z\n"},
            {"made_utc": 5},
            {"files": []},
            {"files": {ADA: {"sha256": "0" * 64}}},
            {"files": {ADA: {"sha256": "0" * 63, "size": 1}}},
            {"files": {ADA: {"sha256": "G" * 64, "size": 1}}},
            {"files": {ADA: {"sha256": "0" * 64, "size": -1}}},
            {"files": {ADA: {"sha256": "0" * 64, "size": 1.5}}},
            {"files": {ADA: {"sha256": "0" * 64, "size": True}}},
            {"files": {ADA: {"sha256": "0" * 64, "size": 1, "more": 1}}},
            {"files": {ADA: "0" * 64}},
            {"files": {f"enrol/{n}": {"sha256": "0" * 64, "size": 1} for n in range(MAX_FILES + 1)}},
        ],
        ids=lambda changes: repr(changes)[:60],
    )
    def test_whoever_has_the_key_cannot_say_anything_else_with_it(
        self, judge: Callable[[bytes], Trust], changes: dict[str, Any]
    ) -> None:
        found = judge(manifest(**changes))
        assert found.manifest is None
        assert found.reason.endswith("Prepare the stick again with prepare-stick.")

    @pytest.mark.parametrize(
        "name",
        [
            "../x.jpg",
            "enrol/../../etc/passwd",
            "enrol/..",
            "/etc/passwd",
            "enrol",
            "enrol/",
            "enrol//x.jpg",
            "enrol/./x.jpg",
            "Enrol/x.jpg",
            "enrolled/x.jpg",
            "",
            ".",
            "muster-stick.key",
            "receipts/x.csv",
            "people.csv/x",
            "sub/people.csv",
            "enrol/a\0b.jpg",
            "enrol/\ud800.jpg",
            "enrol/" + "x" * 1_000,
            "enrol" + "/x" * 9,
        ],
        ids=lambda name: ascii(name)[:40],
    )
    def test_a_name_leads_nowhere_else(self, judge: Callable[[bytes], Trust], name: str) -> None:
        found = judge(manifest(files={name: {"sha256": "0" * 64, "size": 1}}))
        assert found.manifest is None
        assert "nothing that a stick may bring" in found.reason or "no file here" in found.reason

    @pytest.mark.parametrize(
        "name", ["people.csv", "remove.csv", "enrol/x.jpg", "enrol/..x/...jpg", "enrol/\udcff.jpg", "enrol/\\x"]
    )
    def test_any_other_name_is_a_name(self, judge: Callable[[bytes], Trust], name: str) -> None:
        found = judge(manifest(files={name: {"sha256": "0" * 64, "size": 1}}))
        assert found.manifest
        assert list(found.manifest.files) == [name]

    def test_one_file_under_two_spellings_is_refused(self, judge: Callable[[bytes], Trust]) -> None:
        names = [unicodedata.normalize(form, "enrol/Zoë.jpg") for form in ("NFC", "NFD")]
        assert "twice" in judge(manifest(files={name: {"sha256": "0" * 64, "size": 1} for name in names})).reason

    @pytest.mark.parametrize(
        "body",
        [b"{}", b'{"a":NaN}', b"{[}", b"{" + b'"a":{' * 100_000 + b"}", b'{"serial":' + b"9" * 5_000 + b"}", b'{"\xff":1}'],
        ids=["empty", "NaN", "broken", "deep", "long number", "no text"],
    )
    def test_strange_json_is_refused_in_a_sentence(self, judge: Callable[[bytes], Trust], body: bytes) -> None:
        assert judge(signed(body)).manifest is None

    def test_without_the_key_nobody_has_us_read_json(self, judge: Callable[[bytes], Trust]) -> None:
        for body in (b"{[}", b'{"a":[' + b"[]," * 2_000_000 + b"0]}"):
            assert "not made with this stick's key" in judge(signed(body, OTHER)).reason
        assert "cannot be used" in judge(signed(b"{[}")).reason

    @given(st.dictionaries(st.sampled_from(["files", "format", "made_utc", "serial", "stick", "x"]), JSON))
    def test_no_json_with_the_right_key_breaks_it(self, found: dict[str, Any]) -> None:
        for each in (found, table() | found, table(files=found)):
            content = signed(json.dumps(each, sort_keys=True, separators=(",", ":")).encode())
            try:
                parsed = Manifest.parse(content, key=SECRET, stick_id=STICK_ID)
            except StickError:
                continue
            assert all(name in ("people.csv", "remove.csv") or name.startswith("enrol/") for name in parsed.files)

    def test_of_a_manifest_that_is_too_large_nothing_is_read(self, judge: Callable[[bytes], Trust], stick: Path) -> None:
        judge(manifest())
        os.truncate(stick / MANIFEST, MAX_BYTES + 1)
        with Store.open(":memory:", unit="door-1") as store:
            known(store)
            assert "larger than 8 MB" in trust(stick, store).reason

    def test_the_larger_of_two_equal_keys_of_json_is_no_way_around(self, judge: Callable[[bytes], Trust]) -> None:
        body = json.dumps(table(), sort_keys=True, separators=(",", ":")).encode()
        doubled = body.replace(b'"serial":5', b'"serial":5,"serial":9')
        found = judge(signed(body).replace(b'"serial":5', b'"serial":5,"serial":9'))
        assert found.manifest is None
        assert judge(signed(doubled)).manifest == Manifest(9, mac_of(doubled, SECRET), "2026-11-22T08:15:00Z", {})


class TestReplay:
    def test_a_manifest_is_taken_in_once(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / MANIFEST).write_bytes(manifest(serial=5))
        first = trust(stick, store).manifest
        assert first
        assert store.take_up(STICK_ID, serial=5, mac=first.mac)

        interrupted = trust(stick, store)
        assert (interrupted.manifest, interrupted.is_done) == (first, False)
        assert store.take_up(STICK_ID, serial=5, mac=first.mac)

        store.finish(STICK_ID, mac=first.mac)
        assert (trust(stick, store).manifest, trust(stick, store).is_done) == (first, True)
        assert not store.take_up(STICK_ID, serial=5, mac=first.mac)

    @pytest.mark.parametrize("is_done", [False, True])
    def test_an_older_one_or_another_of_the_same_number_is_not(self, stick: Path, store: Store, is_done: bool) -> None:
        known(store)
        mac = json.loads(manifest(serial=6))["mac"]
        assert store.take_up(STICK_ID, serial=6, mac=mac)
        if is_done:
            store.finish(STICK_ID, mac=mac)
        for old in (manifest(serial=5), manifest(serial=6, files=listed({ADA: b"another"}))):
            (stick / MANIFEST).write_bytes(old)
            found = trust(stick, store)
            assert (found.manifest, found.is_done) == (None, False)
            assert "older" in found.reason
            assert "prepare-stick --again" in found.reason, "nothing has changed, so without that it would be left as it is"
            assert not store.take_up(STICK_ID, serial=json.loads(old)["serial"], mac=json.loads(old)["mac"])
        assert store.sticks()[0].serial == 6

    def test_rows_still_go_out_to_a_stick_that_has_nothing_but_an_old_one(self, stick: Path, store: Store) -> None:
        known(store)
        (stick / KEY).unlink()
        store.take_up(STICK_ID, serial=6, mac="0" * 64)
        (stick / MANIFEST).write_bytes(manifest(serial=5))
        found = trust(stick, store)
        assert found.stick
        assert found.manifest is None

    def test_a_later_one_begins_anew(self, stick: Path, store: Store) -> None:
        known(store)
        store.take_up(STICK_ID, serial=5, mac="0" * 64)
        store.finish(STICK_ID, mac="0" * 64)
        (stick / MANIFEST).write_bytes(manifest(serial=6))
        found = trust(stick, store)
        assert found.manifest
        assert not found.is_done
        assert store.take_up(STICK_ID, serial=6, mac=found.manifest.mac)
        assert not store.sticks()[0].is_done

    def test_of_two_units_of_work_at_once_the_later_manifest_wins(self, db_path: Path) -> None:
        with Store.open(db_path, unit="door-1") as one, Store.open(db_path, unit="door-1") as two:
            known(one)
            assert two.take_up(STICK_ID, serial=6, mac="a" * 64)
            assert not one.take_up(STICK_ID, serial=5, mac="b" * 64)
            one.finish(STICK_ID, mac="b" * 64)
            assert (two.sticks()[0].mac, two.sticks()[0].is_done) == ("a" * 64, False)

    def test_a_stick_that_was_unpaired_meanwhile_brings_nothing(self, store: Store) -> None:
        known(store)
        store.unpair_stick(STICK_ID)
        assert not store.take_up(STICK_ID, serial=5, mac="0" * 64)
        store.finish(STICK_ID, mac="0" * 64)
        assert store.sticks() == []

    def test_pairing_again_forgets_nothing_unless_the_key_is_another(self, store: Store) -> None:
        known(store)
        store.take_up(STICK_ID, serial=5, mac="0" * 64)
        assert known(store, hardware="a").serial == 5
        assert known(store, key=OTHER).serial == 0

    def test_of_two_databases_the_one_that_is_further_counts(self, store: Store) -> None:
        further = replace(known(store), serial=7, mac="7" * 64, is_done=True)
        assert store.pair_stick(further) == further
        assert store.pair_stick(replace(further, serial=6, mac="6" * 64)) == further
        assert store.pair_stick(replace(further, is_done=False)) == further
        store.unpair_stick(STICK_ID)
        assert store.pair_stick(further) == further


class TestListedFiles:
    @pytest.fixture
    def of(self, stick: Path) -> Callable[..., bytes]:
        """Read a file of a stick on which the office had listed some."""

        def read(name: str, files: dict[str, bytes], *, at_most: int = 1_000) -> bytes:
            found = Manifest.parse(manifest(files=listed(files)), key=SECRET, stick_id=STICK_ID)
            with Tree(stick) as tree:
                return read_listed(tree, found, name, at_most=at_most)

        return read

    def test_what_is_as_listed_is_read(self, stick: Path, of: Callable[..., bytes]) -> None:
        put(stick, {ADA: b"face", "people.csv": b""})
        assert of(ADA, {ADA: b"face"}) == b"face"
        assert of("people.csv", {"people.csv": b""}) == b""

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(b"f4ce", "changed since"), (b"fac", "changed since"), (b"faces", "changed since"), (None, "not on the stick")],
    )
    def test_what_is_not_is_told(self, stick: Path, of: Callable[..., bytes], content: bytes | None, reason: str) -> None:
        if content is not None:
            put(stick, {ADA: content})
        with pytest.raises(EnrolError, match=f"{reason}.*prepare-stick"):
            of(ADA, {ADA: b"face"})

    def test_what_is_not_listed_is_not_read(self, stick: Path, of: Callable[..., bytes]) -> None:
        put(stick, {ADA: b"face", "secret": b"x"})
        for name in (ADA, "secret", "../stick/secret", "muster-stick.key"):
            with pytest.raises(EnrolError, match="not in the manifest"):
                of(name, {"enrol/2.jpg": b"x"})

    def test_no_link_is_followed_neither_a_file_nor_a_folder_above(
        self, stick: Path, tmp_path: Path, of: Callable[..., bytes]
    ) -> None:
        put(tmp_path, {"outside/1042 Ada/1.jpg": b"face"})
        (stick / "enrol").symlink_to(tmp_path / "outside")
        with pytest.raises(EnrolError):
            of(ADA, {ADA: b"face"})
        (stick / "enrol").unlink()
        (stick / "enrol").mkdir()
        (stick / "enrol" / "1042 Ada").symlink_to(tmp_path / "outside" / "1042 Ada")
        with pytest.raises(EnrolError):
            of(ADA, {ADA: b"face"})
        (stick / "enrol" / "1042 Ada").unlink()
        (stick / "enrol" / "1042 Ada").mkdir()
        (stick / ADA).symlink_to(tmp_path / "outside" / "1042 Ada" / "1.jpg")
        with pytest.raises(EnrolError, match="a link"):
            of(ADA, {ADA: b"face"})

    def test_a_pipe_and_a_folder_are_not_opened(self, stick: Path, of: Callable[..., bytes]) -> None:
        (stick / ADA).mkdir(parents=True)
        with pytest.raises(EnrolError, match="a folder"):
            of(ADA, {ADA: b""})
        (stick / ADA).rmdir()
        os.mkfifo(stick / ADA)
        with pytest.raises(EnrolError, match="a pipe"):
            of(ADA, {ADA: b""})

    def test_of_four_sparse_gigabytes_nothing_is_read(self, stick: Path, of: Callable[..., bytes]) -> None:
        put(stick, {ADA: b""})
        os.truncate(stick / ADA, 4_000_000_000)
        with pytest.raises(EnrolError, match="larger than 1,000 bytes"):
            of(ADA, {ADA: b"face"})

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_a_mac_spells_names_apart(self, stick: Path, of: Callable[..., bytes], form: str) -> None:
        on_stick, in_manifest = (unicodedata.normalize(each, "enrol/Zoë/1.jpg") for each in (form, "NFC"))
        put(stick, {on_stick: b"face"})
        for name in (on_stick, in_manifest):
            assert of(name, {in_manifest: b"face"}) == b"face"

    def test_bytes_that_are_no_text_are_a_name_too(self, stick: Path, of: Callable[..., bytes]) -> None:
        name = "enrol/\udcff.jpg"
        put(stick, {name: b"face"})
        assert of(name, {name: b"face"}) == b"face"


class TestTree:
    def test_what_takes_the_place_of_an_open_stick_is_another(self, stick: Path, tmp_path: Path) -> None:
        put(stick, {"x": b"ours"})
        with Tree(stick) as tree:
            assert tree.is_in_place()
            stick.rename(tmp_path / "moved")
            assert not tree.is_in_place()
            put(tmp_path, {"stick/x": b"theirs"})
            assert not tree.is_in_place()
            assert tree.read("x", at_most=10) == b"ours"

    @pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../x", "/etc/passwd", "a//b", "a\0b", "\ud800"])
    def test_no_name_leads_out_of_it(self, stick: Path, name: str) -> None:
        (stick / "a").mkdir()
        with Tree(stick) as tree, pytest.raises(OSError, match="no name") as refused:
            tree.read(name, at_most=10)
        assert refused.value.strerror

    def test_everything_below_a_folder_is_found_and_no_link_followed(self, stick: Path) -> None:
        put(stick, {"enrol/a/1": b"", "enrol/2": b""})
        (stick / "enrol" / "link").symlink_to("/etc")
        os.mkfifo(stick / "enrol" / "pipe")
        with Tree(stick) as tree:
            assert sorted(tree.walk("enrol", at_most=100)) == ["enrol/2", "enrol/a/1", "enrol/link", "enrol/pipe"]
            assert list(tree.walk("receipts", at_most=100)) == []
            assert list(tree.walk("enrol/2", at_most=100)) == []

    def test_a_folder_that_is_a_link_holds_nothing(self, stick: Path) -> None:
        (stick / "enrol").symlink_to("/etc")
        with Tree(stick) as tree:
            assert list(tree.walk("enrol", at_most=100)) == []

    def test_it_looks_at_so_many_names_and_no_more(self, stick: Path) -> None:
        put(stick, {f"enrol/{n}/{m}": b"" for n in range(30) for m in range(2)})
        with Tree(stick) as tree:
            assert len(list(tree.walk("enrol", at_most=90))) == 60
            seen: list[str] = []
            with pytest.raises(OSError, match="more than 40 files and folders"):
                seen.extend(tree.walk("enrol", at_most=40))
            assert 0 < len(seen) <= 40

    def test_it_goes_so_deep_and_no_deeper(self, stick: Path) -> None:
        put(stick, {"enrol" + "/d" * 30 + "/x": b""})
        with Tree(stick) as tree:
            assert list(tree.walk("enrol", at_most=100)) == ["enrol" + "/d" * 8]
