"""The walk through the rights in docs/privacy.md is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.integration.test_command_line import Profiles, profiles

__all__ = ["profiles"]

PRIVACY = Path(__file__).parents[2] / "docs" / "privacy.md"
WALK = PRIVACY.read_text("utf-8").partition("## A walk through the rights")[2].partition("\n## ")[0]
STEPS = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", WALK, re.MULTILINE)
"""Commands, each with what it prints."""


def expected(text: str) -> str:
    """Make a pattern of what is printed; an ellipsis stands for anything."""
    return ".*".join(re.escape(part.strip()) for part in text.split("…"))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_each_command_does_what_the_walk_says(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    (export, nothing), *steps = STEPS
    assert (export.split()[0], nothing) == ("export", "")
    name, _, value = export.removeprefix("export ").partition("=")
    monkeypatch.setenv(name, value)

    for command, printed in steps:
        program, *arguments = shlex.split(command)
        assert program == "profiles"
        done = profiles(*arguments)
        assert done.code == 0, f"{command}: {done.err}"
        found, said = squeezed(done.out), expected(squeezed(printed))
        assert re.fullmatch(said, found), f"{command}: {found[:2_000]}"

    commands = [command.split()[1] for command, _ in steps]
    rights = ("find", "export", "rectify", "restrict", "unrestrict", "erase", "audit", "readmit")
    assert {*rights} <= {*commands}
