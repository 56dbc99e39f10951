"""Compiles the int8 networks for the Edge TPU and names the files in the manifest: ``python -m models.compiled``.

``make edgetpu`` calls it through ``compile_edgetpu.sh``; docs/models.md, "Compiling for the Edge TPU", says what for. Files and
manifest change together or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.device.manifest import NetworkSpec, read_specs
from edge.errors import ModelError
from models import MANIFEST, compiled_file, compiler_log, files, manifest
from models.compiler import LIMIT_S, ORDER, CompilationError, compile_all
from models.compiler_log import Report

ALLOWED_ON_CPU: Mapping[tuple[str, str], str] = {}
"""(network, operation) -> why it may stay on the CPU. Empty: every operation of ours is one that the Edge TPU has."""

LOG_NAME = "compiler.log"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile, or take over what was compiled elsewhere; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.made:
            summary = take_over(options.made, _log_of(options.made), options.manifest)
        else:
            with tempfile.TemporaryDirectory(prefix="muster-edgetpu-") as folder:
                log = compile_all(options.compiler, Path(folder), options.manifest, limit_s=options.limit)
                _keep(log, options.manifest.parent / "build")
                summary = take_over(Path(folder), log, options.manifest)
    except (CompilationError, ModelError) as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""  # a full disk is told without a name
        hint = "" if options.made else "; TMPDIR names another disk for what lies between"
        print(f"{where}{error.strerror}. Nothing was changed. Put that right and try again{hint}.", file=sys.stderr)
        return 74
    except KeyboardInterrupt:
        print("Interrupted. Nothing was changed.", file=sys.stderr)
        return 130
    print(summary)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.compiled", description="Compile the networks for the Edge TPU.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--compiler", metavar="PROGRAM", help="edgetpu_compiler, or a program that passes its arguments on to it")
    source.add_argument(
        "--made",
        type=Path,
        metavar="FOLDER",
        help=f"take over what was compiled elsewhere: *-int8.tflite, *-int8_edgetpu.tflite and, in {LOG_NAME}, what it printed",
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, metavar="FILE", help="models/manifest.toml")
    parser.add_argument("--limit", type=_seconds, default=LIMIT_S, metavar="SECONDS", help="how long the compiler may take")
    return parser


def _seconds(argument: str) -> float:
    seconds = float(argument)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{argument!a} is no time that a compiler could take")
    return seconds


def _log_of(folder: Path) -> str:
    """What the compiler printed elsewhere, as it was brought along."""
    try:
        return (folder / LOG_NAME).read_text("utf-8", errors="replace")
    except OSError as error:
        if not folder.is_dir():
            message = f"{folder}: there is no such folder. Name the one with what was compiled elsewhere. Nothing was changed."
            raise CompilationError(message, exit_code=66) from error
        what = f"{folder / LOG_NAME}: cannot be read ({error.strerror}). It is to hold what the compiler printed, all of it"
        raise CompilationError(f"{what}: docs/models.md says how. Nothing was changed.") from error


def _keep(log: str, folder: Path) -> None:
    """What the compiler printed, for whoever asks later; it is not worth failing for."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        files.replace(folder / "edgetpu-compiler.log", log.encode())


def take_over(folder: Path, log: str, manifest_path: Path, *, allowed: Mapping[tuple[str, str], str] = ALLOWED_ON_CPU) -> str:
    """Check what the compiler made, put it beside the int8 files and name it in the manifest, all of it or nothing.

    Args:
        folder: the int8 files as the compiler was given them, and the compiled ones.
        log: what the compiler printed.
        manifest_path: ``models/manifest.toml``, beside the int8 files.
        allowed: (network, operation) -> why it may stay on the CPU.

    Returns:
        What is to be said of it: a table, and what deserves attention.

    Raises:
        CompilationError: something is wrong with a file, or the log cannot be understood; all faults are named.
        ModelError: the manifest cannot be read.
        OSError: a file cannot be read or written.
    """
    version, reports = _read(log)
    twins = read_specs(manifest_path, ORDER, variant="int8")
    tables, faults, contents = manifest.read(manifest_path), [], {}
    for name, twin in twins.items():
        report = reports.get(twin.path.name)
        found = _faults(twin, report, folder, allowed)
        faults += [f"{name}: {fault}" for fault in found]
        if report and not found:
            made = compiled_file.path_of(twin, folder)
            content = contents[twin.path.with_name(made.name)] = made.read_bytes()
            tables["networks"][name]["variants"]["int8"]["compiled"] = _entry(twin, content, version, report)
    if faults:
        raise CompilationError("\n".join([*faults, "Nothing was changed."]))
    files.replace_all({**contents, manifest_path: manifest.text(tables).encode()})  # the manifest, which names the others, last
    return _summary(version, reports)


def _read(log: str) -> tuple[str, dict[str, Report]]:
    try:
        return compiler_log.read(log)
    except compiler_log.UnknownFormatError as error:
        message = f"What the compiler printed cannot be understood: {error}. Muster knows the words of compiler 16.0."
        raise CompilationError(message, exit_code=69) from error


def _faults(twin: NetworkSpec, report: Report | None, folder: Path, allowed: Mapping[tuple[str, str], str]) -> list[str]:
    if report is None:
        return [f"the compiler says nothing of {twin.path.name}"]
    left = [row for row in report.left if (twin.name, row.operator) not in allowed]
    found = [f"{row.count} x {row.operator} would run on the CPU: {row.status}" for row in left]
    if report.n_subgraphs != 1:
        found.append(f"has {report.n_subgraphs} pieces on the Edge TPU instead of one")
    return found + compiled_file.faults(twin, folder, n_left=report.n_on_cpu)


def _entry(twin: NetworkSpec, content: bytes, version: str, report: Report) -> dict[str, Any]:
    return {
        "file": compiled_file.path_of(twin, Path()).name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "twin_sha256": twin.sha256,
        "compiler": version,
        "n_mapped": report.n_mapped,
        "n_on_cpu": report.n_on_cpu,
    }


def _summary(version: str, reports: Mapping[str, Report]) -> str:
    lines = [
        f"Compiled by Edge TPU compiler {version}; the files and the manifest that names them lie in the models folder.",
        f"{'':<22}{'Edge TPU':>9}{'CPU':>5}{'on the chip':>13}{'sent at each call':>19}",
    ]
    for file, report in reports.items():
        memory = f"{report.on_chip or 'not said':>13}{report.off_chip or 'not said':>19}"
        lines.append(f"{file:<22}{report.n_mapped:>9}{report.n_on_cpu:>5}{memory}")
    streaming = [file for file, report in reports.items() if report.streams and not file.startswith(ORDER[-1])]
    if streaming:
        lines.append(f"{', '.join(streaming)}: small, and yet sent anew at each call: slower than need be (docs/models.md).")
    return "\n".join(lines)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this, by `timeout` for one, ends the compiler too
    sys.exit(main())
