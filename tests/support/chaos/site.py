"""A site with a ledger of its own, where persons have rights, as an operator grants them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event

from profiles.adapters.kafka import KafkaLedger, ledger_topic
from profiles.domain.ledger_view import Named
from profiles.domain.person import PersonId
from profiles.entrypoints.composition.ledgers import keyring
from tests.support.chaos.targets import Job
from tests.support.cluster_site import Held, Running, Site, until


@dataclass
class StormSite(Site):
    """See the module."""

    def readers(self) -> list[Job]:
        """Start two readers of one group."""
        return [
            Job(f"process {number}", lambda: self.process(once=False), Running.tally)
            for number in (1, 2)
        ]

    def has_begun(self) -> bool:
        """Tell whether both stores are there, and have some of the log."""
        return bool(self.committed())

    def drain(self, readers: Sequence[Job]) -> None:
        """Let the readers come to the log's end, and ask them to end."""
        until(self.is_through, *(reader.running for reader in readers))
        for reader in readers:
            reader.stop()

    def erasure(self, *persons: PersonId) -> Running:
        """Start `profiles erase`."""
        return self._about("erase", *persons, self._topic, f"--limit={len(persons)}")

    def readmission(self, person: PersonId) -> Running:
        """Start `profiles readmit`."""
        return self._about("readmit", person, self._topic, "--reason=signed-up-anew")

    def restriction(self, person: PersonId) -> Running:
        """Start `profiles restrict`."""
        return self._about("restrict", person, "--reason=accuracy-contested")

    def release(self, person: PersonId) -> Running:
        """Start `profiles unrestrict`."""
        return self._about("unrestrict", person)

    def correction(self, person: PersonId, *what: str) -> Running:
        """Start `profiles rectify`."""
        return self._about("rectify", person, *what, self._topic)

    def named(self, persons: Iterable[PersonId]) -> Named:
        """Tell whom the ledger names of some persons."""
        keys, topic = keyring(self.ledger_keys, None), ledger_topic(self.ledger_topic)
        ledger = KafkaLedger.open(self.servers.kafka, topic, keys, applied=1, stop=Event())
        with closing(ledger) as opened:
            return opened.view().named(persons)

    def apart(self, persons: Collection[PersonId]) -> Held:
        """Tell what MongoDB keeps apart of some persons."""
        return self.mongo.transactions.run(lambda unit: unit.restricted(persons))

    def verification(self) -> Running:
        """Start `profiles verify`."""
        return self._start(["--debug", "verify", *self._everything])

    def _about(self, command: str, *arguments: str) -> Running:
        return self._start(["--debug", command, *arguments, *self._everything])

    @property
    def _topic(self) -> str:
        return f"--topic={self.name}"

    @property
    def _everything(self) -> list[str]:
        return [*self.stores_and_ledger, f"--kafka={self.reached.kafka}"]
