"""The architecture on one screen: module -> what of edge/ it may import. A module that is not here fails."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

EDGE = Path(__file__).parent.parent / "edge"

GROUND = {"types", "errors", "vectors", "words", "ledger"}
CONTRACTS = GROUND | {"ports", "config", "status"}
HANDS = GROUND | {"ports", "folders", "programs"}
THINKING = GROUND | {"ports", "vision"}
PAPER = {"exchange.names", "exchange.cells", "exchange.files"}

ALLOWED = {
    # 0 ground
    "types": set(),
    "errors": set(),
    "vectors": {"types"},
    "words": set(),
    "programs": set(),
    "folders": set(),
    "ledger": {"types"},
    # 1 contracts
    "ports": GROUND,
    "config": GROUND | {"config", "folders"},
    "status": GROUND,
    # 2 thinking: no clock, no file, no thread
    "vision": THINKING,
    "matching": GROUND | {"matching"},
    "attendance": GROUND,
    "corrections": GROUND,
    "case": GROUND | {"attendance", "matching"},
    "evaluation": {"types", "vectors", "matching", "evaluation"},
    # 3 hands: never vision, never each other
    "device": HANDS | {"device"},
    "store": HANDS | {"store"},
    "exchange.names": GROUND,
    "exchange.cells": GROUND,
    "exchange.files": GROUND | {"folders"},
    "exchange.ledger": HANDS | {"exchange.cells", "exchange.ledger"},
    "exchange.ledger.check": HANDS | {"store", "exchange.cells", "exchange.ledger"},
    "exchange.delivery": HANDS | {"exchange.files", "exchange.delivery"},
    "exchange.delivery.child": HANDS | {"store", "exchange.delivery", "exchange.sync"},
    "exchange.sync": HANDS | {"store", "exchange.files", "exchange.ledger", "exchange.delivery", "exchange.translation"},
    "exchange.translation": HANDS | {"store", "exchange.ledger", "exchange.delivery"},
    "exchange.backup": HANDS | {"store", "exchange.files", "exchange.backup"},
    # 4 work: never device
    "exchange.enrolment": THINKING | PAPER | {"matching", "store", "exchange.enrolment"},
    "exchange.enrolment.acquisition": THINKING,
    "exchange.enrolment.folder": HANDS | {"exchange.names"},
    "exchange.enrolment.photographs": HANDS | {"exchange.files"},
    "exchange.collection": THINKING | PAPER | {"evaluation", "exchange.enrolment", "exchange.collection"},
    "exchange.capture": THINKING | PAPER | {"exchange.enrolment", "exchange.collection", "exchange.capture"},
    "exchange.stick": THINKING | {"store", "exchange"},
    "journal": GROUND,
    "announced": GROUND | {"ports"},
    "pushbutton": GROUND | {"ports"},
    "headroom": GROUND | {"journal", "store"},
    "heartbeat": GROUND | {"ports", "journal", "store"},
    "timekeeping": GROUND | {"ports", "journal", "store"},
    "known": THINKING | {"attendance", "matching", "store"},
    "unit": THINKING
    | {"announced", "attendance", "case", "journal", "known", "matching", "store"}
    | {"headroom", "heartbeat", "pushbutton", "timekeeping"},
    # 5 wiring: the only importer of device
    "wiring": CONTRACTS | {"status", "vision", "matching", "attendance", "store", "journal", "unit", "device", "wiring"},
    "doctor": CONTRACTS | {"matching", "store", "device", "wiring", "exchange.delivery", "doctor"},
    # 6 doors
    "commands": CONTRACTS
    | {"commands", "corrections", "evaluation", "matching", "store", "exchange", "journal", "unit", "wiring", "doctor"},
    "arguments": {"arguments"},
    "cli": {"arguments", "errors"},  # and by name, when it is called, the module of edge.commands
    "__main__": {"cli"},
}
NO_DRIVERS_AT_IMPORT = {"gpiozero", "lgpio", "picamera2", "ai_edge_litert", "tflite_runtime", "pycoral", "sklearn"}
LANGUAGE = {
    "__future__",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "itertools",
    "math",
    "typing",
    "warnings",
    "zoneinfo",
}
THINKING_MAY_USE = LANGUAGE | {"numpy", "cv2", "html", "sklearn"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(EDGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(EDGE.rglob("*.py")) if name_of(path) != "__init__"}


def rule_for(module: str) -> str:
    """The most exact line of the table: exchange.sync before exchange."""
    return max((rule for rule in ALLOWED if covers(rule, module)), key=len, default="")


def covers(rule: str, module: str) -> bool:
    return module == rule or module.startswith(rule + ".")


def imports(path: Path, *, at_import_only: bool = False) -> set[str]:
    """Dotted names that a file imports: everywhere, or only those that run when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_what_the_table_allows(module: str) -> None:
    if module == "migrations" or (MODULES[module].name == "__init__.py" and module.startswith("exchange")):
        assert not imports(MODULES[module]), f"{module}/__init__.py stays empty of imports"
        return
    rule = rule_for(module)
    assert rule, f"edge/{module} has no room in the house: add it to the table, on the floor where it belongs"
    for name in imports(MODULES[module]):
        if name == "edge" or not name.startswith("edge."):
            continue
        target = name.removeprefix("edge.")
        if target == "__version__":
            continue
        assert any(covers(allowed, target) for allowed in ALLOWED[rule]), f"edge.{module} may not import {name}"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if rule_for(m) in {"vision", "matching", "attendance", "corrections", "case", "evaluation"}]
)
def test_thinking_has_no_clock_file_or_thread(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(MODULES[module])} - {"edge"}
    assert outside <= THINKING_MAY_USE


@pytest.mark.parametrize("module", MODULES)
def test_no_driver_is_imported_with_the_package(module: str) -> None:
    at_import = {name.split(".")[0] for name in imports(MODULES[module], at_import_only=True)}
    assert not at_import & NO_DRIVERS_AT_IMPORT


def test_the_table_has_no_dead_line() -> None:
    used = {rule_for(module) for module in MODULES}
    assert set(ALLOWED) <= used | {""}, f"no module for {set(ALLOWED) - used}"


def test_no_two_files_of_tests_have_one_name() -> None:
    """They are no packages: pytest reads one of the two, and refuses to begin."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, n in names.items() if n > 1] == []
