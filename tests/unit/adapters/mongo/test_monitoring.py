from __future__ import annotations

import pymongo
import pytest
from pymongo.errors import ServerSelectionTimeoutError
from pymongo.monitoring import TopologyDescriptionChangedEvent

from profiles.adapters.mongo.connection import CONNECT_MS, HEARTBEAT_MS
from profiles.adapters.mongo.monitoring import PrimaryWatch


def test_a_server_that_hangs_is_noticed_within_ten_seconds() -> None:
    assert HEARTBEAT_MS + CONNECT_MS <= 10_000


def test_that_no_primary_answers_is_said_once_and_without_what_is_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = "127.0.0.1:1"  # where nobody listens
    watch = PrimaryWatch(f"{address}/profiles")
    changes: list[TopologyDescriptionChangedEvent] = []

    class Watch(PrimaryWatch):
        def description_changed(self, event: TopologyDescriptionChangedEvent) -> None:
            changes.append(event)

    with (
        pymongo.MongoClient[dict[str, object]](
            f"mongodb://user:secret@{address}/?serverSelectionTimeoutMS=50",
            event_listeners=[Watch("nobody")],
        ) as client,
        pytest.raises(ServerSelectionTimeoutError),
    ):
        client.admin.command("hello")
    for change in changes + changes:
        watch.description_changed(change)

    (line,) = caplog.messages
    assert line.startswith(f"No primary of MongoDB at {address}/profiles answers.")
    assert "secret" not in caplog.text
