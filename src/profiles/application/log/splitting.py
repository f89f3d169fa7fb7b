"""Making a chunk smaller that a store refuses: to a message, and then to what can be kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from profiles.application.log.deciding import Chunk, Entry
from profiles.application.log.quarantine import quarantined_of
from profiles.domain.corrections import Correction
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.profile import Profile

REFUSED: Final = Rejected(RejectionReason.STORE, "", "what the store can hold")


def halves(chunk: Chunk) -> tuple[Chunk, Chunk] | None:
    """Split a chunk between two of its messages; None if it has one at most."""
    offsets = sorted({entry.offset for entry in chunk.entries})
    if len(offsets) <= 1:
        return None
    middle = offsets[len(offsets) // 2]
    first = [entry for entry in chunk.entries if entry.offset < middle]
    return (
        replace(chunk, end=middle, entries=first, read=len(first)),
        replace(
            chunk,
            start=middle,
            entries=[entry for entry in chunk.entries if entry.offset >= middle],
            read=chunk.read - len(first),
        ),
    )


def without_profiles(chunk: Chunk) -> Chunk | None:
    """Reject what a message would store, and keep one place of all that is rejected.

    Who is withheld or erased by it stays so: that deletes, and no store refuses to delete.

    Returns None where the message stores nothing and has one such place at most: then nothing can
    be left out.
    """
    stores = any(isinstance(entry.outcome, Profile | Correction) for entry in chunk.entries)
    if not stores and len(quarantined_of(chunk)) <= 1:
        return None
    entries: list[Entry] = []
    kept = True
    for entry in chunk.entries:
        outcome = REFUSED if isinstance(entry.outcome, Profile | Correction) else entry.outcome
        is_kept = kept and isinstance(outcome, Rejected)
        entries.append(entry._replace(outcome=outcome, quarantined=is_kept))
        kept = kept and not is_kept
    return replace(chunk, entries=entries)
