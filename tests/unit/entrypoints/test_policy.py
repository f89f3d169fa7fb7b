from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from profiles.entrypoints.policy import PolicySource, policy_file

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


def test_a_policy_written_as_a_file_is_the_same_policy(tmp_path: Path) -> None:
    key = tmp_path / "k1"
    key.touch(mode=0o600)
    key.write_text(SECRET)
    table = {
        "controller": 'Čapek & "Sons" \\ GmbH',
        "minimum_age": 21,
        "minimum_age_in": {"South Korea": 22},
        "email": "pseudonymise",
        "email_key": "k1",
        "email_keys": {"k1": str(key)},
        "drop": ["username"],
        "retention": {"default": "180d", "email": "30d"},
    }
    source = PolicySource.of_table(tmp_path / "profiles.toml", table)
    written = tmp_path / "policy.toml"
    written.write_text(source.text(), "utf-8")

    again = policy_file(written)

    assert again.set_by_operator() == source.set_by_operator()
    assert again.keys == source.keys
    assert policy_file_of(tmp_path, PolicySource()).read() == PolicySource().read()


def policy_file_of(folder: Path, source: PolicySource) -> PolicySource:
    path = folder / "other.toml"
    path.write_text(source.text(), "utf-8")
    return policy_file(path)
