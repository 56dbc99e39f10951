"""Processes of the Edge TPU that tests begin, and what must be gone afterwards."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from edgetpu.asking import LIBRARY, PLENTY_S, PUPPET, TWINS, Begin, Puppet
from edgetpu.compiled_models import with_compiled
from edgetpu.fates import Belongings

from edge.device.tpu.process import Order, TpuProcess
from edge.device.tpu.spawn import dying, reap


@pytest.fixture
def nothing_is_left_behind() -> Iterator[None]:
    before = Belongings.now()
    yield
    for pid in dying():  # killed, and it takes a busy machine its time: nobody but us reaps it
        pidfd = os.pidfd_open(pid)
        select.select([pidfd], [], [], PLENTY_S)
        os.close(pidfd)
    reap()
    assert Belongings.now() == before


@pytest.fixture(scope="module")
def two_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_compiled(tmp_path_factory.mktemp("models"), list(TWINS))


@pytest.fixture(scope="module")
def serving(stand_in: Path, two_networks: Path) -> Iterator[TpuProcess]:
    """A process that is open, for the tests that leave it so."""
    process = TpuProcess.start(Order(str(stand_in), "", two_networks, tuple(TWINS)))
    process.opened(PLENTY_S)
    yield process
    process.close()


@pytest.fixture
def begin(two_networks: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a process that is closed after the test; `told` is for the stand-in."""
    begun: list[TpuProcess] = []

    def start(
        *names: str, told: str = "", library: str = "", device: str = "", at: Path = two_networks, **options: object
    ) -> TpuProcess:
        library = library or str(request.getfixturevalue("stand_in"))
        order = Order(library, device, at, names or ("rnet",))
        begun.append(TpuProcess.start(order, environment={"MUSTER_STAND_IN": told}, **options))
        return begun[-1]

    yield start
    for process in begun:
        process.close()


@pytest.fixture
def puppet(begin: Begin) -> Puppet:
    """Begins a program of the test's own in the child's place."""
    return lambda script: begin(library=LIBRARY, program=(sys.executable, "-c", PUPPET + script))
