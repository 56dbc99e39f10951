"""Muster from the photographs on a stick to the rows in a CSV: `make run`.

Two people are enrolled from a folder that looks like a USB stick. Three walk up to a door, drawn frame by frame. Everything
that recognises, decides, records, signals and delivers is Muster, called by its command line as a maintainer would.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from scripts.demo import cast, portraits, recording, stage, story

DESCRIPTION = "Enrol two people, let three walk up to a door, deliver the rows: the real networks on real faces."


def main() -> int:
    """Run the demonstration and judge it.

    Returns:
        0 when everything went as it must, 1 when not.
    """
    chosen = _arguments()
    began_s = time.monotonic()
    missing = portraits.missing(chosen.portraits)
    if missing:
        print(f"{chosen.portraits} lacks {', '.join(line.file for line in missing)}: say `make portraits`.", file=sys.stderr)
        return 1
    try:
        stage_set = stage.set_up(chosen.folder, chosen.portraits, chosen.camera)
        told = story.tell_live(stage_set) if chosen.camera else story.tell(stage_set, cast.visitors())
    except (stage.StageError, story.StoryError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{time.monotonic() - began_s:.0f} s for the demonstration.")
    if chosen.svg:
        chosen.svg.write_text(recording.svg(told), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=DESCRIPTION)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"), help="where it plays; cleared first (default: var/demo)")
    parser.add_argument("--portraits", type=Path, default=portraits.FOLDER, help="what `make portraits` has fetched")
    parser.add_argument("--camera", default="", metavar="usb:N", help="a webcam instead of the drawn walk-ups")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the terminal's text as a picture")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
