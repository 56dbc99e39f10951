"""Prints the lines of a requirements file that hold on another computer, without their conditions.

pip evaluates conditions such as ``platform_machine == "aarch64"`` for the computer that it runs on, also where it downloads for
another one. Usage: python requirements_for.py FILE MACHINE PYTHON, such as litert.txt aarch64 3.11.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement


def environment(machine: str, python: str) -> dict[str, str]:
    """What conditions are asked of: a Debian on that machine, with a CPython of that version."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def lines_for(text: str, machine: str, python: str) -> list[str]:
    """The requirements that hold there: name, version and hashes, a line each."""
    kept = []
    for line in text.replace("\\\n", " ").splitlines():
        wanted, *hashes = line.split("#")[0].split(" --hash=")
        if not wanted.strip():
            continue
        requirement = Requirement(wanted.strip())
        if requirement.marker is None or requirement.marker.evaluate(environment(machine, python)):
            kept.append(" --hash=".join([f"{requirement.name}{requirement.specifier}", *map(str.strip, hashes)]))
    return kept


if __name__ == "__main__":
    file, machine, python = sys.argv[1:]
    sys.stdout.writelines(f"{line}\n" for line in lines_for(Path(file).read_text("utf-8"), machine, python))
