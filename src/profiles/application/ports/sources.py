"""Where persons come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a source delivered at once.

    values: JSON texts in UTF-8, each a person or a whole response of the API. Not parsed, not
        checked: a broken one is rejected later, on its own.
    position: where the source goes on after these values (bytes of the uncompressed file for
        `jsonl`, persons for `simulator`), or None for a source that can't go on.
    """

    values: Sequence[bytes] = field(repr=False)
    position: int | None = None


class Source(Protocol):
    """Where persons come from."""

    @property
    def name(self) -> str:
        """Tell one source from another, the same in every run: it keys the saved position."""
        ...

    def deliveries(self, *, start: int = 0) -> Iterator[Delivery]:
        """Yield what the source has, in its order, from `start` (a `Delivery.position`) on.

        The iterator ends when the source is exhausted, or after `--once`. Whatever was yielded
        stays valid when a later step fails.

        Raises:
            SourceError: the source can't go on; what was yielded before stays delivered.
        """
        ...
