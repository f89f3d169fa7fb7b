"""How cost and memory grow: with the messages, and with Spark's cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contenders import consumer, spark
from figures import Figure
from topic import fill
from trials import Trials

CORES = (1, 2, 4)


def measure(
    trials: Trials, *, sizes: Sequence[int], at_cores: int, partitions: int
) -> Iterator[Figure]:
    """Run our jobs over more and more messages, and Spark with more cores over `at_cores`."""
    kafka = trials.servers.kafka
    jobs = [job for job in (consumer(), spark()) if job is not None]
    for persons in sizes:
        filled = fill(kafka, persons, partitions=partitions)
        for job in jobs:
            trial = trials.run(job, filled)
            what = f"{job.what}, {persons:,} messages"
            yield Figure(what=what, value=trial.rate, unit="messages/s")
            yield Figure(what=f"{what}: CPU", value=trial.cpu_us, unit="µs/message")
            yield Figure(what=f"{what}: peak memory", value=trial.peak_mib, unit="MiB")
    with_cores = [job for job in map(spark, CORES if len(jobs) > 1 else ()) if job is not None]
    if not with_cores:
        return
    filled = fill(kafka, at_cores, partitions=partitions)
    for job in with_cores:
        trial = trials.run(job, filled)
        yield Figure(what=job.what, value=trial.rate, unit="messages/s")
        yield Figure(what=f"{job.what}: CPU", value=trial.cpu_us, unit="µs/message")
