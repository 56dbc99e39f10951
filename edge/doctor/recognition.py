"""What recognises: the runtime, and the networks' files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge import wiring
from edge.config import Config
from edge.device import packages
from edge.doctor.finding import Finding, State, split
from edge.errors import ModelError


def runtime(folders: Sequence[str] | None) -> Finding:
    """The TFLite runtime and the numpy beside it."""
    found = {name: packages.installed(name, folders) for name in ("ai-edge-litert", "tflite-runtime", "numpy")}
    name = next((name for name in ("ai-edge-litert", "tflite-runtime") if found[name]), None)
    chosen, numpy = found.get(name or ""), found["numpy"]
    if chosen is None or numpy is None:
        return Finding("runtime", State.FAULT, "no TFLite runtime is installed", "pip install ai-edge-litert numpy")
    words = f"{name} {chosen.version} with numpy {numpy.version}"
    if name == "tflite-runtime" and int(numpy.version.split(".")[0]) >= 2:
        # It imports, and then Interpreter() raises SystemError: its extension was built against numpy 1.
        return Finding("runtime", State.FAULT, f"{words} cannot work", "pip install 'numpy<2', or ai-edge-litert instead")
    return Finding("runtime", State.OK, words)


def models(config: Config, found_runtime: Finding, manifest: Path | None = None) -> tuple[Finding, str | None]:
    """The network files; also which model the templates must be of, or None when that cannot be said."""
    if found_runtime.state is State.FAULT:
        return Finding("models", State.WARNING, "not looked at: nothing can load them", "see to the runtime first"), None
    try:
        recogniser = wiring.recogniser(config, manifest=manifest)
    except ModelError as error:
        return Finding("models", State.FAULT, *split(error)), None
    return Finding("models", State.OK, f"hashes and tensors are those of the manifest; {recogniser.model}"), recogniser.model
