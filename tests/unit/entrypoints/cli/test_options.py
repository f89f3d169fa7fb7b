"""What is said of an option's value that can't be taken: what is wrong, and where it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.entrypoints.cli import run_command

FIND = ("find", "--store", "sqlite:///absent.db", "--username", "ada")


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Start where no configuration file is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_command(arguments) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_wrong_value_of_the_configuration_file_is_that_files(
    capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    (empty_folder / "profiles.toml").write_text('limit = "many"\n')

    assert said(capsys, *FIND) == (
        "Error: Invalid value for 'limit' in profiles.toml: 'many' is no whole number; write one"
        " from 1 on."
    )


def test_it_is_that_of_the_file_that_was_named(
    capsys: pytest.CaptureFixture[str], empty_folder: Path
) -> None:
    (empty_folder / "other.toml").write_text('[demo]\nrefresh = "soon"\n')

    assert said(capsys, "--config", "other.toml", "demo") == (
        "Error: Invalid value for 'refresh' in other.toml: 'soon' is no duration; write it like"
        " 5s, 500ms or 2m."
    )


def test_a_wrong_value_of_a_variable_is_that_variables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty_folder: Path
) -> None:
    (empty_folder / "profiles.toml").write_text("limit = 5\n")
    monkeypatch.setenv("PROFILES_LIMIT", "many")

    assert "Invalid value for the variable PROFILES_LIMIT: 'many'" in said(capsys, *FIND)


def test_a_wrong_value_of_a_flag_is_that_flags(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFILES_LIMIT", "5")

    assert "Invalid value for '--limit': 'many'" in said(capsys, *FIND, "--limit", "many")


def test_what_is_missing_may_be_given_by_a_variable_as_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "Missing option '--store' (env var: 'PROFILES_STORE')" in said(capsys, "find")


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("2.5", "2.5 is no whole number; write one from 1 on."),
        ("true", "True is no whole number; write one from 1 on."),
        ("0", "0 is too small; write a whole number from 1 on."),
    ],
)
def test_a_number_is_a_whole_one(
    capsys: pytest.CaptureFixture[str], empty_folder: Path, value: str, wrong: str
) -> None:
    (empty_folder / "profiles.toml").write_text(f"limit = {value}\n")

    assert said(capsys, *FIND).endswith(wrong)


def test_a_number_may_have_a_greatest_value(capsys: pytest.CaptureFixture[str]) -> None:
    quarantine = ("quarantine", "--store", "sqlite:///absent.db", "--limit")

    assert said(capsys, *quarantine, "100001").endswith(
        "100001 is too large; write a whole number from 1 to 100,000."
    )
