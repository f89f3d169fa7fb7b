"""Where persons come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Places(NamedTuple):
    """Where values were in their source.

    unit: what is counted from 1 on, such as `line` or `response`.
    numbers: one for each value.
    """

    unit: str
    numbers: Sequence[int]

    def of(self, index: int) -> str:
        """Name the place of a value."""
        return f"{self.unit} {self.numbers[index]}"


class Fingerprint(NamedTuple):
    """By what a source finds out later whether it is still what was read up to a position.

    content: a keyed digest of all that was read, and its key; None where it has been deleted.
    state: whatever else changes with the content, such as the times of a file; nothing of it.
    """

    content: bytes | None
    state: str

    def __repr__(self) -> str:
        """Show no digest."""
        return "Fingerprint(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a source delivered at once.

    values: JSON texts in UTF-8, each a person or a whole response of the API. Not parsed, not
        checked: a broken one is rejected later, on its own.
    position: where the source goes on after these values (bytes of the uncompressed file for
        `jsonl`, persons for `simulator`), or None for a source that can't go on.
    fingerprint: of what was read up to the position, for a source that may be changed.
    places: where the values were in the source, for what is told of those that are rejected.
    """

    values: Sequence[bytes] = field(repr=False)
    position: int | None = None
    fingerprint: Fingerprint | None = field(default=None, compare=False)
    places: Places | None = field(default=None, compare=False)


class Source(Protocol):
    """Where persons come from."""

    @property
    def name(self) -> str:
        """Tell one source from another, the same in every run: it keys the saved position."""
        ...

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        """Yield what the source has, in its order, from `start` (a `Delivery.position`) on.

        The iterator ends when the source is exhausted, or after `--once`. Whatever was yielded
        stays valid when a later step fails.

        fingerprint: the one delivered with that position. A source that no longer fits it says so
            in the program's log and begins at its beginning; None fits.

        Raises:
            SourceError: the source can't go on; what was yielded before stays delivered.
        """
        ...
