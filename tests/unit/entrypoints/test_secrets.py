"""Secrets come from a variable or from a file of their owner's, and are never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.secrets import lend_secret, secret

NAME = "PROFILES_MONGO_PASSWORD"
IN_FILE = "PROFILES_MONGO_PASSWORD_FILE"


def file_of(folder: Path, content: str, mode: int = 0o600) -> str:
    path = folder / "password"
    path.write_text(content, "utf-8")
    path.chmod(mode)
    return str(path)


def test_nothing_set_is_no_secret() -> None:
    assert secret(NAME, {}) is None


def test_a_secret_is_what_a_variable_says() -> None:
    assert secret(NAME, {NAME: " Open sesame "}) == " Open sesame "


@pytest.mark.parametrize("content", ["Öffne dich", "Öffne dich\n", "Öffne dich\r\n"])
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_is_what_a_file_says_but_for_the_end_of_its_line(
    tmp_path: Path, content: str, mode: int
) -> None:
    assert secret(NAME, {IN_FILE: file_of(tmp_path, content, mode)}) == "Öffne dich"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_may_open_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    path = file_of(tmp_path, "Opensesame", mode)

    with pytest.raises(UsageError, match=f"chmod 600 {path}") as refused:
        secret(NAME, {IN_FILE: path})

    assert "Opensesame" not in str(refused.value)


def test_two_places_for_one_secret_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{NAME} and {IN_FILE} are both set; take one out"):
        secret(NAME, {NAME: "a", IN_FILE: file_of(tmp_path, "b")})


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_is_no_secret_by_mistake(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError, match="is empty"):
        secret(NAME, {IN_FILE: file_of(tmp_path, content)})


def test_an_empty_variable_is_not_set() -> None:
    assert secret(NAME, {NAME: "", IN_FILE: ""}) is None


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(UsageError, match=rf"{missing}, named by {IN_FILE}, can't be read"):
        secret(NAME, {IN_FILE: str(missing)})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)

    with pytest.raises(UsageError, match="is no text in UTF-8"):
        secret(NAME, {IN_FILE: str(path)})


def test_a_secret_from_a_file_can_be_lent_to_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IN_FILE, file_of(tmp_path, "Opensesame"))
    monkeypatch.setenv(NAME, "")
    value = secret(NAME)
    assert value is not None

    lend_secret(NAME, value)

    assert os.environ[NAME] == secret(NAME) == "Opensesame"
