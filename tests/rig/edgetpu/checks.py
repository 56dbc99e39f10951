"""Run as root in the guest (see `run`): the kernel plays a stick to itself, and what Muster makes of that."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path

RIG = Path(__file__).parents[3]
sys.path[:0] = [str(RIG), str(RIG / "tests/deploy")]

from debian import INSTALL, Debian  # noqa: E402

from edge.device.tpu.sticks import Stick, holders, is_writable, listed, sticks  # noqa: E402

GADGET = Path("/sys/kernel/config/usb_gadget/stick")  # has the stick's ids and does nothing
MAKE = f"mkdir {GADGET} && cd {GADGET} && mkdir configs/c.1 functions/SourceSink.0 && ln -s functions/SourceSink.0 configs/c.1/it"
SCRAP = (
    f"cd {GADGET} && rm configs/c.1/it && rmdir configs/c.1 functions/SourceSink.0 && cd / && rmdir {GADGET} && rmmod dummy_hcd"
)
RULE = Path("/etc/udev/rules.d/60-muster-edgetpu.rules")
PLUGDEV = 46
USERS = {"root": (0, []), "member": (1000, [PLUGDEV]), "other": (1001, [])}
BEFORE, AFTER = ("0x1a6e", "0x089a"), ("0x18d1", "0x9302")
ALLOWED = "root rw, member rw, other none"
table: dict[str, list[str]] = {}


def row(scenario: str, *, found: object, wanted: object, seconds: float = 0.0) -> None:
    table.setdefault(scenario, []).append(f"{'pass' if found == wanted else f'FAIL: {found}'} | {seconds:.3f}")


def sh(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False
    )


def until(condition: Callable[[], bool], limit_s: float = 10.0) -> float:
    """The seconds until it is so, or the limit; whether it is so then, the caller asks anew."""
    begun = time.monotonic()
    while not condition() and time.monotonic() - begun < limit_s:
        time.sleep(0)
    return time.monotonic() - begun


def plug(ids: tuple[str, str], is_there: Callable[[], bool] = listed) -> float:
    for name, value in zip(("idVendor", "idProduct", "UDC"), (*ids, "dummy_udc.0"), strict=True):
        (GADGET / name).write_text(value)
    return until(is_there)


def unplug(is_there: Callable[[], bool] = listed) -> float:
    (GADGET / "UDC").write_text("\n")
    return until(lambda: not is_there())


def settled() -> Stick:
    """The stick, once udev has nothing left to do."""
    sh("udevadm settle --timeout=20")
    return sticks()[0]


def may(user: str, node: Path, flags: int) -> bool:
    """Whether the kernel lets that user open it. That Muster says the same of writing is made sure of."""
    if pid := os.fork():
        return {0: False, 1: True}[os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]
    number, groups = USERS[user]
    os.setgroups(groups)
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    try:
        opened = os.open(node, flags) > 0
    except PermissionError:
        opened = False
    os._exit(opened if flags == os.O_RDONLY or is_writable(node) == opened else 9)


def rights(node: Path) -> str:
    can = {user: "rw" if may(user, node, os.O_RDWR) else "r" if may(user, node, os.O_RDONLY) else "none" for user in USERS}
    return ", ".join(f"{user} {what}" for user, what in can.items())


def check_identities(mbps: float, rule: str, wanted: str) -> None:
    for ids, name in ((BEFORE, f"{rule}, 1a6e:089a"), (AFTER, f"{rule}, 18d1:9302")):
        row(f"{name}: plugged in", seconds=plug(ids), found=listed(), wanted=True)
        it = settled()
        facts = (it.device, it.speed_mbps, it.has_firmware, it.node.is_char_device())
        row(f"{name}: number, speed, firmware, node", found=facts, wanted=("usb:0", mbps, ids == AFTER, True))
        row(f"{name}: {wanted}", found=rights(it.node), wanted=wanted)
        row(f"{name}: unplugged", seconds=unplug(), found=listed("usb"), wanted=False)


def check_installer(mbps: float) -> None:
    plug(BEFORE)
    node, package = settled().node, Debian(RIG, "amd64").package()
    begun = time.monotonic()
    said = sh(f"{INSTALL} --check {package}")
    facts = (said.returncode, "has a USB 2 connection (480 Mbit/s)" in said.stderr, "No Edge TPU" in said.stdout, RULE.exists())
    spent = time.monotonic() - begun
    row("install --check warns of USB 2, and only there", found=facts, wanted=(0, mbps < 5000, False, False), seconds=spent)
    row("install", found=sh(f"{INSTALL} {package}").returncode, wanted=0, seconds=time.monotonic() - begun - spent)
    spent = until(lambda: node.stat().st_gid == PLUGDEV)
    row("the rule holds for the stick that is in, seconds after", found=rights(node), wanted=ALLOWED, seconds=spent)
    unplug()


def check_holders() -> None:
    plug(AFTER)
    node = settled().node
    spent = statistics.median(timeit.repeat(listed, number=1, repeat=100))
    row("one listed(), median of 100", found=listed("usb:0"), wanted=True, seconds=spent)
    row("nobody holds it", found=holders(node), wanted=[])
    with node.open("rb+", buffering=0) as opened:
        process = subprocess.Popen(["sleep", "600"], stdin=opened)
    begun = time.monotonic()
    found = [(holder.pid, holder.command) for holder in holders(node)]
    row("its holder is named", found=found, wanted=[(process.pid, "sleep 600")], seconds=time.monotonic() - begun)
    row("unplugged while held", seconds=unplug(), found=(listed(), holders(node)), wanted=(False, []))
    process.kill()


def check_replugging(mbps: float) -> None:
    """Asked without pause meanwhile, it never sees half a stick; and udev is not far behind the kernel."""
    begun, half, gaps = time.monotonic(), [], []

    def is_there() -> bool:
        found = sticks()
        half.extend(stick for stick in found if stick.speed_mbps != mbps or "000" in stick.node.parts)
        return bool(found)

    for turn in range(20):
        plug((BEFORE, AFTER)[turn % 2], is_there)
        node = sticks()[0].node
        gaps.append(until(lambda node=node: node.exists() and node.stat().st_gid == PLUGDEV))
        unplug(is_there)
    row("20 times replugged, asked meanwhile", found=half[:2], wanted=[], seconds=time.monotonic() - begun)
    row("from listed to its rights, longest of 20", found=max(gaps) < 1, wanted=True, seconds=max(gaps))


def port(mbps: float, options: str) -> None:
    sh(f"modprobe libcomposite; modprobe dummy_hcd {options}; {MAKE}")
    check_identities(mbps, "no rule", "root rw, member r, other r")
    check_installer(mbps)
    check_identities(mbps, "rule", ALLOWED)
    check_holders()
    check_replugging(mbps)
    sh(f"{SCRAP}; dpkg --purge libedgetpu1-std; rm {RULE}; udevadm control --reload")


if __name__ == "__main__":
    try:
        port(480, "")
        port(5000, "is_super_speed=1")
    finally:
        print(f"Linux {os.uname().release}, udev {sh('udevadm --version').stdout.strip()}, Python {sys.version.split()[0]}\n")
        print("| scenario | USB 2 | s | USB 3 | s |\n|---|---|---|---|---|")
        print("\n".join(f"| {scenario} | {' | '.join(answers)} |" for scenario, answers in table.items()))
    print("\nall pass" if "FAIL" not in str(table) else "\nNOT all pass")
