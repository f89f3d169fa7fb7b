"""A cluster inside librdkafka, which answers with the errors that a test asks it for.

The library has it for its own tests. It speaks Kafka's protocol on ports of this machine, starts in
a few milliseconds, and knows groups, topics and their records; it can make no topic by request.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import cimpl

FETCH: Final = 1
LIST_OFFSETS: Final = 2
OFFSET_COMMIT: Final = 8
OFFSET_FETCH: Final = 9
"""Kafka's numbers of requests."""
REQUEST_TIMED_OUT: Final = 7
"""An error, for which the library asks twice more by itself."""

_CONTROLLER: Final = 0  # the number that it names as its controller, without having such a broker
_OTHER: Final = 1
_PRODUCER: Final = 0
_ERROR_BYTES: Final = 512


def _library() -> ctypes.CDLL:
    """Load the librdkafka that the driver itself uses: its symbols are found through the driver."""
    library = ctypes.CDLL(cimpl.__file__)
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    number, short = ctypes.c_int, ctypes.c_int16
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, ()),
        ("rd_kafka_conf_set", number, (pointer, text, text, text, size)),
        ("rd_kafka_new", pointer, (number, pointer, text, size)),
        ("rd_kafka_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_new", pointer, (pointer, number)),
        ("rd_kafka_mock_cluster_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_bootstraps", text, (pointer,)),
        ("rd_kafka_mock_broker_add", number, (pointer, ctypes.c_int32)),
        ("rd_kafka_mock_broker_set_rtt", number, (pointer, ctypes.c_int32, number)),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, (pointer, ctypes.c_int32)),
        ("rd_kafka_mock_topic_create", number, (pointer, text, number, number)),
        (
            "rd_kafka_mock_push_request_errors_array",
            None,
            (pointer, short, size, ctypes.POINTER(number)),
        ),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """Two brokers, of which one is the controller and the other all else; see `mock_cluster`."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library = library
        self._cluster = cluster

    @property
    def address(self) -> str:
        """HOST:PORT, and another after a comma."""
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def make(self, topic: str, *, partitions: int) -> None:
        made = self._library.rd_kafka_mock_topic_create(
            self._cluster, topic.encode(), partitions, 1
        )
        assert made == 0

    def wait_for_members(self, milliseconds: int) -> None:
        """Wait so long for more readers before a new group's first one gets its share."""
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, milliseconds)

    def answer_after(self, milliseconds: int) -> None:
        """Answer each request so much later from now on."""
        for broker in (_CONTROLLER, _OTHER):
            assert (
                self._library.rd_kafka_mock_broker_set_rtt(self._cluster, broker, milliseconds) == 0
            )

    def answer(self, request: int, *codes: int) -> None:
        """Answer the next requests of a kind with these errors, one each."""
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(codes), (ctypes.c_int * len(codes))(*codes)
        )


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    """Start a cluster, and stop it at the end."""
    library = _library()
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    settings = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(settings, b"log_level", b"0", error, _ERROR_BYTES)
    client = library.rd_kafka_new(_PRODUCER, settings, error, _ERROR_BYTES)
    assert client, error.value
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    assert library.rd_kafka_mock_broker_add(cluster, _CONTROLLER) == 0
    try:
        mock = MockCluster(library, cluster)
        mock.wait_for_members(0)
        yield mock
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(client)
