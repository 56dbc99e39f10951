"""The command line: runs a command, and is the one place where errors become exit codes.

What a command does is in ``edge/commands/``, one module each, imported when it is called: ``muster version`` does not
wait for numpy.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from edge.arguments import build_parser
from edge.errors import MusterError, StoreError

CTRL_C = 128 + signal.SIGINT
READER_GONE = 128 + signal.SIGPIPE
OUTPUT_FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
"""What a full or failing disk under a redirected output answers; such an error names no file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    if given.module is None:
        parser.print_help()
        return 0
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show is no reason to fail, and whoever reads along wants each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    return _exit_code(given)


def _exit_code(given: argparse.Namespace) -> int:
    """What the command comes to; the one place where errors become numbers."""
    try:
        with _closing_on_sigterm():
            exit_code = int(importlib.import_module(f"edge.commands.{given.module}").run(given))
            print(end="", flush=True)
            return exit_code
    except MusterError as error:
        for line in str(error).splitlines():
            print(f"muster: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return CTRL_C
    except OSError as error:
        return _output_failed(error)


def _output_failed(error: OSError) -> int:
    """The reader of our output has gone, or the disk under it is full; any other error is nobody's to explain.

    Raises:
        OSError: it is another one.
    """
    has_reader = not isinstance(error, BrokenPipeError)
    if has_reader and (error.filename is not None or error.errno not in OUTPUT_FAILS):
        raise error
    # Python flushes once more on its way out, and would say so on stderr (docs.python.org, "Note on SIGPIPE").
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if has_reader:
        print(f"muster: the output cannot be written ({error.strerror}). Make room, or send it elsewhere.", file=sys.stderr)
    return StoreError.exit_code if has_reader else READER_GONE


@contextmanager
def _closing_on_sigterm() -> Iterator[None]:
    """SIGTERM leaves the program through every ``with`` and ``finally``, as Ctrl-C does."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
