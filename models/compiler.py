"""Runs the Edge TPU compiler, which is not ours to ship: docs/models.md says how to get it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edge.device.manifest import read_spec

ORDER = ("pnet", "rnet", "onet", "facenet")
"""The order of the call, which is the order in which memory on the chip is given away: small networks first, so that they stay
there. Together they have half a megabyte of parameters; FaceNet has 23 and streams most of them whatever comes before it."""

LIMIT_S = 600.0
"""By itself the compiler gives up after 180 s. A published log (15.0) has 8 s for a FaceNet; under emulation it takes longer."""

N_LAST_LINES = 12

_INTERRUPT = {signal.SIGINT, signal.SIGTERM}


class CompilationError(Exception):
    """Nothing was compiled, and nothing was changed.

    ``exit_code`` is 65 where the networks or files are at fault, 66 where there are none, else 69.
    """

    def __init__(self, message: str, *, exit_code: int = 65) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def compile_all(compiler: str, folder: Path, manifest_path: Path, *, limit_s: float = LIMIT_S) -> str:
    """Compile all networks in one call.

    The compiler sees only names without a folder, so a program that runs it in a container need mount nothing but where it is
    called. ``--search_delegate`` is not asked for: where the compiler fails it looks for a part of the network that it can
    compile and leaves the rest to the CPU, which would be refused here anyway.

    Args:
        compiler: the program.
        folder: an empty folder; holds the int8 files afterwards and, beside them, the compiled ones.
        manifest_path: ``models/manifest.toml``, beside the int8 files.
        limit_s: when it is ended.

    Returns:
        Everything that it printed.

    Raises:
        CompilationError: it cannot be started, takes too long, dies or fails.
        ModelError: the manifest cannot be read.
        OSError: a file cannot be read or written.
    """
    twins = [read_spec(manifest_path, name, variant="int8").path for name in ORDER]
    for twin in twins:
        (folder / twin.name).write_bytes(twin.read_bytes())
    options = ["--show_operations", "--timeout_sec", str(max(1, int(limit_s))), "--out_dir", "."]
    code, output = _run([compiler, *options, *(twin.name for twin in twins)], folder, limit_s)
    last = "\n".join(output.splitlines()[-N_LAST_LINES:])
    if code < 0:
        raise CompilationError(f"{compiler}: died ({signal.Signals(-code).name}). Its last words:\n{last}", exit_code=69)
    if code or "Compilation failed" in output:
        hint = "Try once more: compilers before 16.0 failed now and then without a reason (google-coral/edgetpu, issue 211)."
        raise CompilationError(f"{compiler}: could not compile the networks (exit code {code}). {hint} Its last words:\n{last}")
    return output


def _run(command: Sequence[str], folder: Path, limit_s: float) -> tuple[int, str]:
    """Exit code and output of the compiler. It is ended with all its children, one of which does the work."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)  # Ctrl-C waits until there is somebody to end the compiler
    try:
        with _start(command, folder) as process:
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)
                output, _ = process.communicate(timeout=limit_s)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                os.killpg(process.pid, signal.SIGKILL)  # its session is its own, so Ctrl-C does not reach it
                raise
    except subprocess.TimeoutExpired as error:
        message = f"{command[0]}: did not end within {limit_s:g} s, and was ended. Allow it more: make edgetpu LIMIT=SECONDS."
        raise CompilationError(message, exit_code=69) from error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)
    return process.returncode, output.decode("utf-8", errors="replace")


def _start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    try:
        return subprocess.Popen(  # noqa: S603 - the program that the user named
            command, cwd=folder, stdin=nothing, stdout=pipe, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        hint = "The compiler runs on x86-64 Linux only; docs/models.md says how else to get it to work."
        raise CompilationError(f"{command[0]}: cannot be started ({error.strerror}). {hint}", exit_code=69) from error
