"""Every test asserts: by itself, or by a helper of the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]

OF_PYTEST = {".fail", ".raises", ".warns"}
"""What pytest brings to assert with. A point tells a method from a function of the same name."""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the tests by its name, after the module where it stands."""
    for path in sorted(TESTS.rglob("*.py")):
        module = ast.parse(path.read_text("utf-8"))
        for owner in ast.walk(module):
            point = "." if isinstance(owner, ast.ClassDef) else ""
            for node in ast.iter_child_nodes(owner):
                if isinstance(node, ast.FunctionDef):
                    yield f"{path.relative_to(TESTS).as_posix()}: {point}{node.name}", node


def called(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield f".{node.func.attr}"
        elif isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def asserts(function: ast.FunctionDef, helpers: set[str]) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or any(
        name in helpers or name.startswith((".assert_", ".to_"))  # of mocks and of Playwright
        for name in called(function)
    )


def test_no_test_asserts_nothing() -> None:
    found = dict(functions())
    tests = {name for name in found if ": test_" in name}
    helpers, before = OF_PYTEST, set[str]()
    while helpers != before:
        before = helpers
        helpers = before | {
            name.rpartition(" ")[2] for name in found.keys() - tests if asserts(found[name], before)
        }

    assert tests
    assert sorted(name for name in tests if not asserts(found[name], helpers)) == []
