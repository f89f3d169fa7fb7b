"""What one message may cost: so that no message can stop a job, or fill its memory or its store."""

from __future__ import annotations

from typing import Final

from profiles.application.log.messages import Deletion, Records
from profiles.domain.outcome import Rejected, RejectionReason

MAXIMUM_PERSONS: Final = 5_000
"""Persons in one message: the most that the API returns at once (its documentation, "Multiple
users")."""

QUARANTINED_PER_MESSAGE: Final = 100
"""Rejected persons of one message whose place is kept; the others are only counted."""

QUARANTINED_PER_NOTICE: Final = 1_000
"""Rejected persons of one notice whose place is kept: it speaks of some 8,000 messages at once."""

TOO_MANY: Final = Rejected(
    RejectionReason.SIZE, "results", f"at most {MAXIMUM_PERSONS:,} persons in one message"
)


def bounded(records: Records | Rejected | Deletion) -> Records | Rejected | Deletion:
    """Reject a message as one if it has more persons than are taken at once."""
    if isinstance(records, Records) and len(records.items) > MAXIMUM_PERSONS:
        return TOO_MANY
    return records
