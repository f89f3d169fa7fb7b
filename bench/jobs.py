"""The same messages through each job, on the same servers, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contenders import Contender, consumer, drivers_alone, spark, usual
from figures import Figure
from topic import fill
from trials import Trial, Trials

SPARK_AIM, CONSUMER_AIM, DRIVERS_AIM = 4.0, 5.0, 0.8


def measure(trials: Trials, *, persons: int, partitions: int, rounds: int) -> Iterator[Figure]:
    """Run every job over the same topic, in turn; of several rounds each job's fastest counts."""
    entrants = {
        "a": usual(),
        "b": spark(),
        "c": consumer(),
        "d": drivers_alone(),
    }
    contenders = {name: entrant for name, entrant in entrants.items() if entrant is not None}
    kafka = trials.servers.kafka
    warm = fill(kafka, min(persons, 20_000), partitions=partitions)
    for name in ("d", "c"):  # the servers' compilers learn from use
        trials.run(contenders[name], warm)
    filled = fill(kafka, persons, partitions=partitions)
    best: dict[str, Trial] = {}
    for _ in range(rounds):
        for name, contender in contenders.items():
            trial = trials.run(contender, filled)
            if name not in best or trial.seconds < best[name].seconds:
                best[name] = trial
    for name, trial in best.items():
        yield from _told(contenders[name], trial)
    yield from _ratios(best)


def _told(contender: Contender, trial: Trial) -> Iterator[Figure]:
    what = contender.what
    whole = "" if contender.times_itself else f"whole command {trial.whole_s:.1f} s"
    servers = ", ".join(f"{name} {taken:.1f}" for name, taken in trial.servers_cpu_s.items())
    yield Figure(what=f"{what}, both stores", value=trial.rate, unit="messages/s", note=whole)
    yield Figure(what=f"{what}, CPU", value=trial.cpu_s, unit="s", note=servers)
    yield Figure(what=f"{what}, peak memory", value=trial.peak_mib, unit="MiB")


def _ratios(best: Mapping[str, Trial]) -> Iterator[Figure]:
    for above, below, what, aim in (
        ("b", "a", "profiles spark / usual job", SPARK_AIM),
        ("c", "a", "profiles process / usual job", CONSUMER_AIM),
        ("c", "d", "profiles process / two drivers alone", DRIVERS_AIM),
    ):
        if above in best and below in best:
            yield Figure(
                what=what, value=best[above].rate / best[below].rate, unit="times", aim=aim
            )
