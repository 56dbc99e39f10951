"""Manifests, keys and ids of sticks, and what a delivery finds at a destination, as nobody should write them."""

from __future__ import annotations

import hashlib
import hmac
import json
from random import Random
from typing import Any

from hostile.names import leading_out, nasty
from hostile.plot import Plot

STICK_ID = "8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a11"
SECRET = bytes(range(32))
MANIFEST = b"muster-manifest.json"
STICK = b"muster-stick.toml"
KEY = b"muster-stick.key"


def signed(body: bytes, key: bytes = SECRET) -> bytes:
    """A manifest's body, which is JSON or says so, with the hash that whoever has the key would give it."""
    mac = hmac.new(key, b"muster manifest 1\n" + body, hashlib.sha256).hexdigest()
    return b'{"mac":"' + mac.encode() + b'",\n' + body[1:] + b"\n"


def body(files: Any, **others: Any) -> bytes:
    """The body of a manifest that names these files."""
    whole = {"format": 1, "stick": STICK_ID, "serial": 1_795_334_400, "made_utc": "2026-11-22T08:00:00Z", "files": files}
    return json.dumps(whole | others, sort_keys=True, separators=(",", ":")).encode()


def careless(files: dict[str, Any], rng: Random) -> bytes:
    """A manifest that the right key made over what is no manifest: the office's computer is somebody else's now."""
    return signed(_CARELESS[rng.randrange(len(_CARELESS))](files, rng))


def forged(files: dict[str, Any], rng: Random) -> bytes:
    """A manifest that the right key did not make."""
    kind, right = rng.randrange(6), signed(body(files))
    if kind == 0:
        return signed(body(files), rng.randbytes(32))
    if kind == 1:  # some bit of it is another
        at = rng.randrange(len(right))
        return right[:at] + bytes([right[at] ^ 1 << rng.randrange(8)]) + right[at + 1 :]
    if kind == 2:
        return right[: rng.randrange(len(right))]
    if kind == 3:
        return rng.choice([b"", b"{}", b"[]", b"null", b"\0" * 100, b"{" * 100_000, b'{"mac":"', rng.randbytes(3000)])
    if kind == 4:
        return b'{"mac":"' + b"0" * 64 + b'",\n' + body(files)[1:] + b"\n"
    return right * 2


def _other(**how: Any) -> Any:
    """A manifest in which one thing is another."""

    def make(files: dict[str, Any], rng: Random) -> bytes:
        others = {key: value(rng) if callable(value) else value for key, value in how.items()}
        return body(others.pop("files", files), **others)

    return make


def _numbers(rng: Random) -> Any:
    return rng.choice([0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1.5, float("nan"), float("inf"), True, None, "1", [], {}])


def _naming(files: dict[str, Any], rng: Random) -> bytes:
    name = leading_out(rng) if rng.randrange(2) else "enrol/" + nasty(rng).decode("utf-8", "surrogateescape")
    return body(files | {name: {"sha256": "0" * 64, "size": rng.choice([0, 7, 10**9])}})


def _digests(files: dict[str, Any], rng: Random) -> bytes:
    wrong = rng.choice(
        [
            {"sha256": "0" * 64, "size": _numbers(rng)},
            {"sha256": rng.choice(["", "0" * 63, "G" * 64, "A" * 64, None, 7]), "size": 7},
            {"sha256": "0" * 64},
            {},
            [],
            "x",
            None,
        ]
    )
    return body(files | {rng.choice([*files, "enrol/1042 Ada/1.jpg"]): wrong})


def _many(files: dict[str, Any], rng: Random) -> bytes:
    n = rng.choice([19_990, 20_001, 30_000])
    return body(files | {f"enrol/{k} x/1.jpg": {"sha256": "0" * 64, "size": 1} for k in range(n)})


def _doubled(files: dict[str, Any], rng: Random) -> bytes:
    right = body(files)
    return right[:-1] + b',"files":' + rng.choice([b"{}", b"[]", b'{"enrol/x":1}']) + b',"format":1}'


def _deep(files: dict[str, Any], rng: Random) -> bytes:
    one, n = rng.choice([(b"[", 100_000), (b'{"a":', 50_000), (b"[", 900)])
    return b'{"files":' + one * n + b"}"


