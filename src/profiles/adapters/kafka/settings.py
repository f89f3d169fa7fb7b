"""What each kind of client sets, beside how the cluster is reached (see `connection`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MESSAGE_BYTES: Final = 10_000_000
"""The largest message that is published: key, value and the driver's 50 bytes (decision 0080)."""

TOPIC_MESSAGE_BYTES: Final = 10 * 1024 * 1024
"""What a topic has to let in for that: Kafka counts the batch around the messages, too."""

CRITICAL: Final = 2  # of syslog: the library's own lines say what ours say

EVERY_CLIENT: Final[Mapping[str, Any]] = {
    "log_level": CRITICAL,
    "reconnect.backoff.max.ms": 2_000,  # back soon after a restart, where the default is 10 s
    # A connection that a firewall has forgotten brings nothing, and no error either: it is given up
    # after so long, where the default is a minute (decision 0272).
    "socket.timeout.ms": 15_000,
}
"""All of them."""

GROUP_READER: Final[Mapping[str, Any]] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # records that are gone are told of, never passed over
    "enable.partition.eof": True,  # tells the end also where the last offsets hold no record
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    # All partitions are given up before any is taken: `begin` then speaks for all of them.
    "partition.assignment.strategy": "range",
    "session.timeout.ms": 10_000,  # so long is waited for a killed reader; the default is 45 s
    "topic.metadata.refresh.interval.ms": 10_000,  # new partitions are seen this soon
    "queued.max.messages.kbytes": 32_768,
    "fetch.wait.max.ms": 100,
}
"""A reader of a topic as one of a group."""

LEDGER_READER: Final[Mapping[str, Any]] = {
    "group.id": "profiles-ledger",  # the driver wants one; nothing is shared and nothing noted
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # entries that are gone are told of, never passed over
    "enable.partition.eof": True,  # tells the end also where the last offsets hold no entry
    "isolation.level": "read_committed",  # an entry counts once those entered with it do
    "allow.auto.create.topics": False,
    "queued.max.messages.kbytes": 16_384,
    "fetch.wait.max.ms": 5,  # behind an entry is its transaction's end, and the library tells of
    # the topic's end only once a request has brought nothing
}
"""The reader of the erasure ledger."""

LEDGER_END: Final[Mapping[str, Any]] = {
    "group.id": "profiles-ledger",
    "enable.auto.commit": False,
    "isolation.level": "read_uncommitted",
    "allow.auto.create.topics": False,
}
"""Who asks where the ledger ends with what is not committed."""

LOOKUP: Final[Mapping[str, Any]] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    # What the library has fetched beyond the range is thrown away: so it fetches little ahead,
    # and looks often whether there is room for more.
    "queued.max.messages.kbytes": 8_192,
    "fetch.queue.backoff.ms": 20,
    # The next range waits for the request that was under way at the end of the last.
    "fetch.wait.max.ms": 5,
}
"""Who reads by position, in no group."""

OFFSETS_READER: Final[Mapping[str, Any]] = {
    "enable.auto.commit": False,
    "allow.auto.create.topics": False,
}
"""Who asks for a group's offsets, and joins nothing."""

PRODUCER: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,  # no doubles by its own retries, and in order
    "acks": "all",
    "compression.type": "zstd",
    "partitioner": "murmur2_random",  # as Java clients do, so that a person stays in one partition
    # A message is given up by `flush` and by nothing else: a broker may be away for long.
    "message.timeout.ms": 0,
    "linger.ms": 5,
    "message.max.bytes": MESSAGE_BYTES,  # of one alone: a batch of many ends at 1 MB
    "queue.buffering.max.messages": 50_000,
    "queue.buffering.max.kbytes": 65_536,
}
"""Who publishes persons and rejected records."""

LEDGER_WRITER: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 0,
    # Kafka ends the transaction of whoever is killed; the next writer does so before.
    "transaction.timeout.ms": 20_000,
}
"""Who enters something into the erasure ledger."""

SEARCH: Final[Mapping[str, Any]] = {
    **LOOKUP,
    "auto.offset.reset": "earliest",  # what is deleted meanwhile is passed over
    "queued.max.messages.kbytes": 32_768,
}
"""Who reads a whole topic once, in no group."""
