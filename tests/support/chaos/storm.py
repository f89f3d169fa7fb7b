"""Faults of every kind come to every process of a pipeline under load; then all must be right."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event

from tests.support.chaos.load import Load
from tests.support.chaos.plan import Fault, Kind, plan
from tests.support.chaos.site import ErasingSite
from tests.support.chaos.targets import Job, Server, Target
from tests.support.cluster_site import Running, until
from tests.support.services import Service

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What there was, if all is right at the end."""

    seed: int
    faults: Counter[Kind]
    read: int
    held: int
    erased: int

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {self.faults[kind]}" for kind in Kind)
        return (
            f"seed {self.seed}: {self.faults.total()} faults ({kinds}); {self.read:,} records,"
            f" {self.held:,} persons held, {self.erased} erased: both stores, statistics, counts"
            " and ledger are what the rules make of the log"
        )


def storm(
    site: ErasingSite, servers: Iterable[Service], *, seed: int, seconds: float, tell: Tell
) -> Tally:
    """Let a planned storm pass over a site, and check what it leaves.

    tell: is told of each fault, and when it came.
    """
    jobs = _jobs(site, seed)
    until(site.has_begun, *(job.running for job in jobs))
    targets: list[Target] = [*jobs, *map(Server, servers)]
    begun, over = time.monotonic(), Event()

    def log(what: str) -> None:
        tell(f"{time.monotonic() - begun:6.1f} s  {what}")

    faults = plan(seed=seed, seconds=seconds, targets=[target.name for target in targets])
    load = Load(site, seed=seed, over=over, tell=log)
    _let_pass(targets, faults, load, over=over, log=log)
    log("the storm is over")
    _settle(site, jobs, load)
    happened = Counter(fault.kind for fault in faults)
    return Tally(
        seed=seed,
        faults=happened + Counter({Kind.KILL: load.killed}),
        read=site.oracle.counts["read"],
        held=len(site.oracle.held),
        erased=len(load.erased),
    )


def _jobs(site: ErasingSite, seed: int) -> list[Job]:
    source = (
        f"simulator:seed={seed},limit=none,minors=0.1,boundary=0.05,hostile=0.05,duplicates=0.1,"
        "updates=0.2,domains=30"
    )

    def produce() -> Running:  # from the beginning again, each time: late duplicates
        return site.produce(source, once=False, every="400ms")

    return [Job("produce", produce, Running.production), *site.readers()]


def _let_pass(
    targets: Sequence[Target], faults: Sequence[Fault], load: Load, *, over: Event, log: Tell
) -> None:
    """Send faults to each target beside the others; end all of it where anything fails."""
    begun, failed = time.monotonic(), Event()

    def suffer(target: Target) -> None:
        for fault in faults:
            if fault.target == target.name:
                failed.wait(begun + fault.at_s - time.monotonic())
                if failed.is_set():
                    return
                _inflict(fault, target, failed=failed, log=log)

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            failed.set()
            over.set()
            raise

    with ThreadPoolExecutor(len(targets) + 1) as threads:
        sending = threads.submit(guarded, load.run)
        suffering = [threads.submit(guarded, partial(suffer, target)) for target in targets]
        try:
            for each in suffering:
                each.exception()
        except BaseException:  # Ctrl-C
            failed.set()
            raise
        finally:
            over.set()
        for done in [*suffering, sending]:
            done.result()


def _inflict(fault: Fault, target: Target, *, failed: Event, log: Tell) -> None:
    target.check()
    lasting = f" for {fault.lasts_s:.1f} s" if fault.lasts_s else ""
    log(f"{fault.kind:8} {fault.target}{lasting}")
    if fault.kind == Kind.FREEZE:
        target.freeze()
        failed.wait(fault.lasts_s)
        target.thaw()
        return
    if fault.kind == Kind.KILL:
        target.kill()
        failed.wait(fault.lasts_s)
    else:
        target.stop()
    target.start()


def _settle(site: ErasingSite, jobs: Sequence[Job], load: Load) -> None:
    """Let the jobs come to the log's end, and compare everything with the pure rules."""
    produce, *readers = jobs
    for job in jobs:
        job.check()
    produce.stop()
    receipt = site.erasure(*sorted(load.erased)).document()
    assert receipt["complete"]
    site.drain(readers)
    site.oracle.suppress(load.erased)
    site.check()
    verified = site.verification().document()
    (ledger,) = [each for each in verified["checks"] if each["what"] == "erased persons"]
    assert ledger["ok"], ledger["found"]
