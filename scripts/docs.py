"""Writes docs/cli.md, docs/wiring.svg and deploy/muster.toml from the program; with --check it only says if they are current."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.arguments import EXIT_CODES, build_parser
from edge.config import Config, describe
from scripts.wiring import drawing

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write the files that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    checks = parser.parse_args().check
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'not current; run `make docs`' if checks else 'written'}")
        if not checks:
            path.parent.mkdir(exist_ok=True)
            path.write_text(documents()[path], encoding="utf-8")
    return 1 if checks and stale else 0


def documents() -> dict[Path, str]:
    """What each generated file should hold."""
    return {
        ROOT / "docs" / "cli.md": command_line(),
        ROOT / "docs" / "wiring.svg": drawing(),
        ROOT / "deploy" / "muster.toml": describe(Config()),
    }


def command_line() -> str:
    """The command line as Markdown."""
    parser = build_parser()
    lines = ["# Command line", "", "Made by `make docs` from `edge/arguments/`.", "", parser.description or ""]
    lines += ["", "Options that stand before or after every command:", "", *table(parser)]
    for name, command in commands(parser):
        subcommands = list(commands(command))
        lines += section(f"## muster {name}", command)
        for subname, subcommand in subcommands:
            lines += section(f"### muster {name} {subname}", subcommand)
    heading, *codes = EXIT_CODES.splitlines()
    lines += ["", f"## {heading.rstrip(':').capitalize()}", ""]
    lines += [f"- {code.strip()}" for line in codes for code in line.split(" · ")]
    return "\n".join(lines) + "\n"


def section(heading: str, parser: argparse.ArgumentParser) -> list[str]:
    """Heading, what it does, its own options, an example."""
    example = (parser.epilog or "").removeprefix("example: ")
    own = table(parser, without=frozenset({"--data", "--config"}))
    return ["", heading, "", parser.description or "", *(["", *own] if own else []), "", f"    {example}"]


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands below a parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def table(parser: argparse.ArgumentParser, without: frozenset[str] = frozenset()) -> list[str]:
    """Arguments and options with their meaning."""
    rows = []
    for action in parser._actions:
        if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)) or without.intersection(action.option_strings):
            continue
        words = " ".join(filter(None, [", ".join(action.option_strings), str(action.metavar) if action.metavar else ""]))
        rows.append(f"| `{words}` | {action.help} |")
    return ["| | |", "|---|---|", *rows] if rows else []


if __name__ == "__main__":
    sys.exit(main())
