"""Apache Kafka as the log: topics, producer, consumer, rejected records, and the erasure ledger."""

from profiles.adapters.kafka.cluster import DEFAULT_MECHANISM, MECHANISMS, Cluster
from profiles.adapters.kafka.consumer import KafkaLog
from profiles.adapters.kafka.ledger import DEFAULT_LEDGER, KafkaLedger, ledger_topic
from profiles.adapters.kafka.ledger_migration import bring_forward as bring_ledger_forward
from profiles.adapters.kafka.ledger_writer import KafkaLedgerWriter
from profiles.adapters.kafka.lookup import KafkaLogLookup
from profiles.adapters.kafka.probe import KafkaProbe
from profiles.adapters.kafka.producer import KafkaPublisher
from profiles.adapters.kafka.rejected import KafkaRejectedSink, rejected_topic
from profiles.adapters.kafka.search import KafkaSearch
from profiles.adapters.kafka.topic import DEFAULT_TOPIC, Topic, Topics, TopicSettings

__all__ = [
    "DEFAULT_LEDGER",
    "DEFAULT_MECHANISM",
    "DEFAULT_TOPIC",
    "MECHANISMS",
    "Cluster",
    "KafkaLedger",
    "KafkaLedgerWriter",
    "KafkaLog",
    "KafkaLogLookup",
    "KafkaProbe",
    "KafkaPublisher",
    "KafkaRejectedSink",
    "KafkaSearch",
    "Topic",
    "TopicSettings",
    "Topics",
    "bring_ledger_forward",
    "ledger_topic",
    "rejected_topic",
]
