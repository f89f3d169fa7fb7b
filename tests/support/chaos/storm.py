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
from tests.support.chaos.rights import Rights
from tests.support.chaos.site import StormSite
from tests.support.chaos.targets import Job, Network, Server, Target
from tests.support.cluster_site import Running, until
from tests.support.networks import Networks
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
    readmitted: int
    restricted: int
    corrected: int

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {self.faults[kind]}" for kind in Kind)
        return (
            f"seed {self.seed}: {self.faults.total()} faults ({kinds}); {self.read:,} records,"
            f" {self.held:,} persons held, {self.erased} erased, {self.readmitted} readmitted,"
            f" {self.restricted} kept apart, {self.corrected} corrected: both stores, statistics,"
            " counts and ledger are what the rules make of the log"
        )


def storm(  # noqa: PLR0913 - what it passes over, and which it is
    site: StormSite,
    servers: Iterable[Service],
    ways: Networks,
    *,
    seed: int,
    seconds: float,
    tell: Tell,
) -> Tally:
    """Let a planned storm pass over a site, and check what it leaves.

    ways: by which the site's commands come to the servers.
    tell: is told of each fault, and when it came.
    """
    jobs = _jobs(site, seed)
    until(site.has_begun, *(job.running for job in jobs))
    processes: list[Target] = [*jobs, *map(Server, servers)]
    between = [Network(name, proxy) for name, proxy in ways.by_name.items()]
    begun, over = time.monotonic(), Event()

    def log(what: str) -> None:
        tell(f"{time.monotonic() - begun:6.1f} s  {what}")

    faults = plan(
        seed=seed,
        seconds=seconds,
        targets=[target.name for target in processes],
        networks=[network.name for network in between],
    )
    load = Load(site, seed=seed, over=over)
    rights = Rights(site, load.persons, seed=seed, over=over, tell=log)
    load.begin(rights.asking)
    beside: list[Callable[[], None]] = [
        partial(load.run, rights.correctable),
        rights.erase_and_readmit,
        rights.restrict,
        rights.correct,
    ]
    _let_pass([*processes, *between], faults, beside, over=over, log=log)
    log("the storm is over")
    _settle(site, jobs, load, rights)
    log("all is settled, and as it has to be")
    happened = Counter(fault.kind for fault in faults)
    return Tally(
        seed=seed,
        faults=happened + Counter({Kind.KILL: rights.killed}),
        read=site.oracle.counts["read"],
        held=len(site.oracle.held),
        erased=len(rights.erased),
        readmitted=len(rights.readmitted),
        restricted=len(rights.restricted),
        corrected=len(site.oracle.corrections),
    )


def _jobs(site: StormSite, seed: int) -> list[Job]:
    source = (
        f"simulator:seed={seed},limit=none,minors=0.1,boundary=0.05,hostile=0.05,duplicates=0.1,"
        "updates=0.2,domains=30"
    )

    def produce() -> Running:  # from the beginning again, each time: late duplicates
        return site.produce(source, once=False, every="400ms")

    return [Job("produce", produce, Running.production), *site.readers()]


def _let_pass(
    targets: Sequence[Target | Network],
    faults: Sequence[Fault],
    beside: Sequence[Callable[[], None]],
    *,
    over: Event,
    log: Tell,
) -> None:
    """Send faults to each target beside the others; end all of it where anything fails."""
    begun, failed = time.monotonic(), Event()

    def suffer(target: Target | Network) -> None:
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

    with ThreadPoolExecutor(len(targets) + len(beside)) as threads:
        others = [threads.submit(guarded, each) for each in beside]
        suffering = [threads.submit(guarded, partial(suffer, target)) for target in targets]
        try:
            for each in suffering:
                each.exception()
        except BaseException:  # Ctrl-C
            failed.set()
            raise
        finally:
            over.set()
        for done in [*suffering, *others]:
            done.result()


def _inflict(fault: Fault, target: Target | Network, *, failed: Event, log: Tell) -> None:
    lasting = f" for {fault.lasts_s:.1f} s" if fault.lasts_s else ""
    log(f"{fault.kind:8} {fault.target}{lasting}")
    if isinstance(target, Network):
        target.begin(fault.kind)
        failed.wait(fault.lasts_s)
        target.end(fault.kind)
        return
    target.check()
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


def _settle(site: StormSite, jobs: Sequence[Job], load: Load, rights: Rights) -> None:
    """Let the jobs come to the log's end, and compare everything with the pure rules."""
    produce, *readers = jobs
    for job in jobs:
        job.check()
    produce.stop()
    rights.settle()
    load.end(rights.back)
    site.drain(readers)
    site.oracle.look()
    site.oracle.suppress(rights.erased)
    site.oracle.restrict(rights.restricted)
    site.check()
    named = site.named(load.persons)
    assert named.suppressed == rights.erased
    assert named.restricted == rights.restricted
    assert site.oracle.faults_apart(site.apart(load.persons)) == Counter()
    verified = site.verification().document()
    (ledger,) = [each for each in verified["checks"] if each["what"] == "erased persons"]
    assert ledger["ok"], ledger["found"]
