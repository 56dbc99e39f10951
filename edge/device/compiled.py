"""The file that the Edge TPU runs, beside the int8 twin that it was compiled from.

``make edgetpu`` makes it and names it in the manifest. Whether a file is compiled is told by its content and not by its name: a
plain int8 file that is given to the Edge TPU runs on the CPU, and nobody is told. Whether it belongs to this Muster is told
by two hashes, its own and its twin's.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from edge.device.manifest import NetworkSpec, read_spec
from edge.device.tensors import read_tensors
from edge.errors import ModelError

CUSTOM_OPERATION = b"edgetpu-custom-op"
"""The name of the one operation that the compiler leaves; the library of the Edge TPU takes the nodes that are called so."""


class CompiledState(Enum):
    """What is to be said of a compiled file; the values are words for the doctor."""

    USABLE = "usable"
    MISSING = "missing"
    TWIN_MISMATCH = "compiled from another file"
    NOT_COMPILED = "not compiled"
    ALTERED = "altered"
    DAMAGED = "damaged"
    OF_ANOTHER = "of another network"


class CompiledError(ModelError):
    """There is no compiled file that this Muster may give to the Edge TPU; ``state`` says why, the message what to do."""

    def __init__(self, state: CompiledState, message: str) -> None:
        self.state = state
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class CompiledSpec:
    """One compiled file whose content was checked.

    Attributes:
        twin: the int8 file that it was compiled from; both have the same tensors.
        path: the compiled file.
        sha256: of the compiled file, hexadecimal.
    """

    twin: NetworkSpec
    path: Path
    sha256: str

    def as_network(self) -> NetworkSpec:
        """The compiled file as a network of the manifest: the twin's tensors, of fixed shape."""
        return replace(self.twin, path=self.path, sha256=self.sha256, free_axes=())


def is_compiled(content: bytes) -> bool:
    """Whether the content of a file is a TFLite model that was compiled for the Edge TPU."""
    return _is_tflite(content) and CUSTOM_OPERATION in content


def read_compiled(manifest_path: Path, name: str) -> CompiledSpec:
    """The compiled file of a network, after manifest, hashes and content were compared.

    Args:
        manifest_path: ``models/manifest.toml``; the compiled file lies beside its twin.
        name: pnet, rnet, onet or facenet.

    Raises:
        CompiledError: there is no such file, or it is not to be used.
        ModelError: the manifest itself cannot be read, or has no int8 variant of this network.
    """
    twin = read_spec(manifest_path, name, variant="int8")
    found = _named(manifest_path, twin)
    content = _content(found)
    if not _is_tflite(content):
        raise _error(found, CompiledState.DAMAGED, f"{found.path}: is not a TFLite file, or only a part of one.")
    if not is_compiled(content):
        raise _error(
            found, CompiledState.NOT_COMPILED, f"{found.path}: was never compiled for the Edge TPU; it would run on the CPU."
        )
    actual = hashlib.sha256(content).hexdigest()
    if actual != found.sha256:
        raise _error(
            found,
            CompiledState.ALTERED,
            f"{found.path}: is not the file that {manifest_path.name} names, or was not copied whole "
            f"(sha256 {actual[:12]}…, expected {found.sha256[:12]}…).",
        )
    _check_tensors(found, content)
    return found


def _check_tensors(found: CompiledSpec, content: bytes) -> None:
    """The hash vouches for the bytes, and nobody for whoever wrote the hash into the manifest."""
    try:
        inputs, outputs = read_tensors(content)
    except ValueError as error:
        raise _error(found, CompiledState.DAMAGED, f"{found.path}: is damaged, or only a part of a TFLite file.") from error
    if inputs != [found.twin.input] or set(outputs) != set(found.twin.outputs):
        raise _error(
            found,
            CompiledState.OF_ANOTHER,
            f"{found.path}: does not fit {found.twin.path.name}: what goes in and comes out is another network's.",
        )


def _named(manifest_path: Path, twin: NetworkSpec) -> CompiledSpec:
    """What the manifest says of the compiled file; the file itself is not looked at."""
    nothing = CompiledSpec(twin, twin.path.with_name(f"{twin.path.stem}_edgetpu.tflite"), "")
    variant: Mapping[str, Any] = tomllib.loads(manifest_path.read_text("utf-8"))["networks"][twin.name]["variants"][twin.variant]
    if "compiled" not in variant:
        raise _error(nothing, CompiledState.MISSING, f"{manifest_path}: names no file of {twin.name} for the Edge TPU.")
    try:
        entry = variant["compiled"]
        file, sha256, twin_sha256 = (entry[key] for key in ("file", "sha256", "twin_sha256"))
        found = CompiledSpec(twin, twin.path.with_name(file), sha256.lower())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{manifest_path}: what it says of the compiled file of {twin.name} cannot be understood."
        raise _error(nothing, CompiledState.DAMAGED, message) from error
    if twin_sha256 != twin.sha256:
        raise _error(
            found,
            CompiledState.TWIN_MISMATCH,
            f"{found.path}: was compiled from another {twin.path.name} than the one that is here.",
        )
    return found


def _content(found: CompiledSpec) -> bytes:
    try:
        return found.path.read_bytes()
    except FileNotFoundError as error:
        raise _error(found, CompiledState.MISSING, f"{found.path}: is not there, though the manifest names it.") from error
    except OSError as error:
        raise _error(found, CompiledState.DAMAGED, f"{found.path}: cannot be read ({error.strerror}).") from error


def _is_tflite(content: bytes) -> bool:
    return content[4:8] == b"TFL3"


def _error(found: CompiledSpec, state: CompiledState, what: str) -> CompiledError:
    name = found.twin.name
    return CompiledError(
        state,
        f"{what} Run `make edgetpu` on an x86-64 Linux and copy {found.path.name} and manifest.toml from its models folder to "
        f'this one; or set {name} = "cpu" under [placement].',
    )
