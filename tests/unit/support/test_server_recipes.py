from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.services.recipes import MONGOD, find_mongod


def test_another_mongod_can_be_named_to_test_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MONGOD, "mongodb-8.0/bin/mongod")

    assert find_mongod() == Path("mongodb-8.0/bin/mongod")
