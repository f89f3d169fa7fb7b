"""Where tests and their support lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
UNIT = TESTS / "unit"
PACKAGE = ROOT / "src" / "profiles"

OF_NO_MODULE = {
    "domain/test_nationalities.py": "what all rules together make of a person of each nationality",
    "domain/test_showing.py": "no value of a person is shown by any type of the domain",
    "domain/test_values.py": "every type of the domain is an immutable value",
}
"""Test modules of the domain as a whole; they stay in its folder, where mutants are killed."""


def subject(test: Path) -> Path:
    """Name the module or package of `profiles` that a test module is named after."""
    return test.with_name(test.stem.removeprefix("test_"))


def test_each_module_of_unit_tests_is_named_after_what_it_tests() -> None:
    tests = sorted(path.relative_to(UNIT) for path in UNIT.rglob("test_*.py"))
    lost = [
        test.as_posix()
        for test in tests
        if test.parts[0] != "support"  # tests of tests/support
        and not (PACKAGE / subject(test)).with_suffix(".py").is_file()
        and not (PACKAGE / subject(test) / "__init__.py").is_file()
    ]

    assert tests
    assert lost == sorted(OF_NO_MODULE)


def test_folders_of_tests_hold_nothing_but_tests() -> None:
    folders = [
        *("architecture", "browser", "contracts", "deploy", "faults", "integration", "site"),
        "unit",
    ]
    others = [
        path.relative_to(TESTS).as_posix()
        for folder in folders
        for path in (TESTS / folder).rglob("*.py")
        if path.name not in {"__init__.py", "conftest.py"} and not path.name.startswith("test_")
    ]

    assert others == []
