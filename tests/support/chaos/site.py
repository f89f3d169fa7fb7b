"""A site with a ledger of its own, from which persons are erased as an operator does."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.domain.person import PersonId
from tests.support.cluster_site import Running, Site


@dataclass
class ErasingSite(Site):
    """See the module."""

    def __post_init__(self) -> None:
        """Name the ledger's topic after the site."""
        self.ledger_topic = f"{self.name}.ledger"

    def erasure(self, *persons: PersonId) -> Running:
        """Start `profiles erase`."""
        place = [f"--topic={self.name}", f"--limit={len(persons)}"]
        return self._start(["--debug", "erase", *persons, *self._everything, *place])

    def verification(self) -> Running:
        """Start `profiles verify`."""
        return self._start(["--debug", "verify", *self._everything])

    @property
    def _everything(self) -> list[str]:
        return [
            f"--store={self._mongo_url}",
            f"--store={self._cassandra_url}",
            f"--kafka={self.servers.kafka}",
            f"--ledger-topic={self.ledger_topic}",
        ]
