"""The same messages through each job, on the same servers, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contenders import Contender, consumer, drivers_alone, spark, usual
from figures import Figure
from topic import fill
from trials import Trial, Trials

PROCESSOR_AIMS = {"b": 0.27, "c": 0.18}
"""Of `spark` and `process`: what their own processor time is of the usual job's, at most."""
WITH_SERVERS_AIM, DRIVERS_AIM = 0.25, 0.9


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
    yield from _processor(contenders, best)
    for name, trial in best.items():
        yield from _told(contenders[name], trial)
    yield from _ratios(best)


def _processor(contenders: Mapping[str, Contender], best: Mapping[str, Trial]) -> Iterator[Figure]:
    """Tell first what a message costs: it varies less between two runs than the rates do."""
    for name, trial in best.items():
        what = contenders[name].what
        yield Figure(what=f"{what}, processor", value=trial.cpu_us, unit="µs/message")
        if trial.all_cpu_us is not None:
            yield Figure(
                what=f"{what} and servers, processor",
                value=trial.all_cpu_us,
                unit="µs/message",
                note=trial.servers_cpu_us,
            )
    for name, aim in PROCESSOR_AIMS.items():
        if name in best and "a" in best:
            ours, usual_job = best[name], best["a"]
            what = f"{contenders[name].what} / usual job, processor"
            yield _share(what, ours.cpu_us / usual_job.cpu_us, aim)
            if ours.all_cpu_us is not None and usual_job.all_cpu_us is not None:
                share = ours.all_cpu_us / usual_job.all_cpu_us
                yield _share(f"{what}, servers included", share, WITH_SERVERS_AIM)


def _share(what: str, value: float, aim: float) -> Figure:
    return Figure(what=what, value=value, unit="times", aim=aim, lower_is_better=True)


def _told(contender: Contender, trial: Trial) -> Iterator[Figure]:
    whole = "" if contender.times_itself else f"whole command {trial.whole_s:.1f} s"
    yield Figure(
        what=f"{contender.what}, both stores", value=trial.rate, unit="messages/s", note=whole
    )
    yield Figure(what=f"{contender.what}, peak memory", value=trial.peak_mib, unit="MiB")


def _ratios(best: Mapping[str, Trial]) -> Iterator[Figure]:
    for above, below, what, aim in (
        ("b", "a", "profiles spark / usual job, rate", None),
        ("c", "a", "profiles process / usual job, rate", None),
        ("c", "d", "profiles process / two drivers alone, rate", DRIVERS_AIM),
    ):
        if above in best and below in best:
            yield Figure(
                what=what, value=best[above].rate / best[below].rate, unit="times", aim=aim
            )
