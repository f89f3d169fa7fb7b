from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from profiles.entrypoints.policy import PolicySource

SECRET = "0f1e2d3c" * 8


def test_a_worker_that_stands_elsewhere_finds_the_key_and_is_sent_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of Spark gets the source pickled, and has a working directory of its own."""
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "k1"
    key.touch(mode=0o600)
    key.write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    table = {"email": "pseudonymise", "email_key": "k1", "email_keys": {"k1": "keys/k1"}}
    sent = pickle.dumps(PolicySource.of_table(Path("profiles.toml"), table))
    monkeypatch.chdir(tmp_path / "keys")

    found = pickle.loads(sent).read().pseudonym_key  # noqa: S301 - our own

    assert found.secret == SECRET.encode()
    assert SECRET.encode() not in sent