_CARELESS = (
    _other(serial=_numbers),
    _other(format=_numbers),
    _other(stick=lambda rng: rng.choice(["", "x", None, 7, STICK_ID.upper(), "0" * 36])),
    _other(made_utc=lambda rng: rng.choice(["", "now", None, "2026-11-22T08:00:00Z\0", "٢٠٢٦-11-22T08:00:00Z", "9" * 9999])),
    _other(surplus=1),
    _other(files=lambda rng: rng.choice([None, [], "x", 1, {}, {"": {}}])),
    _naming,
    _naming,
    _naming,
    _digests,
    _digests,
    _many,
    _doubled,
    _deep,
    lambda files, rng: b'{"files":{},"format":NaN,"made_utc":Infinity,"serial":-Infinity,"stick":"x"}',
    lambda files, rng: b'{"serial":' + b"9" * rng.choice([300, 5_000, 1_000_000]) + b"}",
    lambda files, rng: b'{"files":"\\ud800","format":1,"made_utc":"x","serial":1,"stick":"x"}',
    lambda files, rng: b"{" + rng.randbytes(500).replace(b"\n", b"") + b"}",
)


def stick_file(rng: Random) -> bytes:
    """A ``muster-stick.toml`` that is none."""
    right = f'id = "{STICK_ID}"\nname = "office"\n'.encode()
    return rng.choice(
        [
            b"",
            right[: rng.randrange(len(right))],
            right + b"\0",
            right.replace(b"office", b"\\u001b[2J\\n\\u202e"),
            right.replace(STICK_ID.encode(), b"../../etc/passwd"),
            right.replace(STICK_ID.encode(), b"urn:uuid:{" + STICK_ID.encode() + b"}"),
            right.replace(STICK_ID.encode(), b"00000000-0000-0000-0000-000000000000"),
            b"id = 7\n",
            b"id = [[[[[[[[[[[[[[[[[[[[[[[[" * 50,
            b"a" + b".a" * 900 + b" = 1\n",
            b"a" + b".a" * 60_000 + b" = 1\n",
            b"id = " + b"[" * 1_990,
            right * 2,
            right + b"x = 1979-05-27T07:32:00.999999999999999999Z\n",
            right + b"x = 1e99999\n",
            right + b"x = 0x" + b"f" * 1_800 + b"\n",
            "\ufeff".encode() + right,
            right.decode().encode("utf-16"),
            rng.randbytes(400),
            b"# " * 400_000,
        ]
    )


def key_file(rng: Random) -> bytes:
    """A ``muster-stick.key`` that is none, or another's."""
    return rng.choice(
        [b"", SECRET, SECRET.hex().encode()[:-1], b"0" * 64, SECRET.hex().encode() * 2, rng.randbytes(64), b"\n" * 5_000_000]
    )


def at_the_destination(plot: Plot) -> None:
    """What a delivery finds on the stick: markers, months, side files, temporary files and locks that are none of ours."""
    rng = plot.rng
    name = rng.choice(_DELIVERED)
    kind = rng.randrange(8)
    if kind == 0:
        plot.link(
            name, rng.choice([str(plot.beside / "canary.txt"), str(plot.beside / "new.txt"), "../outside/canary.txt", name])
        )
    elif kind == 1:
        plot.node(name)
    elif kind == 2:
        plot.folder(name + b"/x")
    elif kind == 3:
        plot.sparse(name, rng.choice([10**6, 201 * 10**6, 4 << 30]))
    elif kind == 4:
        plot.hard(name, plot.beside / "canary.txt")
    else:
        plot.put(name, _content(name, rng))


_DELIVERED = (
    b"muster-destination.toml",
    b"attendance-2026-10.csv",
    b"attendance-2026-11.csv",
    b"attendance-2026-11.csv.sum",
    b"attendance-2026-11.set-aside-1.csv",
    b"attlog-door-1-2026-11.dat",
    b".attendance-2026-11.csv.part",
    b".muster-destination.toml.part",
    b".muster.lock",
    b"receipts",
    b"receipts/x.csv",
    b".attendance-\x1b[2J.csv.part",
)


def _content(name: bytes, rng: Random) -> bytes:
    if name.endswith(b".toml"):
        return rng.choice([stick_file(rng), b'id = "' + rng.randbytes(8).hex().encode() + b'"\n', b"a" + b".a" * 400_000 + b"=1"])
    if name.endswith(b".sum"):
        digest = rng.randbytes(32).hex().encode()
        return rng.choice([b"", digest + b"  ../../etc/passwd\n# length 7\n# end\n", digest * 20_000, rng.randbytes(200)])
    header = b"event_id,unit,person_code,person_name,at_utc,at_local,direction,distance,clock_ok\r\n"
    row = b"8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a11,door-1,=1+1,@x,2026-11-20T08:00:00Z,2026-11-20T09:00:00+01:00,in,0.5,true\r\n"
    return rng.choice(
        [
            b"",
            header,
            header + row * 2,
            header + row[:50],
            header + b'"' + row * 40,
            row,
            rng.randbytes(3000),
            header + b"\0" * 9000,
            header + row * 20_000,
            header + b"x" * 300_000,
            (header + row).decode().encode("utf-16"),
        ]
    )
