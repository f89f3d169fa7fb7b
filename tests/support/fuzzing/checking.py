"""What must be true of every message: no reader fails, all agree, all count, costs are bounded.

They are read one by one by all readers, and as chunks taken in by a deciding store in memory.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as clock_time
from typing import Final

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.log import messages
from profiles.application.log.deciding import Chunk, Entry, Rules, decide_chunk
from profiles.application.log.messages import Decode
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.log.unwrapping import Envelope, unwrapping
from profiles.domain.outcome import Erased, Rejected, Withheld
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.fuzzing.mutations import TODAY, Mutation
from tests.support.fuzzing.values import MARKER

NOW: Final = datetime.combine(TODAY, clock_time(12), UTC)
CHUNK: Final = 500
CHUNKS_OF_A_STORE: Final = 20
FAST: Final[Sequence[Decode]] = (codec.decode, codec.decode_for_deciding)
LIMIT_S: Final = 2.0
"""Processor time that reading and deciding a message may take: 1,000 times of what most need."""
LIMIT_MB: Final = 300
"""By how much memory may grow, however many messages there are."""


class Failure(AssertionError):  # noqa: N818 - it is what was found, and no error of the program
    """Something is not true of a mutation."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"Mutation {number}: {what}")
        self.number = number


@dataclass(slots=True)
class Findings:
    """What was seen of all mutations.

    slowest_s, slowest: processor time and number of the message that took longest.
    """

    mutations: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest: int = -1
    grown_mb: float = 0.0


@dataclass(slots=True, frozen=True)
class _Readers:
    """The rule and the fast ways, for messages in one kind of envelope or none."""

    rule: Rules
    fast: Sequence[Rules]

    @classmethod
    def of(cls, envelope: Envelope | None, fast: Sequence[Decode]) -> _Readers:
        rule, *others = (
            Rules(policy=DEFAULT_POLICY, decode=unwrapping(envelope, decode))
            for decode in (messages.decode, *fast)
        )
        return cls(rule, others)

    def read(self, mutation: Mutation, offset: int) -> Chunk:
        """Read a message in all ways; return what comes of it."""
        by_rule = _decided(mutation, offset, self.rule)
        for rules in self.fast:
            by_fast = _decided(mutation, offset, rules)
            if (by_rule.read, by_rule.entries) != (by_fast.read, by_fast.entries):
                raise Failure(mutation.number, "the fast reader and the rule disagree")
        return by_rule


def _decided(mutation: Mutation, offset: int, rules: Rules) -> Chunk:
    record = LogRecord(offset=offset, logged_at=NOW, value=mutation.message)
    return decide_chunk(
        LogPartition("fuzz"), [record], start=offset, end=offset + 1, rules=rules, read_at=NOW
    )


def examine(mutations: Iterable[Mutation], *, fast: Sequence[Decode] = FAST) -> Findings:
    """Examine mutations.

    fast: the readers that are compared with the rule.

    Raises:
        Failure: something is not true of one.
    """
    examination = _Examination(fast)
    for mutation in mutations:
        examination.take(mutation)
    examination.apply()
    return examination.findings


class _Examination:
    """An examination under way, with the messages that the store has not taken in yet."""

    def __init__(self, fast: Sequence[Decode]) -> None:
        self.findings = Findings()
        self._plain = _Readers.of(None, fast)
        self._opening = [_Readers.of(envelope, fast) for envelope in Envelope]
        self._memory_mb = _memory_mb()
        self._store = MemoryDecidingStore()
        self._waiting: list[Chunk] = []
        self._offset = 0
        self._number = 0

    def take(self, mutation: Mutation) -> None:
        """Examine one message."""
        self._number = mutation.number
        began = time.thread_time()
        chunk = self._read(mutation)
        took_s = time.thread_time() - began
        self._look(mutation, chunk.entries)
        self._check_cost(took_s)
        self._waiting.append(chunk)
        self._offset += 1
        if len(self._waiting) == CHUNK:
            self.apply()

    def _read(self, mutation: Mutation) -> Chunk:
        try:
            if mutation.kind not in {"person", "response"}:
                for readers in self._opening:
                    readers.read(mutation, self._offset)
            return self._plain.read(mutation, self._offset)
        except Failure:
            raise
        except Exception as error:
            what = f"a reader failed ({type(error).__name__})"
            raise Failure(mutation.number, what) from error

    def _look(self, mutation: Mutation, entries: Iterable[Entry]) -> None:
        """Count what became of a message; nothing of it may be shown."""
        findings = self.findings
        findings.mutations += 1
        findings.kinds[mutation.kind] += 1
        for entry in entries:
            outcome = entry.outcome
            if isinstance(outcome, Rejected):
                findings.outcomes[outcome.reason.value] += 1
                if MARKER in f"{outcome}{outcome.path}{outcome.expected}":
                    raise Failure(mutation.number, "a rejection shows a value")
            elif isinstance(outcome, Withheld):
                findings.outcomes[outcome.reason.value] += 1
            else:
                findings.outcomes["erased" if isinstance(outcome, Erased) else "stored"] += 1

    def _check_cost(self, took_s: float) -> None:
        findings = self.findings
        if took_s > findings.slowest_s:
            findings.slowest_s, findings.slowest = took_s, self._number
        if took_s > LIMIT_S:
            raise Failure(self._number, f"took {took_s:.1f} s")
        findings.grown_mb = _memory_mb() - self._memory_mb
        if findings.grown_mb > LIMIT_MB:
            raise Failure(self._number, f"memory has grown by {findings.grown_mb:.0f} MB")

    def apply(self) -> None:
        """Let the store take in what waits, as one chunk; all persons must be accounted for."""
        if not self._waiting:
            return
        whole = Chunk(
            partition=self._waiting[0].partition,
            start=self._waiting[0].start,
            end=self._waiting[-1].end,
            entries=[entry for chunk in self._waiting for entry in chunk.entries],
            read=sum(chunk.read for chunk in self._waiting),
        )
        before = self._store.counts().read
        applied = self._store.apply(whole, MemoryLedger())
        applied.tally.check()
        if not applied.tally.read == whole.read == self._store.counts().read - before:
            raise Failure(self._number, "of the last chunk, not every person is counted")
        self._waiting = []
        if self._offset >= CHUNK * CHUNKS_OF_A_STORE:
            self._store, self._offset = MemoryDecidingStore(), 0


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
