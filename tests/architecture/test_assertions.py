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


def steps(function: ast.FunctionDef) -> Iterator[str]:
    """What a function calls, and the word `assert` where it asserts."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield "assert"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            of_libraries = name.startswith(("assert_", "to_"))  # of mocks and of Playwright
            yield "assert" if of_libraries else f".{name}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_no_test_asserts_nothing() -> None:
    found = {name: set(steps(function)) for name, function in functions()}
    tests = {name for name in found if ": test_" in name}
    asserting, before = {"assert", *OF_PYTEST}, set[str]()
    while asserting != before:
        before = asserting
        helpers = {name for name in found.keys() - tests if found[name] & before}
        asserting = before | {name.rpartition(" ")[2] for name in helpers}

    assert tests
    assert sorted(name for name in tests if not found[name] & asserting) == []
