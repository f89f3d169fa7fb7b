"""The real command as a process, what it leaves behind, and what it has to leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

from profiles.adapters.jsonl import JsonlSource
from profiles.adapters.simulator import Simulator
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLog
from profiles.application.log import messages
from profiles.domain.assessing import admit, assess
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Rejected
from profiles.domain.person import Person, PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally
from profiles.domain.version import Version
from tests.support.patience import PATIENCE_S

AS_OF = date(2026, 11, 23)

_SOME_DAY = date(1, 1, 1)

_KILL = """
import os, signal
def kill(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
"""
_MAIN = """
import sys
from profiles.entrypoints.cli.running import run_command
sys.exit(run_command())
"""


def killed_program(statements: str) -> Sequence[str]:
    """Make `profiles` a program that kills or stops itself at some point.

    statements: of Python, which have `kill` called there, or send another signal.
    """
    return sys.executable, "-c", f"{_KILL}\n{statements}\n{_MAIN}"


@dataclass(frozen=True)
class State:
    """Everything that one clean run and any sequence of killed ones must have in common.

    Left out is what tells when a run was: times of the log, and `expires_at` where it has been
    checked; the random name of the log; how `stored` and `superseded` divide.
    """

    profiles: dict[PersonId, tuple[Profile, int]]
    statistics: Statistics
    counts: Tally
    quarantine: list[tuple[int, int, Rejected]]
    position: int | None
    log_end: int
    source_position: int


@dataclass(frozen=True)
class Job:
    """`profiles run` over a file, with a store in a folder of its own."""

    source: Path
    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "profiles.db"

    @property
    def log(self) -> Path:
        return self.folder / "log.sqlite"

    def start(self, *, once: bool = True, killed_at: str = "") -> subprocess.Popen[bytes]:
        """Start it; killed_at: Python statements that make it kill itself at some point."""
        program = killed_program(killed_at) if killed_at else (sys.executable, "-m", "profiles")
        command = [*program, "run", f"--as-of={AS_OF}"]
        command += [f"--source={self.source}", f"--store=sqlite:///{self.store}"]
        return subprocess.Popen(
            command + ["--once"] * once,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )

    def finish(self) -> Tally:
        """Run to the end; return the tally that was printed."""
        return ended(self.start())

    def is_through(self) -> bool:
        """Tell whether the source is noted as read to its end."""
        source = JsonlSource(self.source, once=True, stop=Event())
        with closing(SqliteLog.open(self.log, encode=lambda _person: b"")) as log:
            return log.source_position(source.name) == 0 and log.bounds() != (0, 0)

    def state(self) -> State:
        """Read what is there."""
        with (
            closing(SqliteDecidingStore.open(self.store, create=False)) as store,
            closing(SqliteLog.open(self.log, encode=lambda _person: b"")) as log,
        ):
            source = JsonlSource(self.source, once=True, stop=Event())
            return State(
                profiles={p.id: (_dateless(p), version) for p, version in store.profiles()},
                statistics=store.statistics(),
                counts=summed(store.counts()),
                quarantine=[(q.offset, q.ordinal, q.rejected) for q in store.quarantine()],
                position=store.position(log.partition),
                log_end=log.bounds()[1],
                source_position=log.source_position(source.name),
            )


def ended(process: subprocess.Popen[bytes], *, code: int = 0) -> Tally:
    """Wait for a process; return the tally on its last line."""
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, errors.decode()
    return Tally(**json.loads(output.splitlines()[-1]))


def summed(tally: Tally) -> Tally:
    """Add up what may divide in different ways."""
    return replace(tally, stored=tally.stored + tally.superseded, superseded=0)


def _dateless(profile: Profile) -> Profile:
    """Check when a profile expires, and take it out: runs can lie on two sides of midnight."""
    today = datetime.now(UTC).date()
    logged_on = profile.expires_at - DEFAULT_POLICY.retention
    assert today - timedelta(days=1) <= logged_on <= today
    return profile._replace(expires_at=_SOME_DAY)


def write_population(path: Path, *, limit: int, seed: int = 3) -> None:
    """Write a file of persons of every kind: minors, hostile records, duplicates, updates."""
    simulator = Simulator(
        seed=seed,
        limit=limit,
        minors=0.05,
        boundary=0.05,
        hostile=0.03,
        duplicates=0.1,
        updates=0.15,
        domains=30,
        today=AS_OF,
    )
    with path.open("wb") as file:
        for delivery in simulator.deliveries():
            file.writelines(value + b"\n" for value in delivery.values)


def expected(deliveries: Iterable[Sequence[bytes]]) -> State:
    """Work out with the domain alone what a run over a source has to leave behind.

    No store, no log, no chunk: a loop over the records and a dictionary.
    """
    now = datetime.now(UTC)
    times = DecisionDates.of(logged_at=now, read_at=now, as_of=AS_OF)
    held: dict[PersonId, tuple[Profile, int]] = {}
    quarantine: list[tuple[int, int, Rejected]] = []
    counts: dict[str, int] = dict.fromkeys(("read", "stored", "withheld", "rejected"), 0)
    reasons: dict[str, int] = {}
    offset = 0
    for values in deliveries:
        rejected: list[Rejected] = []
        withheld = 0
        for record in _records(values):
            counts["read"] += 1
            outcome = (
                record if isinstance(record, Rejected) else admit(record, DEFAULT_POLICY, times)
            )
            if isinstance(outcome, Person):
                profile = assess(minimise(outcome, DEFAULT_POLICY), DEFAULT_POLICY, times)
                assert isinstance(profile, Profile)
                counts["stored"] += 1
                held[profile.id] = _dateless(profile), Version(1, offset, 0).number()
                offset += 1
                continue
            reasons[outcome.reason.value] = reasons.get(outcome.reason.value, 0) + 1
            if isinstance(outcome, Rejected):
                rejected.append(outcome)
            else:
                withheld += 1
        quarantine += [(offset, ordinal, each) for ordinal, each in enumerate(rejected)]
        counts["withheld"] += withheld
        counts["rejected"] += len(rejected)
        offset += bool(rejected or withheld)
    return State(
        profiles=held,
        statistics=Statistics.recount(profile for profile, _ in held.values()),
        counts=Tally(**counts, reasons=reasons),
        quarantine=quarantine,
        position=offset,
        log_end=offset,
        source_position=0,
    )


def delivered(path: Path) -> Iterator[Sequence[bytes]]:
    """Yield what a file delivers at once."""
    for delivery in JsonlSource(path, once=True, stop=Event()).deliveries():
        yield delivery.values


def _records(values: Sequence[bytes]) -> Iterator[object | Rejected]:
    for value in values:
        records = messages.decode(value)
        if isinstance(records, Rejected):
            yield records
        else:
            assert not records.whole_response
            yield from records.items


_READER = """
import sys
from pathlib import Path
from profiles.adapters.sqlite import SqliteDecidingStore
from threading import Thread, Event
store = SqliteDecidingStore.open(Path(sys.argv[1]), create=False)
done = Event()
Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
reads = 0
print("reading", flush=True)
while True:
    last = done.is_set()
    statistics = store.statistics()
    assert statistics.total == sum(statistics.email_domains.values()), "half a chunk was seen"
    reads += 1
    if last:
        break
store.close()
print(reads, statistics.total)
"""


@contextmanager
def reader(store: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Read the statistics in another process, all the time until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _READER, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        yield process
    finally:
        process.kill()
        process.communicate()
