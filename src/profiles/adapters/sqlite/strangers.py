"""Guessing whether the persons of the next chunk are new to a store."""

from __future__ import annotations

from typing import Final

CHUNKS_OF_NEW_PERSONS: Final = 2
"""Chunks in a row of whose persons nobody was held, before the next ones are not looked up."""

MOST_CHUNKS_OF_NEW_PERSONS: Final = 64
"""The same where guesses were in vain again and again."""


class Strangers:
    """Guesses from the chunks before; the more often that was in vain, the less often it does."""

    def __init__(self) -> None:
        """Guess nothing yet."""
        self._wanted = CHUNKS_OF_NEW_PERSONS
        self._seen = 0

    @property
    def likely(self) -> bool:
        """Tell whether enough chunks in a row were of new persons only."""
        return self._seen >= self._wanted

    def learn(self, *, found_held: bool) -> None:
        """Take note of a chunk whose persons were all looked up."""
        self._seen = 0 if found_held else self._seen + 1

    def mistaken(self) -> None:
        """Take note of a guess that was in vain."""
        self._wanted = min(2 * self._wanted, MOST_CHUNKS_OF_NEW_PERSONS)
        self._seen = 0
