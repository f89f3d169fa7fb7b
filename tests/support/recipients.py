"""A recipient of profiles in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from profiles.application.errors import RecipientError
from profiles.domain.person import PersonId


@dataclass
class MemoryRecipient:
    """Takes notice of some persons, and then is away."""

    name: str = "the newsletter"
    takes: int = 1_000
    heard: list[tuple[PersonId, str, datetime]] = field(default_factory=list)

    def tell(self, person: PersonId, *, action: str, at: datetime) -> None:
        if len(self.heard) >= self.takes:
            raise RecipientError(self.name, "it does not answer")
        self.heard.append((person, action, at))
