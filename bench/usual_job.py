"""The usual Spark job: JSON functions, column expressions, connectors in append mode.

Written as tutorials write it, for Spark 3.5, the newest that both connectors exist for; it runs in
an environment of its own and knows nothing of `profiles`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

PACKAGES = (
    "org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",
    "com.datastax.spark:spark-cassandra-connector_2.12:3.5.1",
    "org.mongodb.spark:mongo-spark-connector_2.12:10.5.0",
)
CASSANDRA = "org.apache.spark.sql.cassandra"


def texts(*names: str) -> StructType:
    """Return an object of texts."""
    return StructType([StructField(name, StringType()) for name in names])


PERSON = StructType(
    [
        StructField("gender", StringType()),
        StructField("name", texts("title", "first", "last")),
        StructField(
            "location",
            StructType(
                [
                    StructField("street", texts("number", "name")),
                    *texts("city", "state", "country", "postcode").fields,
                ]
            ),
        ),
        StructField("email", StringType()),
        StructField("login", texts("uuid", "username")),
        StructField("dob", texts("date")),
        StructField("registered", texts("date")),
        StructField("nat", StringType()),
    ]
)
RESPONSE = StructType([StructField("results", ArrayType(PERSON))])


def age() -> Column:
    """Count full years."""
    months = f.months_between(f.current_date(), f.to_date(f.col("p.dob.date").substr(1, 10)))
    return f.floor(months / 12).cast("int")


def users(messages: DataFrame) -> DataFrame:
    """Turn messages into rows of adults."""
    street = f.concat_ws(" ", "p.location.street.number", "p.location.street.name")
    town = f.concat_ws(" ", "p.location.postcode", "p.location.city")
    persons = messages.select(
        f.explode(f.from_json(f.col("value").cast("string"), RESPONSE)["results"]).alias("p")
    )
    return persons.select(
        f.col("p.login.uuid").alias("id"),
        f.col("p.login.username").alias("username"),
        f.col("p.gender").alias("gender"),
        f.col("p.name.title").alias("title"),
        f.concat_ws(" ", "p.name.first", "p.name.last").alias("full_name"),
        f.concat_ws(", ", street, town, "p.location.state", "p.location.country").alias(
            "full_address"
        ),
        f.col("p.location.city").alias("city"),
        f.col("p.location.country").alias("country"),
        f.col("p.nat").alias("nationality"),
        f.col("p.email").alias("email"),
        age().alias("age"),
        f.to_date(f.col("p.registered.date").substr(1, 10)).alias("registered_on"),
    ).filter(f.col("age") >= 18)  # noqa: PLR2004 - a tutorial's number


def main() -> None:
    """Read the topic to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kafka", "topic", "cassandra", "mongo", "name", "checkpoint", "ivy"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--master", default="local[*]")
    given = parser.parse_args()
    host, _, port = given.cassandra.rpartition(":")
    spark = (
        SparkSession.builder.appName("usual job")
        .master(given.master)
        .config("spark.jars.packages", ",".join(PACKAGES))
        .config("spark.jars.ivy", given.ivy)
        .config("spark.driver.memory", "2g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.cassandra.connection.host", host)
        .config("spark.cassandra.connection.port", port)
        .getOrCreate()
    )
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", given.kafka)
        .option("subscribe", given.topic)
        .option("startingOffsets", "earliest")
        .load()
    )

    table = {"keyspace": given.name, "table": "users"}
    collection = {
        "connection.uri": given.mongo,
        "database": given.name,
        "collection": "users",
    }

    def to_mongo(batch: DataFrame, _number: int) -> None:
        batch.write.format("mongodb").options(**collection).mode("append").save()

    rows = users(messages)
    in_cassandra = rows.writeStream.format(CASSANDRA).options(**table).outputMode("append")
    writers = [in_cassandra, rows.writeStream.foreachBatch(to_mongo)]
    queries = [
        writer.option("checkpointLocation", f"{given.checkpoint}-{number}")
        .trigger(availableNow=True)
        .start()
        for number, writer in enumerate(writers)
    ]
    for query in queries:
        query.awaitTermination()
    spark.stop()


if __name__ == "__main__":
    main()
