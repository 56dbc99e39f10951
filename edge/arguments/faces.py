"""The commands that look at photographs and faces."""

from __future__ import annotations

from edge.arguments.commands import Commands, between, text


def add(commands: Commands) -> None:
    """All of them."""
    _add_enrol(commands)
    _add_evaluate(commands)
    _add_capture(commands)
    _add_align(commands)


def _add_enrol(commands: Commands) -> None:
    parser = commands.add(
        "enrol",
        "enrol everybody whose photographs are in a folder: one sub-folder for each person, named 'Name' or 'code Name', "
        "or one photograph for each person, named so",
        example="muster enrol /media/stick/new-people --receipt receipt.csv",
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder")
    parser.add_argument("--receipt", metavar="FILE", help="also write what became of each photograph as CSV")
    parser.add_argument(
        "--look-alike",
        metavar="CODE",
        type=text,
        action="append",
        default=[],
        help="this person of the folder is nobody else, whomever the face resembles: a twin, say (may be repeated)",
    )


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add(
        "evaluate",
        "measure how well this unit tells the people of a folder apart; one sub-folder for each person, "
        "whoever has a single photograph serves as a stranger",
        example="muster evaluate people --json figures.json --html figures.html",
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder")
    parser.add_argument("--json", metavar="FILE", help="also write the figures into this file")
    parser.add_argument(
        "--html", metavar="FILE", help="also write a page with curves, confidence intervals and the worst confusions"
    )
    parser.add_argument("--pairs", metavar="FILE.csv", help="also the accuracy over these pairs: fold,a,b,same")
    parser.add_argument(
        "--with-faces", action="store_true", help="show the faces that are confused in the page; it is then biometric data"
    )
    parser.add_argument(
        "--methods",
        action="store_true",
        help="also the classifiers of older systems, SVM and random forest, beside it; takes minutes, needs scikit-learn",
    )
    parser.set_defaults(refuse=parser.error)


def _add_capture(commands: Commands) -> None:
    parser = commands.add(
        "capture",
        "take good, different photographs of somebody with the camera, ready to be enrolled; says what to change, and stops when "
        "there are enough. What is there already counts and is never written over",
        example="muster capture '1042 Ada Lovelace' --into people --camera usb:0",
    )
    parser.add_argument(
        "name", metavar="NAME", type=text, help="whose, 'Name' or 'code Name'; also the name of the person's folder"
    )
    parser.add_argument("--into", metavar="FOLDER", required=True, help="where the person's folder is or will be")
    parser.add_argument("--n", metavar="N", type=between(1, 99), default=5, help="so many photographs (default: 5)")
    parser.add_argument("--seconds", metavar="S", type=between(1, 3600), default=60, help="not longer than this (default: 60)")
    parser.add_argument("--camera", metavar="SOURCE", help="pi, usb:N or replay:PATH, in place of the configured one")


def _add_align(commands: Commands) -> None:
    parser = commands.add(
        "align",
        "make the same tree of aligned faces of a tree of photographs: of each photograph a PNG of the face nearest the centre, "
        "cut as the network sees it; a second run makes only what is missing or has changed",
        example="muster align people crops",
    )
    parser.add_argument("folder", metavar="IN", help="the photographs, in folders as deep as you like; nothing is written there")
    parser.add_argument("out", metavar="OUT", help="where the faces go; made where it is not there")
    parser.add_argument(
        "--size",
        metavar="PX",
        type=between(16, 2048),
        default=160,
        help="side of the faces (default: 160, as the network sees them)",
    )
