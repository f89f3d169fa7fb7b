"""Apache Spark as an engine: Structured Streaming from Kafka, one Arrow pass in Python workers."""

from profiles.adapters.spark.session import SessionSettings, spark_session
from profiles.adapters.spark.stream import Progress, SparkStream, StreamSettings

__all__ = ["Progress", "SessionSettings", "SparkStream", "StreamSettings", "spark_session"]
