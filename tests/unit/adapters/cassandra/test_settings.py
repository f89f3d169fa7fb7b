from __future__ import annotations

from typing import Any

import pytest

from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.domain.errors import UsageError


@pytest.mark.parametrize(
    "wrong",
    [
        {"keyspace": 'users"; DROP'},
        {"keyspace": ""},
        {"table": "Users"},
        {"table": "u" * 49},
        {"datacentre": "north'"},
        {"replication": 0},
        {"replication": {}},
        {"replication": {"north": 0}},
        {"replication": {"nor'th": 1}},
        {"hosts": ()},
        {"batch_rows": 0},
        {"concurrency": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CassandraSettings(**{"hosts": ("one",), **wrong})


def test_settings_show_no_password() -> None:
    settings = CassandraSettings(hosts=("one",), username="writer", password="hunter2")

    assert "hunter2" not in repr(settings)
    assert settings.address == "cassandra://one:9042/user_keyspace"
