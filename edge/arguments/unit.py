"""The commands of a unit at its door."""

from __future__ import annotations

from edge.arguments.commands import Commands


def add(commands: Commands) -> None:
    """All of them."""
    _add_run(commands)
    status = commands.add(
        "status",
        "say whether a unit is at work, and where each of its networks runs; exit code 69 when that is degraded",
        example="muster status",
    )
    status.add_argument("--json", action="store_true", help="as JSON")
    commands.add("doctor", "say what is wrong with this unit and what to do about it", example="muster doctor")
    show = commands.add(
        "config", "print the configuration as it is in effect", example="muster config --defaults > var/muster.toml"
    )
    show.add_argument("--defaults", action="store_true", help="print the defaults instead, with a comment on each")
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
