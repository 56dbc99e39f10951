"""The Edge TPU's own process: `python -m edge.device.tpu.child`. THE ONLY PLACE THAT LOADS THE LIBRARY.

libedgetpu ends the process that it is in when USB fails (LOG(FATAL), so abort()), and crashes it when it does not fit the
runtime. So it has one to itself, which opens the compiled networks, says what they answer to the self-test, and then answers
one request after the other until its socket is closed. Whatever happens here, the unit only finds that nobody answers.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.device.compiled import read_compiled
from edge.device.interpreter import PROVEN_FIRST, RUNTIMES, Interpreter, load_delegate, runtime_name_and_version
from edge.device.manifest import NetworkSpec
from edge.device.tpu.memory import Memory
from edge.device.tpu.messages import MAX_BYTES, MAX_WORDS, Done, Failed, Message, Order, Ready, Request, decode, encode
from edge.device.tpu.selftest import picture
from edge.errors import ModelError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Open = dict[str, tuple[NetworkSpec, Interpreter]]


class CannotOpenError(Exception):
    """Why the Edge TPU cannot be opened, in words."""


def main() -> None:
    """Serve the parent that started this process; its one argument says which, over what, and what to open."""
    told = json.loads(sys.argv[1])
    _be_a_child_of(told["parent"])
    memory = Memory(told["memory"], n_in=told["n_in"], n_out=told["n_out"])
    order = Order(told["library"], told["device"], Path(told["manifest"]), tuple(told["names"]))
    with socket.socket(fileno=told["socket"]) as connection, suppress(ConnectionError):  # the parent is gone: nothing to tell
        serve(order, memory, connection)


def _be_a_child_of(parent: int) -> None:
    """End when the parent ends, leave no core, and let the parent alone decide when it is over."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) or os.getppid() != parent:
        sys.exit("whoever started this process is gone")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold faces,
    with suppress(OSError):
        Path("/proc/self/coredump_filter").write_text(
            "0", "ascii"
        )  # and the limit is not asked where cores go into a pipe: core(5)
    for ignored in (signal.SIGINT, signal.SIGTERM):  # systemd and a terminal send them to everybody at once
        signal.signal(ignored, signal.SIG_IGN)


def serve(order: Order, memory: Memory, connection: socket.socket) -> None:
    """Open what is ordered, and answer requests until the socket is closed."""
    try:
        networks = {spec.name: (spec, interpreter) for spec, interpreter in _opened(order)}
        _self_test(networks, memory)
        ready = Ready(_runtime(), _version(order.library))
    except (CannotOpenError, ModelError) as error:
        connection.send(encode(Failed(0, str(error)[:MAX_WORDS])))
        return
    connection.send(encode(ready))
    while packet := connection.recv(MAX_BYTES):
        connection.send(encode(_answer(decode(packet), networks, memory)))


def _opened(order: Order) -> Iterable[tuple[NetworkSpec, Interpreter]]:
    """Every network with an interpreter and a delegate of its own, as pycoral makes them; they share the one device.

    (google-coral/edgetpu, issue 243: co-compiled networks on one USB device.)
    """
    for name in order.names:
        spec = read_compiled(order.manifest, name).as_network()
        yield spec, Interpreter(spec, delegate=_delegate(order), preference=PROVEN_FIRST)


def _delegate(order: Order) -> Any:
    try:
        return load_delegate(order.library, order.device)
    except (OSError, AttributeError) as error:
        raise CannotOpenError(f"its library cannot be loaded ({error})") from error
    except ValueError as error:
        _, _, reason = str(error).partition("\n")
        wanted = f"no Edge TPU '{order.device}'" if order.device else "no Edge TPU"
        raise CannotOpenError(f"{order.library} finds {wanted} that it can use{f' ({reason})' if reason else ''}") from error


def _self_test(networks: Open, memory: Memory) -> None:
    """Lay the answers to the self-test pictures into the memory."""
    outputs = [output for spec, _ in networks.values() for output in spec.outputs]
    results: list[NDArray[Any]] = []
    for name, (spec, interpreter) in networks.items():
        try:
            results += interpreter.run(picture(spec))
        except RuntimeError as error:
            raise CannotOpenError(f"it cannot run {name} ({error})") from error
    memory.answer(outputs, results, row=0, n_rows=1)


def _answer(request: Message, networks: Open, memory: Memory) -> Message:
    if not isinstance(request, Request):
        raise TypeError(f"{type(request).__name__} is no request")
    spec, interpreter = networks[request.name]
    try:
        for row in range(request.n_rows):
            results = interpreter.run(memory.row(spec.input, row))
            memory.answer(spec.outputs, results, row=row, n_rows=request.n_rows)
    except RuntimeError as error:
        return Failed(request.sequence, f"it could not run {request.name} ({error})"[:MAX_WORDS])
    return Done(request.sequence)


def _runtime() -> str:
    module, version = runtime_name_and_version(PROVEN_FIRST)
    return f"{RUNTIMES[module]} {version}"


def _version(library: str) -> str:
    """What the library calls itself; empty where it says nothing."""
    try:
        edgetpu_version = ctypes.CDLL(library).edgetpu_version
    except (OSError, AttributeError):
        return ""
    edgetpu_version.restype = ctypes.c_char_p
    return (edgetpu_version() or b"").decode(errors="replace")


if __name__ == "__main__":
    main()
