"""What Spark itself takes of the processor: the same topic, with a work that does nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from contenders import Contender, consumer, spark
from figures import Figure
from topic import Filled, fill
from trials import Trial, Trials

WAYS = {
    "offsets": "Spark alone, workers read by offsets",
    "arrow": "Spark alone, records handed over in Arrow",
    "java": "Spark alone, records stay in Java",
}


def measure(trials: Trials, *, persons: int, partitions: int, rounds: int) -> Iterator[Figure]:
    """Run `spark`, what Spark itself takes in three ways, and `process`; the cheapest counts."""
    kafka = trials.servers.kafka
    trials.run(consumer(), fill(kafka, min(persons, 20_000), partitions=partitions))  # warms up
    filled = fill(kafka, persons, partitions=partitions)
    ours = spark()
    alone = [_alone(way, kafka, filled) for way in WAYS]
    contenders = [consumer(), *alone] if ours is None else [ours, consumer(), *alone]
    best: dict[str, Trial] = {}
    for _ in range(rounds):
        for contender in contenders:
            trial = trials.run(contender, filled)
            if contender.what not in best or trial.cpu_s < best[contender.what].cpu_s:
                best[contender.what] = trial
    for what, trial in best.items():
        yield Figure(
            what=f"{what}, processor",
            value=trial.cpu_us,
            unit="µs/message",
            note=trial.servers_cpu_us,
        )
        yield Figure(what=f"{what}, peak memory", value=trial.peak_mib, unit="MiB")


def _alone(way: str, kafka: str, filled: Filled) -> Contender:
    script = Path(__file__).with_name("spark_alone.py")

    def check(out: str) -> None:
        read = json.loads(out.splitlines()[-1])["read"]
        assert read in (0, filled.persons), f"{filled.persons:,} messages, but {read:,} read"

    return Contender(
        what=WAYS[way],
        starts_as=f"spark alone, {way}",
        command=lambda _target, topic, folder: [
            *(sys.executable, str(script), way, kafka, topic, str(folder / "checkpoint"))
        ],
        check=check,
    )
