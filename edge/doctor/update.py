"""What became of the latest update."""

from __future__ import annotations

from pathlib import Path

from edge.doctor.finding import Finding, State

NAME = "update"
FOLDER = Path("/var/lib/muster-update")
"""Where scripts/update writes what it does."""

MAX_BYTES = 4_000


def update(folder: Path) -> Finding:
    """Whether the latest bundle was taken; whether an update was cut off and is not at its end."""
    if (folder / "trial").exists():
        return Finding(
            NAME,
            State.WARNING,
            "a new version is on trial, or its trial was cut off",
            "wait two minutes; if it still says so: sudo /var/lib/muster-update/judge --finish",
        )
    try:
        with (folder / "outcome").open("rb") as file:
            at, what, sentence, *_ = file.read(MAX_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return Finding(NAME, State.OK, "none was tried")
    except (OSError, ValueError):
        return Finding(NAME, State.OK, "nobody can say what became of the latest one")
    if what == "installed":
        return Finding(NAME, State.OK, f"{at}: {sentence}")
    advice = (
        "the unit goes on as before; ask whoever gave you the bundle, and try another"
        if what == "refused"
        else "/opt/muster/current/scripts/logs says more; report it"
    )
    return Finding(NAME, State.WARNING, f"{at}, {what}: {sentence}", advice)
