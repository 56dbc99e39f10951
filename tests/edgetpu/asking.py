"""What the tests of the Edge TPU's process share: how one is asked, and how it says that it failed."""

from __future__ import annotations

import os
import select
from collections.abc import Callable

import numpy as np
import pytest

from edge.device.manifest import read_spec
from edge.device.tpu.process import TpuFailure, TpuProcess
from models import MANIFEST

PLENTY_S = 60
SOON_S = 0.2
TWINS = {name: read_spec(MANIFEST, name, variant="int8") for name in ("rnet", "onet")}
LIBRARY = "libedgetpu.so.1"

Begin = Callable[..., TpuProcess]
Puppet = Callable[[str], TpuProcess]

PUPPET = """
import json, mmap, os, signal, socket, sys
from edge.device.tpu.messages import Done, Failed, Ready, decode, encode
told = json.loads(sys.argv[1])
parent = socket.socket(fileno=told["socket"])
memory = mmap.mmap(told["memory"], told["n_in"] + told["n_out"])

def say(message):
    parent.send(encode(message))

def hear():
    return decode(parent.recv(999))

"""
"""The beginning of a program that takes the child's place."""


def rows(n: int, name: str = "rnet") -> np.ndarray:
    return np.random.default_rng(n).integers(-128, 128, (n, *TWINS[name].input.shape[1:])).astype(np.int8)


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(TpuFailure) as caught:
        call()
    text = str(caught.value)
    assert text.isprintable()
    assert not text.endswith(".")
    return text


def refusal(process: TpuProcess) -> str:
    """Why it cannot be opened."""
    return failure(lambda: process.opened(PLENTY_S))


def await_death(process: TpuProcess) -> None:
    descriptor = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(1000 * PLENTY_S)
    os.close(descriptor)


def served(process: TpuProcess, n: int = 1) -> list[np.ndarray]:
    return process.run("rnet", rows(n), deadline_s=PLENTY_S)


def assert_same(actual: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
