"""A site with a ledger of its own, from which persons are erased as an operator does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.domain.person import PersonId
from tests.support.chaos.targets import Job
from tests.support.cluster_site import Running, Site, until


@dataclass
class ErasingSite(Site):
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
        place = [f"--topic={self.name}", f"--limit={len(persons)}"]
        return self._start(["--debug", "erase", *persons, *self._everything, *place])

    def verification(self) -> Running:
        """Start `profiles verify`."""
        return self._start(["--debug", "verify", *self._everything])

    @property
    def _everything(self) -> list[str]:
        return [*self.stores_and_ledger, f"--kafka={self.servers.kafka}"]
