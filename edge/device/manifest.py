"""What ``models/manifest.toml`` says of a network's file: its hash, its tensors, where it runs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import ModelError


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output as the manifest names it; scale 0 means that it is not quantised."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One variant of one network.

    Attributes:
        name: pnet, rnet, onet, facenet or, where heads are trained, facenet-trunk.
        model: what the network is called in what it leaves behind: its weights, and of FaceNet the head that is folded in.
        variant: float32 or int8.
        path: the TFLite file.
        sha256: of the file, hexadecimal.
        free_axes: axes of the input that may be resized: (1, 2) for P-Net, whose canvas has any size, else none.
        input: the only input, (1, h, w, 3).
        outputs: in the order of the manifest.
    """

    name: str
    model: str
    variant: str
    path: Path
    sha256: str
    free_axes: tuple[int, ...]
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]


def read_spec(manifest_path: Path, name: str, *, variant: str = "auto") -> NetworkSpec:
    """What the manifest says about one network.

    Args:
        manifest_path: ``models/manifest.toml``; files are named relative to its folder.
        name: pnet, rnet, onet, facenet or facenet-trunk.
        variant: float32, int8, or auto for the one that the manifest runs on a CPU.

    Raises:
        ModelError: the manifest is missing or damaged, or knows no such network or variant.
    """
    return read_specs(manifest_path, [name], variant=variant)[name]


def read_specs(manifest_path: Path, names: Iterable[str], *, variant: str = "auto") -> dict[str, NetworkSpec]:
    """The same of several networks, name -> spec; the file, which takes a millisecond and more, is read once.

    Raises:
        ModelError: as of `read_spec`.
    """
    tables = _tables(manifest_path)
    return {name: _spec(manifest_path, tables, name, variant) for name in names}


def _tables(manifest_path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(manifest_path.read_text("utf-8"))
    except OSError as error:
        raise ModelError(
            f"{manifest_path}: cannot be read ({error.strerror}). Reinstall Muster, or run `make models`."
        ) from error
    except ValueError as error:  # of tomllib, which names the line, and of bytes that are no text
        raise ModelError(
            f"{manifest_path}: is not TOML ({error}). Put that right, or reinstall Muster, or run `make models`."
        ) from error


def _spec(manifest_path: Path, tables: Mapping[str, Any], name: str, variant: str) -> NetworkSpec:
    try:
        network = tables["networks"][name]
        variants = network["variants"]
        chosen = variant if variant != "auto" else next(key for key, entry in variants.items() if "cpu" in entry["runs_on"])
        entry = variants[chosen]
        return NetworkSpec(
            name=name,
            model=network["model"],
            variant=chosen,
            path=manifest_path.parent / entry["file"],
            sha256=entry["sha256"],
            free_axes=tuple(entry["free_axes"]),
            input=_tensor_spec(entry["input"]),
            outputs=tuple(_tensor_spec(output) for output in entry["outputs"]),
        )
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ModelError(
            f"{manifest_path}: does not describe the network '{name}' in the variant '{variant}'. "
            "Use the manifest of this version of Muster, or run `make models`."
        ) from error


def _tensor_spec(entry: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(entry["name"], tuple(entry["shape"]), entry["dtype"], entry["scale"], entry["zero_point"])
