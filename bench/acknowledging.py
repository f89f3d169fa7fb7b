"""Stores that only acknowledge, and `profiles process` on them: what the job itself can do.

Everything is done but to write: read, decode, decide, plan each chunk's transaction. Nothing is
encoded for a server and nothing is sent, so neither the servers' work nor the drivers' is in it.
Only the positions are kept, in a file that all processes map into memory: else a reader that gets
a partition of another one would begin anew.

As a script: `acknowledging.py PROCESSES KAFKA TOPIC POSITIONS`; each reader is it, too.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import uuid
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, RLock
from typing import Any, Final, TypeVar

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore
from profiles.adapters.memory.unit_of_work import MemoryUnitOfWork, State
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, Writer
from profiles.application.ports.stores import Following
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.corrections import Corrections
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli.output import run_reader
from profiles.entrypoints.composition import streaming
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.streaming import KafkaSettings, ProcessSettings, consuming
from profiles.entrypoints.processes import reader
from profiles.entrypoints.processes.count import ProcessCount
from profiles.entrypoints.processes.supervision import Readers

T = TypeVar("T")

POSITIONS: Final = "PROFILES_BENCH_POSITIONS"
"""The variable that names the file of positions."""

_POSITION: Final = struct.Struct("<q")
_PARTITIONS: Final = 2_048


class Positions:
    """The position of each partition of one topic, plus one, so that 0 says there is none."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _PARTITIONS * _POSITION.size)

    def __getitem__(self, partition: int) -> int | None:
        (position,) = _POSITION.unpack_from(self._map, partition * _POSITION.size)
        return position - 1 if position else None

    def __setitem__(self, partition: int, position: int) -> None:
        _POSITION.pack_into(self._map, partition * _POSITION.size, position + 1)


class _Unit(MemoryUnitOfWork):
    """A transaction that writes nothing but the position."""

    def __init__(self, state: State, positions: Positions) -> None:
        super().__init__(state)
        self._positions = positions

    def positions_of(self, writers: Collection[Writer]) -> Mapping[Writer, int | None]:
        return {writer: self._positions[writer.partition] for writer in writers}

    def write(
        self,
        *,
        upserts: Mapping[PersonId, tuple[Profile, int]],
        deletions: Collection[PersonId],
        corrections: Mapping[PersonId, Corrections] | None = None,
    ) -> None:
        """Write nothing."""

    def email_domains(self, writer: Writer) -> Mapping[str, int]:  # noqa: ARG002 - the port's
        return {}

    def add_statistics(self, writer: Writer, difference: Statistics) -> None:
        """Count nothing."""

    def quarantine(self, rejected: Sequence[Quarantined]) -> None:
        """Keep nothing."""

    def newest_arrival(self, writer: Writer) -> datetime | None:  # noqa: ARG002 - the port's
        return None

    def advance(
        self,
        writer: Writer,
        *,
        position: int,
        tally: Tally,  # noqa: ARG002 - the port's
        arrivals: Mapping[datetime, int],  # noqa: ARG002 - the port's
        arrivals_until: datetime | None,  # noqa: ARG002 - the port's
    ) -> None:
        self._positions[writer.partition] = position


class _Transactions:
    def __init__(self, state: State, positions: Positions) -> None:
        self._state, self._positions, self._lock = state, positions, RLock()

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        with self._lock:
            return work(_Unit(self._state, self._positions))


class AcknowledgingStore(MemoryDecidingStore):
    """A deciding store that holds nobody."""

    def __init__(self, positions: Positions) -> None:
        super().__init__()
        self._positions = positions
        self.transactions = _Transactions(self._state, positions)

    def position(self, partition: LogPartition) -> int | None:
        """Return the position that all processes know."""
        return self._positions[partition.number]


class AcknowledgingFollower(MemoryFollowingStore):
    """A following store that holds nobody."""

    def follow(self, following: Following) -> None:
        """Write nothing."""

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Return nobody."""
        return iter(())


@contextmanager
def _deciding_store(*_given: Any, **_options: Any) -> Generator[AcknowledgingStore]:  # noqa: ANN401 - not looked at
    yield AcknowledgingStore(Positions(Path(os.environ[POSITIONS])))


@contextmanager
def _following_store(*_given: Any, **_options: Any) -> Generator[AcknowledgingFollower]:  # noqa: ANN401 - not looked at
    yield AcknowledgingFollower(now)


def acknowledge() -> None:
    """Have every job of this process write to stores that only acknowledge."""
    vars(streaming).update(deciding_store=_deciding_store, following_store=_following_store)


def main(processes: int, kafka: str, topic: str, positions: Path) -> None:
    """Take a topic to its end, and print the tally."""
    positions.write_bytes(bytes(_PARTITIONS * _POSITION.size))
    os.environ[POSITIONS] = str(positions)
    settings = ProcessSettings(
        kafka=KafkaSettings(address=kafka, topic=topic),
        stores=read_stores(["mongodb://nowhere/none?replicaSet=rs0", "cassandra://nowhere/none"]),
        group=uuid.uuid4().hex,
        ledger=LedgerSettings(file=positions.with_name("ledger.sqlite")),
    )
    stop = Event()
    if processes == 1:
        with consuming(settings, stop=stop, once=True) as job:
            run_reader(job, stop, once=True)
        return
    program = (sys.executable, __file__, "reader")
    readers = Readers(settings=settings, count=ProcessCount(processes), program=program)
    with readers.opened(once=True, stop=stop) as job:
        run_reader(job, stop, once=True)


if __name__ == "__main__":
    acknowledge()
    if sys.argv[1] == "reader":
        sys.argv.pop(1)
        reader.main()
    else:
        count, kafka, topic, positions = sys.argv[1:]
        main(int(count), kafka, topic, Path(positions))
