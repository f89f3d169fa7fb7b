from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from profiles.entrypoints.composition.ledgers import LedgerSettings, keyring
from profiles.entrypoints.ledger_keys import KeyFile, NoKeyFile


@pytest.mark.parametrize(
    ("named", "file", "found"),
    [
        (None, "data/ledger.sqlite", KeyFile(Path("data/ledger.keys"))),
        (None, "data/erased", KeyFile(Path("data/erased.keys"))),
        (None, "data/ledger.keys", KeyFile(Path("data/ledger.keys.keys"))),
        ("own.keys", "data/ledger.sqlite", KeyFile(Path("own.keys"))),
        ("own.keys", None, KeyFile(Path("own.keys"))),
        (None, None, NoKeyFile()),
    ],
)
def test_keys_are_where_they_are_named_or_else_beside_the_ledgers_file(
    named: str | None, file: str | None, found: object
) -> None:
    assert keyring(named and Path(named), file and Path(file)) == found  # type: ignore[arg-type]  # no empty text here


def test_processes_with_another_working_directory_get_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mounted").mkdir()
    (tmp_path / "own.keys").symlink_to("mounted/ledger.keys")

    sent = LedgerSettings(
        file=Path("ledger.sqlite"), keys=Path("own.keys"), accept_new=True
    ).for_others()

    assert pickle.loads(pickle.dumps(sent)) == LedgerSettings(  # noqa: S301 - our own
        file=tmp_path / "ledger.sqlite", keys=tmp_path / "own.keys"
    )
    assert LedgerSettings().for_others() == LedgerSettings()
