"""One job in several processes: what they do together, and what the job itself could do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from contenders import Contender, consumer
from figures import Figure
from topic import Filled, fill
from trials import Trial, Trials

PROCESSES = (1, 2, 4)


def measure(trials: Trials, *, persons: int, partitions: int, rounds: int) -> Iterator[Figure]:
    """Run `profiles process` with more and more processes, in turn; the best of each counts."""
    kafka = trials.servers.kafka
    trials.run(consumer(), fill(kafka, min(persons, 20_000), partitions=partitions))  # warms up
    filled = fill(kafka, persons, partitions=partitions)
    for contenders in (
        [consumer(processes=number) for number in PROCESSES],
        [acknowledging(filled, kafka, processes=number) for number in PROCESSES],
    ):
        trials_of: dict[str, list[Trial]] = {}
        for _ in range(rounds):
            for contender in contenders:
                trials_of.setdefault(contender.what, []).append(trials.run(contender, filled))
        one, *_ = map(_fastest, trials_of.values())
        for what, some in trials_of.items():
            yield from _told(what, some, one=one)


def _fastest(trials: Sequence[Trial]) -> Trial:
    return min(trials, key=lambda trial: trial.seconds)


def acknowledging(filled: Filled, kafka: str, *, processes: int) -> Contender:
    """Return `profiles process` with stores that only acknowledge."""
    script = Path(__file__).with_name("acknowledging.py")

    def check(out: str) -> None:
        tally = json.loads(out.splitlines()[-1])
        assert tally["stored"] in (0, filled.adults), f"{filled.adults:,} adults, but {tally}"

    return Contender(
        what=f"the job alone, processes: {processes}",
        starts_as=f"acknowledging, {processes}",
        begins_as=f"acknowledging, {PROCESSES[0]}",
        command=lambda _target, topic, folder: [
            *(sys.executable, str(script), str(processes), kafka, topic),
            str(folder / "positions"),
        ],
        check=check,
    )


def _told(what: str, trials: Sequence[Trial], *, one: Trial) -> Iterator[Figure]:
    """Tell of the fastest run, and what the processor did for a message in the cheapest."""
    fastest, cheapest = _fastest(trials), min(trials, key=lambda trial: trial.cpu_s)
    yield Figure(
        what=f"{what}: processor",
        value=cheapest.cpu_us,
        unit="µs/message",
        note=cheapest.servers_cpu_us,
    )
    yield Figure(
        what=what,
        value=fastest.rate,
        unit="messages/s",
        note=f"{fastest.rate / one.rate:.2f} of one; whole command {fastest.whole_s:.1f} s",
    )
    yield Figure(what=f"{what}: peak memory", value=fastest.peak_mib, unit="MiB")
