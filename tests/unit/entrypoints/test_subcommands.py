"""Commands that a command starts: settings told to them, and ended with it."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

import pytest

from profiles.domain.errors import ProfilesError
from profiles.entrypoints.subcommands import StoppedError, Subcommands


def subcommands(folder: Path, **environment: str) -> Subcommands:
    return Subcommands(folder=folder, stop=Event(), environment={**os.environ, **environment})


def said(commands: Subcommands) -> str:
    return "".join(path.read_text("utf-8") for _name, path in commands.outputs)


def test_what_a_command_writes_goes_into_files(tmp_path: Path) -> None:
    commands = subcommands(tmp_path)

    commands.run("policy", "--json")

    assert [name for name, _path in commands.outputs] == ["policy", "policy"]
    assert '"fingerprint"' in said(commands)


def test_neither_a_file_nor_a_variable_sets_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles.toml").write_text("nonsense = 1")
    monkeypatch.chdir(tmp_path)
    commands = subcommands(tmp_path, PROFILES_POLICY="/nowhere", PROFILES_CONFIG="/nowhere")

    commands.run("policy", "--json")

    assert '"fingerprint"' in said(commands)


def test_a_command_that_fails_is_told_with_its_error(tmp_path: Path) -> None:
    commands = subcommands(tmp_path)

    with pytest.raises(ProfilesError, match=r"`profiles verify` ended with exit code 2.*no-such"):
        commands.run("verify", f"--store=sqlite:///{tmp_path}/no-such.db")


def test_an_exit_code_that_is_expected_is_no_failure(tmp_path: Path) -> None:
    commands = subcommands(tmp_path)

    commands.run("verify", f"--store=sqlite:///{tmp_path}/no-such.db", ends_with=(2,))

    assert "no-such.db" in said(commands)


def test_a_command_ends_when_it_is_to_stop(tmp_path: Path) -> None:
    commands = subcommands(tmp_path)
    commands.stop.set()
    store = f"--store=sqlite:///{tmp_path}/p.db"

    with pytest.raises(StoppedError, match="What it had made was removed"):
        commands.run("run", "--source=simulator:limit=none", store)


def test_a_command_that_ends_before_it_says_something_is_a_failure(tmp_path: Path) -> None:
    commands = subcommands(tmp_path)

    with (
        commands.running("policy", "--no-such-option") as process,
        pytest.raises(ProfilesError, match=r"`profiles policy` ended with exit code 2"),
    ):
        commands.wait_for("The page is at", process)
