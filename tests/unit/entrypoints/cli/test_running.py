"""What a command that ends in an unforeseen way says: one sentence, and nothing of a person."""

from __future__ import annotations

import errno
import os

import click
import pytest

from profiles.entrypoints.cli import cli, run_command

PERSON = "zoe.garcia@example.com"


def run_failing(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> int:
    """Run a command that ends with an exception."""

    def fail() -> None:
        raise failure

    monkeypatch.setitem(cli.commands, "fail", click.Command("fail", callback=fail))
    return run_command(["fail"])


def test_a_command_that_is_interrupted_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_failing(monkeypatch, KeyboardInterrupt()) == 1

    assert capsys.readouterr().err.strip() == (
        "Error: Interrupted before the end. What was accepted is kept; run the same command again."
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert run_failing(monkeypatch, OSError(number, os.strerror(number), PERSON)) == 1

    assert capsys.readouterr().err == (
        "Error: There is no room for what is written to standard output or to a temporary file."
        " What was accepted is kept. Make room, and run the same command again.\n"
    )


def test_whatever_else_fails_is_told_by_its_type_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_failing(monkeypatch, OSError(errno.EIO, PERSON)) == 1
    assert run_failing(monkeypatch, ValueError(PERSON)) == 1

    said = capsys.readouterr().err.splitlines()
    assert [line.partition(". ")[0] for line in said] == [
        "Error: profiles failed (OSError)",
        "Error: profiles failed (ValueError)",
    ]
    assert PERSON not in "".join(said)
