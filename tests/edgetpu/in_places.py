"""A `muster` command in a process of its own that looks for the hardware in a folder, as tests lay it out.

    python tests/edgetpu/in_places.py FOLDER run --camera replay:PATH

FOLDER holds sys/, dev/ and dpkg/ (tests/edgetpu/plugged.py) and models/ (tests/edgetpu/compiled_models.py). The product has no
option for that: nothing but a test has another /sys.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from edge import wiring
from edge.arguments import build_parser
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.opening import TpuPlaces
from edge.errors import MusterError


def places(folder: Path) -> wiring.Places:
    """Where a unit looks that lives in this folder."""
    tpu = TpuPlaces(folder / "sys", folder / "dev", library=LibraryPlaces(dpkg=folder / "dpkg"))
    return wiring.Places(folder / "models" / "manifest.toml", tpu)


def main() -> int:
    """Run the command; errors become exit codes as in `edge.cli`."""
    folder, *words = sys.argv[1:]
    given = build_parser().parse_args(words)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    try:
        return int(importlib.import_module(f"edge.commands.{given.module}").run(given, places=places(Path(folder))))
    except MusterError as error:
        print(f"muster: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
