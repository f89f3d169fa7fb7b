"""The keys of the erasure ledger lie in a file of their owner's, and are never shown."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import stat
from pathlib import Path

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.ledger_keys import KeyFile, NoKeyFile

FIRST = "correct-horse-battery-staple-0001"
SECOND = "correct-horse-battery-staple-0002"


def key_file(folder: Path, content: str, mode: int = 0o600) -> KeyFile:
    path = folder / "ledger.keys"
    path.write_text(content, "utf-8")
    path.chmod(mode)
    return KeyFile(path)


def made(path: Path) -> tuple[str, bytes]:
    """Make a key file, or find it made; return the key that there is."""
    file = KeyFile(path)
    file.make()
    (key,) = file.read()
    return key.id, key.secret


def test_a_file_that_is_not_there_has_no_keys(tmp_path: Path) -> None:
    assert KeyFile(tmp_path / "ledger.keys").read() == ()


def test_keys_are_read_in_the_order_of_their_lines(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"2025 {FIRST}\n2024 {SECOND}\n")

    keys = file.read()

    assert [(key.id, key.secret.decode()) for key in keys] == [("2025", FIRST), ("2024", SECOND)]


@pytest.mark.parametrize(
    "content",
    [
        f"# of 2026\nk1 {FIRST}\n",
        f"\n  # indented, too\n\nk1 {FIRST}\n\n",
        f"k1 {FIRST}",
        f"  k1 \t {FIRST}  \r\n",
    ],
)
def test_comments_and_what_is_blank_are_passed_over(tmp_path: Path, content: str) -> None:
    (key,) = key_file(tmp_path, content).read()

    assert (key.id, key.secret.decode()) == ("k1", FIRST)


@pytest.mark.parametrize(
    "line", [FIRST, "k1", "k1 too-short", f"kéy {FIRST}", f"{FIRST} {FIRST}x", f"k:1 {FIRST}"]
)
def test_a_line_of_another_form_is_named_by_its_number_and_not_repeated(
    tmp_path: Path, line: str
) -> None:
    file = key_file(tmp_path, f"# comment\nk0 {SECOND}\n{line}\n")

    with pytest.raises(UsageError, match="line 3 has another form than an id") as refused:
        file.read()

    assert not any(word in str(refused.value) for word in line.split() if word != "k1")
    assert refused.value.__cause__ is None


def test_two_keys_of_one_id_are_refused(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"k1 {FIRST}\nk2 {SECOND}\nk1 {SECOND}\n")

    with pytest.raises(UsageError, match="line 3 has the id of an earlier key") as refused:
        file.read()

    assert SECOND not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_open_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, f"k1 {FIRST}\n", mode)

    with pytest.raises(UsageError, match=f"run chmod 600 {file.path}") as refused:
        file.read()

    assert FIRST not in str(refused.value)


def test_a_path_on_which_no_file_can_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't be read \(Is a directory\)"):
        KeyFile(tmp_path).read()


def test_a_first_key_is_made_that_nobody_else_may_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger.keys"

    with caplog.at_level(logging.WARNING):
        name, secret = made(path)

    assert name == "k1"
    assert len(secret) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.keys"]
    assert f"Made {path} with the first key of the erasure ledger" in caplog.text
    assert secret.decode() not in caplog.text


def test_no_two_keys_that_are_made_are_the_same(tmp_path: Path) -> None:
    assert made(tmp_path / "a.keys") != made(tmp_path / "b.keys")


def test_a_file_that_is_there_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = key_file(tmp_path, "# nothing yet\n")

    file.make()

    assert file.path.read_text() == "# nothing yet\n"
    assert caplog.text == ""


def test_processes_that_make_it_at_once_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.keys"
    with multiprocessing.get_context("spawn").Pool(2) as processes:
        found = processes.map(made, [path] * 20, chunksize=1)

    assert len(set(found)) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.keys"]


def test_a_file_in_no_folder_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "ledger.keys"

    with pytest.raises(UsageError, match=rf"{path}, .*can't be made \(No such file or directory"):
        KeyFile(path).make()


def test_what_travels_to_another_process_is_the_path_alone(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"k1 {FIRST}\n")
    file.read()

    travelling = pickle.dumps(file)

    assert FIRST.encode() not in travelling
    assert pickle.loads(travelling) == file  # noqa: S301 - our own


def test_where_no_file_is_named_there_is_no_key_and_none_is_made() -> None:
    nowhere = NoKeyFile()

    nowhere.make()

    assert nowhere.read() == ()
    assert "--ledger-keys" in nowhere.name
