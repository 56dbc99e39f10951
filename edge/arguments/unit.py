"""The commands of a unit at its door."""

from __future__ import annotations

from edge.arguments.commands import Commands, between

SIGNALS = (
    *(
        "ready",
        "looking",
        "accepted",
        "accepted, clock not trusted",
        "already",
        "not in database",
        "stick refused",
        "stick at work",
    ),
    *("safe to pull", "stick failed", "too far", "too dark", "too bright", "blurred", "turned away", "cut off", "several people"),
    *("button", "other way", "shutting down", "degraded", "attention", "fault"),
)
"""Those of `edge.types.Signal`, which is not imported here: `muster version` does not wait for numpy."""


def add(commands: Commands) -> None:
    """All of them."""
    _add_run(commands)
    _add_replay(commands)
    status = commands.add(
        "status",
        "say whether a unit is at work, and where each of its networks runs; exit code 69 when that is degraded",
        example="muster status",
    )
    status.add_argument("--json", action="store_true", help="as JSON")
    _add_panel(commands)
    commands.add("doctor", "say what is wrong with this unit and what to do about it", example="muster doctor")
    show = commands.add(
        "config", "print the configuration as it is in effect", example="muster config --defaults > var/muster.toml"
    )
    show.add_argument("--defaults", action="store_true", help="print the defaults instead, with a comment on each")
    show.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="FILE",
        help="only say what is wrong with a file before a unit is started with it (default: the one that it would read)",
    )
    commands.add("version", "print the version", example="muster version")


def _add_run(commands: Commands) -> None:
    parser = commands.add(
        "run", "watch the door until Ctrl-C, or until the recording is over", example="muster run --camera usb:0"
    )
    parser.add_argument(
        "--camera",
        metavar="SOURCE",
        help="pi, usb:N or replay:PATH, in place of the configured one; a replay writes rows like any camera",
    )
    parser.add_argument("--report", metavar="FILE", help="also write every decision into this file, as one line of JSON each")


def _add_replay(commands: Commands) -> None:
    parser = commands.add(
        "replay",
        "say what the unit would answer to a recording that began now, as it is configured and with whoever is enrolled; writes"
        " no row and leaves the panel to the unit at work",
        example="muster replay /media/stick/recording --report answers.jsonl",
    )
    parser.add_argument("recording", metavar="RECORDING", help="a folder of pictures, or a video")
    parser.add_argument("--report", metavar="FILE", help="also write every decision into this file, as one line of JSON each")


def _add_panel(commands: Commands) -> None:
    parser = commands.add(
        "panel",
        "have LED and buzzer show something, to try the wiring; a unit at work shows only what belongs to a stick",
        example="muster panel accepted",
    )
    parser.add_argument("signal", metavar="SIGNAL", choices=SIGNALS, help=f"one of: {', '.join(map(repr, SIGNALS))}")
    parser.add_argument(
        "--for",
        dest="seconds",
        metavar="SECONDS",
        type=between(1, 86_400),
        default=0,
        help="and keep it so long (default: once through its pattern)",
    )
