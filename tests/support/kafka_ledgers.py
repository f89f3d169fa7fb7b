"""Erasure ledgers in topics of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, Topics, ledger_topic
from profiles.application.errors import LogError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.domain.person import PersonId


class KafkaLedgerWrittenBeside:
    """The ledger of a topic, written by another client as another process does."""

    def __init__(self, address: str, name: str, stack: ExitStack) -> None:
        self.address, self.name, self._stack = address, name, stack
        self.reader = self.opened()
        self._writer = stack.enter_context(closing(KafkaLedgerWriter(address, name)))

    def opened(self, *, applied: int = 0) -> KafkaLedger:
        """Open it once more, as after a restart."""
        opened = KafkaLedger.open(
            self.address, ledger_topic(self.name), applied=applied, stop=Event()
        )
        return self._stack.enter_context(closing(opened))

    def view(self, *, at_least: int) -> LedgerView:
        return self.reader.view(at_least=at_least)

    def suppress(self, person: PersonId) -> None:
        self.enter(Action.SUPPRESS, person)

    def restrict(self, person: PersonId) -> None:
        self.enter(Action.RESTRICT, person)

    def unrestrict(self, person: PersonId) -> None:
        self.enter(Action.UNRESTRICT, person)

    def enter(self, action: Action, person: PersonId) -> int:
        return self._writer.enter(action, person, entered_at=datetime.now(UTC))


@contextmanager
def ledger_in_a_new_topic(address: str) -> Iterator[KafkaLedgerWrittenBeside]:
    """Give an empty ledger; its topic goes at the end."""
    name = f"ledger-{uuid4().hex[:8]}"
    with ExitStack() as stack:
        topics = Topics(address)
        stack.callback(_drop, topics, name)
        yield KafkaLedgerWrittenBeside(address, name, stack)


def _drop(topics: Topics, name: str) -> None:
    with suppress(LogError):  # the test may have deleted it
        topics.delete(name)
