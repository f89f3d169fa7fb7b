from __future__ import annotations

from cassandra.policies import RetryPolicy

from profiles.adapters.cassandra import CassandraSettings
from profiles.adapters.cassandra.connection import RepeatedWrites, cluster_at


def test_a_write_that_timed_out_is_sent_once_more_at_the_same_consistency() -> None:
    asked = [RepeatedWrites().on_write_timeout(None, 6, 3, 2, 1, number) for number in (0, 1)]

    assert asked == [(RetryPolicy.RETRY, 6), (RetryPolicy.RETHROW, None)]


def test_a_connection_that_brings_nothing_is_given_up_soon_after_a_request_on_it() -> None:
    settings = CassandraSettings(hosts=("127.0.0.1",), timeout_s=10.0)

    cluster = cluster_at(settings)

    assert cluster.idle_heartbeat_interval < settings.timeout_s
    assert cluster.idle_heartbeat_timeout == settings.timeout_s
