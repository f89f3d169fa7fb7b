from __future__ import annotations

from cassandra.policies import RetryPolicy

from profiles.adapters.cassandra.connection import RepeatedWrites


def test_a_write_that_timed_out_is_sent_once_more_at_the_same_consistency() -> None:
    asked = [RepeatedWrites().on_write_timeout(None, 6, 3, 2, 1, number) for number in (0, 1)]

    assert asked == [(RetryPolicy.RETRY, 6), (RetryPolicy.RETHROW, None)]
