"""Apache Kafka as the log: topics, producer, consumer, and the topic of rejected records."""

from profiles.adapters.kafka.consumer import KafkaLog
from profiles.adapters.kafka.lookup import KafkaLogLookup
from profiles.adapters.kafka.producer import KafkaPublisher
from profiles.adapters.kafka.rejected import KafkaRejectedSink, rejected_topic
from profiles.adapters.kafka.topic import DEFAULT_TOPIC, Topic, Topics, TopicSettings

__all__ = [
    "DEFAULT_TOPIC",
    "KafkaLog",
    "KafkaLogLookup",
    "KafkaPublisher",
    "KafkaRejectedSink",
    "Topic",
    "TopicSettings",
    "Topics",
    "rejected_topic",
]
