"""Records that an earlier release has published stay readable, and mean what they meant."""

from __future__ import annotations

import json

from profiles.application.ports.stores import DecidingStore
from tests.frozen.log import FrozenLog, as_rows, frozen_rows
from tests.frozen.stores import assert_holds_what_was_frozen


def test_the_frozen_log_still_makes_the_profiles_that_it_made(store: DecidingStore) -> None:
    FrozenLog().apply_to(store)

    assert as_rows(store.profiles()) == frozen_rows()
    assert_holds_what_was_frozen(store)


def test_the_frozen_log_is_of_the_first_schema() -> None:
    messages = [
        json.loads(value)
        for line in FrozenLog().lines
        for _, _, _, value in line.get("records", ())
        if value is not None
    ]

    assert {message["schema"] for message in messages} == {1, 99}
