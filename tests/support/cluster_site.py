"""`profiles produce` and `profiles process` as real processes on real servers.

A site is a topic, a group, a database and a keyspace of names of their own. Each test ends with
`Site.check`: both stores, the statistics and the counts are what the oracle says of the log.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, Topics, ledger_topic
from profiles.adapters.kafka.group_offsets import GroupOffsets
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.sqlite import SqliteLedger
from profiles.application.errors import StoreError
from profiles.application.ingest.produce import Production
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import LedgerWriter
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.ledgers import keyring
from profiles.entrypoints.policy import policy_file
from tests.support import waiting
from tests.support.oracle import Oracle, Place, read
from tests.support.patience import PATIENCE_S

PROFILES = (sys.executable, "-m", "profiles")
NO_COORDINATOR = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
"""What a broker says of groups while the topic of their offsets is still opened."""
CONFIGURATION = "profiles.toml"

Held = Mapping[PersonId, tuple[Profile, int]]


class Addresses(NamedTuple):
    """Where the servers are: HOST:PORT, HOST:PORT, and a URL without a database."""

    kafka: str
    cassandra: str
    mongo: str


class Running:
    """A command of `profiles` as a process; what it prints goes into files."""

    def __init__(
        self,
        command: Iterable[str],
        folder: Path,
        *,
        program: Iterable[str] = PROFILES,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._out, self._err = folder / f"{uuid4().hex}.out", folder / f"{uuid4().hex}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*program, *command],
                cwd=folder,  # where the ledger is kept
                stdout=out,
                stderr=err,
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            )

    @property
    def said(self) -> str:
        """What it has written to standard error so far."""
        return self._err.read_text()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> bool:
        """Kill (signal 9); tell whether it was still running."""
        self.process.kill()
        return self.process.wait(PATIENCE_S) == -signal.SIGKILL

    def died(self) -> bool:
        """Wait for a process that kills itself; tell whether it did."""
        return self.process.wait(PATIENCE_S) == -signal.SIGKILL

    def ask_to_stop(self, number: signal.Signals) -> None:
        """Send a signal; return when it is heard (Linux).

        The next one has its usual effect then; of `produce`, which hears two, it has ended.
        """
        status = Path(f"/proc/{self.process.pid}/status")
        until(lambda: _catches_sigterm(status), self)
        self.process.send_signal(number)
        until(lambda: not self.is_running() or not _catches_sigterm(status))

    def _ended(self, code: int) -> dict[str, Any]:
        assert self.process.wait(PATIENCE_S) == code, self.said
        return dict(json.loads(self._out.read_bytes().splitlines()[-1]))

    def fails(self, code: int, *, saying: str) -> None:
        """Wait for the command, which fails for the reason given, with or without a result."""
        assert self.process.wait(PATIENCE_S) == code, self.said
        assert saying in self.said

    def document(self, *, code: int = 0) -> dict[str, Any]:
        """Wait for the command; return what it printed."""
        return self._ended(code)

    def tally(self, *, code: int = 0) -> Tally:
        """Wait for `process`; return its tally, which adds up."""
        tally = Tally(**self._ended(code))
        tally.check()
        return tally

    def production(self, *, code: int = 0) -> Production:
        """Wait for `produce`; return its counts, which add up."""
        production = Production(**self._ended(code))
        production.check()
        return production


def _catches_sigterm(status: Path) -> bool:
    try:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return False
    return bool(int(fields.get("SigCgt", "0"), 16) & 1 << signal.SIGTERM - 1)


def until(reached: Callable[[], bool], *running: Running) -> None:
    """Wait, looking all the time, until something is reached; all processes have to go on."""

    def look() -> bool:
        if reached():
            return True
        for each in running:
            assert each.is_running(), each.said
        return False

    waiting.until(look, said=lambda: "\n".join(each.said for each in running))


@dataclass
class Site:
    """See the module. `stack` ends what was started, however the test ends.

    ledger: a file; None for a topic of the site's own.
    through: where commands reach the servers, such as by way of proxies; None for the servers.
    """

    servers: Addresses
    folder: Path
    stack: ExitStack
    name: str = field(default_factory=lambda: f"faults_{uuid4().hex[:12]}")
    partitions: int = 4
    ledger: Path | None = None
    through: Addresses | None = None

    @cached_property
    def oracle(self) -> Oracle:
        configured = self.folder / CONFIGURATION
        policy = policy_file(configured).read() if configured.is_file() else DEFAULT_POLICY
        return Oracle(self.servers.kafka, self.name, policy=policy)

    def configure(self, policy: str, *, keys: Mapping[str, str] | None = None) -> None:
        """Set the policy of all commands in their configuration file, with keys beside it."""
        (self.folder / CONFIGURATION).write_text(f"[policy]\n{policy}\n")
        for name, secret in (keys or {}).items():
            key = self.folder / name
            key.touch(mode=0o600)
            key.write_text(secret)

    # Commands

    def produce(self, source: str | Path, *, once: bool = True, every: str = "50ms") -> Running:
        command = [
            "produce",
            f"--every={every}",
            "--results=100",
            f"--source={source}",
            f"--kafka={self.reached.kafka}",
        ]
        command += [f"--topic={self.name}", f"--partitions={self.partitions}"]
        return self._start([*command, *["--once"] * once])

    def process(
        self,
        *,
        group: str = "a",
        once: bool = True,
        options: Iterable[str] = (),
        program: Iterable[str] = PROFILES,
    ) -> Running:
        command = [
            "--debug",
            "process",
            f"--kafka={self.reached.kafka}",
            f"--topic={self.name}",
        ]
        command += [f"--partitions={self.partitions}", f"--group={self.name}-{group}"]
        command += [*self.stores_and_ledger, *options, *["--once"] * once]
        return self._start(command, program=program)

    def verify(self, *options: str) -> Running:
        command = ["--debug", "verify", f"--kafka={self.reached.kafka}", *options]
        return self._start([*command, *self.stores_and_ledger])

    def repair(self) -> Running:
        return self.verify("--repair")

    def apply_policy(self, *, program: Iterable[str] = PROFILES) -> Running:
        command = ["--debug", "apply-policy", f"--kafka={self.reached.kafka}"]
        return self._start([*command, *self.stores_and_ledger], program=program)

    def _start(
        self,
        command: Iterable[str],
        *,
        program: Iterable[str] = PROFILES,
        environment: Mapping[str, str] = os.environ,
    ) -> Running:
        running = Running(command, self.folder, program=program, environment=environment)
        self.stack.callback(running.kill)
        return running

    @property
    def reached(self) -> Addresses:
        """Return where commands reach the servers; who checks them goes there directly."""
        return self.through or self.servers

    def _mongo_url(self, servers: Addresses) -> str:
        base, _, options = servers.mongo.partition("?")
        return f"{base}{self.name}?{options}"

    @property
    def stores(self) -> list[str]:
        """The deciding store and the one that follows."""
        return [self._mongo_url(self.reached), f"cassandra://{self.reached.cassandra}/{self.name}"]

    @property
    def stores_and_ledger(self) -> list[str]:
        return [*(f"--store={url}" for url in self.stores), *self.ledger_options]

    @property
    def ledger_options(self) -> list[str]:
        if self.ledger is not None:
            return [f"--ledger={self.ledger}"]
        return [f"--ledger-topic={self.ledger_topic}", f"--ledger-keys={self.ledger_keys}"]

    @property
    def ledger_topic(self) -> str:
        return f"{self.name}.ledger"

    @property
    def ledger_keys(self) -> Path:
        return self.folder / "ledger.keys"

    def enter(self, action: Action, *persons: PersonId) -> None:
        """Enter persons into the ledger, as another process does."""
        drafts = [Draft(action=action, person=person) for person in persons]
        with ExitStack() as stack:
            writer: LedgerWriter
            if self.ledger is not None:
                keys = keyring(None, self.ledger)
                writer = SqliteLedger.open(self.ledger, keys, applied=0)
                stack.enter_context(closing(writer))
            else:
                keys, topic = keyring(self.ledger_keys, None), ledger_topic(self.ledger_topic)
                address = self.servers.kafka
                opened = KafkaLedger.open(address, topic, keys, applied=0, stop=Event())
                writer = KafkaLedgerWriter(address, stack.enter_context(closing(opened)))
            writer.enter(drafts, at=now())

    # Kafka, by its plain driver

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.servers.kafka})

    def send(
        self, *records: tuple[bytes | None, bytes | None], partition: int | None = None
    ) -> None:
        """Send keys and values as a foreign producer does.

        partition: that of all of them, whatever their keys are.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.servers.kafka,
                "partitioner": "murmur2_random",
                "acks": "all",
                "log_level": 0,  # a test that kills Kafka knows that it is away
            }
        )
        for key, value in records:
            if partition is None:
                producer.produce(self.name, key=key, value=value)
            else:
                producer.produce(self.name, key=key, value=value, partition=partition)
        assert producer.flush(PATIENCE_S) == 0

    def add_partitions(self, total: int) -> None:
        self.admin.create_partitions([NewPartitions(self.name, total)])[self.name].result()
        topics = Topics(self.servers.kafka)
        until(lambda: topics.describe(self.name).partitions == total)

    def make_topic_of_any_time(self) -> None:
        """Make a topic in which producers say when a record was logged, and may say anything."""
        configuration = {
            "message.timestamp.type": "CreateTime",
            "message.timestamp.after.max.ms": str(2**63 - 1),
            "message.timestamp.before.max.ms": str(2**63 - 1),
            "retention.ms": "-1",
        }
        wanted = NewTopic(self.name, num_partitions=self.partitions, config=configuration)
        self.admin.create_topics([wanted])[self.name].result()

    def make_topic_anew(self) -> None:
        self.admin.delete_topics([self.name])[self.name].result()
        wanted = NewTopic(
            self.name,
            num_partitions=self.partitions,
            config={"message.timestamp.type": "LogAppendTime"},
        )

        def made() -> bool:
            return self.admin.create_topics([wanted])[self.name].exception() is None

        until(made)

    @cached_property
    def _looking(self) -> Consumer:
        consumer = Consumer(
            {"bootstrap.servers": self.servers.kafka, "group.id": "look", "log_level": 0}
        )
        self.stack.callback(consumer.close)
        return consumer

    def ends(self) -> dict[int, int]:
        """How many messages each partition of the topic has; none before there is a topic."""
        try:
            topic = self._looking.list_topics(self.name, timeout=PATIENCE_S).topics[self.name]
            return {
                number: self._looking.get_watermark_offsets(
                    TopicPartition(self.name, number), timeout=PATIENCE_S
                )[1]
                for number in topic.partitions
            }
        except KafkaException:
            return {}

    def messages(self) -> Iterator[Message]:
        """All that the topic has, partition by partition."""
        for number in self.ends():
            found, _ = read(self.servers.kafka, self.name, number, 0)
            yield from found

    def logged(self) -> int:
        return sum(self.ends().values())

    def committed(self, *, group: str = "a") -> dict[int, int]:
        """How far a group is, by partition; left out is what it never noted, or has no record."""
        name = f"{self.name}-{group}"
        with closing(GroupOffsets(self.servers.kafka, name, request_s=PATIENCE_S)) as offsets:
            noted = {
                number: offsets.committed(TopicPartition(self.name, number))
                for number in self.ends()
            }
        return {number: offset for number, offset in noted.items() if offset}

    def is_through(self, *, group: str = "a") -> bool:
        """Tell whether a group has noted that all stores have all of the log."""
        ends = {number: end for number, end in self.ends().items() if end}
        return bool(ends) and self.committed(group=group) == ends

    def members(self, *, group: str = "a") -> int:
        """How many readers of a group have partitions, as far as Kafka can tell."""
        name = f"{self.name}-{group}"
        try:
            found = self.admin.describe_consumer_groups([name])[name].result()
        except KafkaException as failure:
            if failure.args[0].code() not in NO_COORDINATOR:
                raise
            return 0
        if found.state != ConsumerGroupState.STABLE:
            return 0
        return sum(1 for each in found.members if each.assignment.topic_partitions)

    # The stores

    @cached_property
    def mongo(self) -> MongoDecidingStore:
        store = MongoDecidingStore.open(self._mongo_url(self.servers), self.name, create=False)
        self.stack.callback(store.close)
        return store

    @cached_property
    def cassandra(self) -> CassandraFollowingStore:
        host, _, port = self.servers.cassandra.rpartition(":")
        place = CassandraSettings(
            hosts=(host,), port=int(port), keyspace=self.name, timeout_s=PATIENCE_S
        )
        return self.stack.enter_context(
            CassandraFollowingStore.open(place, clock=now, create=False)
        )

    def decided(self) -> int:
        """How many persons MongoDB has decided about; 0 before there is a store."""
        try:
            return self.mongo.counts().read
        except (UsageError, StoreError):
            return 0

    def followed(self) -> int:
        """How many rows Cassandra has; 0 before there is a table."""
        try:
            return sum(1 for _ in self.cassandra.profiles())
        except (UsageError, StoreError):
            return 0

    # What must be true at the end

    def finish(self, *, group: str = "a") -> Tally:
        """Process to the log's end, and check all there is; return the last tally."""
        tally = self.process(group=group).tally()
        self.check(group=group)
        return tally

    def check(self, *, group: str = "a") -> None:
        """Compare both stores, statistics, counts, positions and rejections with the oracle."""
        oracle, mongo = self.oracle, self.mongo
        oracle.look()
        held = {profile.id: (profile, version) for profile, version in mongo.profiles()}
        followed = {p.id: (p, version) for p, version in self.cassandra.profiles()}
        assert differences(held, oracle.held) == Counter()
        assert differences(followed, oracle.held) == Counter()
        assert len(oracle.held) > 0

        assert mongo.statistics() == Statistics.recount(p for p, _ in held.values())
        assert mongo.statistics() == Statistics.recount(p for p, _ in oracle.held.values())

        counts = mongo.counts()
        counts.check()
        for name in ("withheld", "rejected", "erased"):
            assert getattr(counts, name) == oracle.counts[name], name
        assert counts.reasons == oracle.reasons
        assert counts.read >= oracle.counts["read"]  # what is read again counts again

        for (topic_id, number), end in oracle.ends.items():
            position = mongo.position(LogPartition(topic_id, number))
            assert position == (end or None), (number, position, end)
        assert self.is_through(group=group), (self.committed(group=group), self.ends())

        quarantined = {
            Place(q.partition.topic_id, q.partition.number, q.offset, q.ordinal): q.rejected
            for q in mongo.quarantine()
        }
        assert quarantined == oracle.rejected
        assert self._told() == {
            place: (why.reason.value, why.path, why.expected)
            for place, why in oracle.rejected.items()
        }

    def _told(self) -> dict[Place, tuple[str, str, str]]:
        """Read the topic of rejected records, in which one may stand more than once."""
        told = {}
        found, _ = read(self.servers.kafka, f"{self.name}.rejected", 0, 0)
        for message in found:
            entry = json.loads(message.value() or b"")
            place = Place(*(entry[name] for name in ("topic_id", "partition", "offset", "ordinal")))
            told[place] = entry["reason"], entry["path"], entry["expected"]
        return told


def differences(found: Held, expected: Held) -> Counter[str]:
    """Count what differs, by kind: no person is shown where a test fails."""
    kinds: Counter[str] = Counter()
    for person in found.keys() | expected.keys():
        if person not in found:
            kinds["missing"] += 1
        elif person not in expected:
            kinds["not to be held"] += 1
        elif found[person][1] != expected[person][1]:
            older = found[person][1] < expected[person][1]
            kinds["an older version" if older else "a newer version"] += 1
        elif found[person] != expected[person]:
            kinds["another content"] += 1
    return kinds
