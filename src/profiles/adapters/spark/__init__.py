"""Apache Spark as an engine: Structured Streaming plans batches, Python workers process them."""

from profiles.adapters.spark.session import SessionSettings, spark_session
from profiles.adapters.spark.stream import BatchProgress, SparkStream, StreamSettings

__all__ = ["BatchProgress", "SessionSettings", "SparkStream", "StreamSettings", "spark_session"]
