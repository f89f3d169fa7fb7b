"""Recipients: to whom profiles were disclosed, and who has to be told (GDPR Art. 19)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from profiles.domain.person import PersonId


class Recipient(Protocol):
    """Takes notice of what was done about a request."""

    @property
    def name(self) -> str:
        """Name it as the privacy policy does."""
        ...

    def tell(self, person: PersonId, *, action: str, at: datetime) -> None:
        """Tell it, and return once it has confirmed. Told twice is told once.

        action: what was done: `erase`, `rectify`, `restrict` or `unrestrict`.
        at: when it was asked for (UTC).

        Raises:
            RecipientError: it did not confirm in time, and may know all the same.
        """
        ...
