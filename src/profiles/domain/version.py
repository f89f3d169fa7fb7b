"""Versions: the place of a record in the log as one number, so the log's order decides.

From the highest bit: epoch (10 bits), offset (37), partition (11), revision (5): 63 bits, a
positive signed 64-bit number in every store.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from profiles.domain.errors import ProfilesError

EPOCH_BITS: Final = 10
OFFSET_BITS: Final = 37
PARTITION_BITS: Final = 11
REVISION_BITS: Final = 5

_BITS: Final = (
    ("epoch", EPOCH_BITS),
    ("offset", OFFSET_BITS),
    ("partition", PARTITION_BITS),
    ("revision", REVISION_BITS),
)
_PARTITION_SHIFT: Final = REVISION_BITS
_OFFSET_SHIFT: Final = _PARTITION_SHIFT + PARTITION_BITS
_EPOCH_SHIFT: Final = _OFFSET_SHIFT + OFFSET_BITS

_REVISIONS: Final = (1 << REVISION_BITS) - 1

OFFSET_STEP: Final = 1 << _OFFSET_SHIFT
"""The difference between the versions of one offset and the next."""

ORIGIN_MASK: Final = ((1 << EPOCH_BITS) - 1) << _EPOCH_SHIFT | (
    (1 << PARTITION_BITS) - 1
) << _PARTITION_SHIFT
"""The bits of a version that say in which epoch of which partition it was decided."""


class VersionRangeError(ProfilesError):
    """A place in the log has too many bits for a version."""

    def __init__(self, part: str, value: int) -> None:
        super().__init__(part, value)
        self.part, self.value = part, value

    def __str__(self) -> str:
        """Say which part, and what to do."""
        return (
            f"{self.part} {self.value} of the log does not fit into a version. Nothing was"
            " written. Start with empty stores and a new topic with fewer partitions."
        )


class Origin(NamedTuple):
    """In which epoch of which partition a version was decided: who counts it follows from it."""

    epoch: int
    partition: int


class Version(NamedTuple):
    """The parts of a version.

    epoch: counts how often the topic was created again or got more partitions.
    offset, partition: where the record stands in the log.
    revision: 0 from the log; each change outside it (correction, restriction) adds 1.
    """

    epoch: int
    offset: int
    partition: int
    revision: int = 0

    def number(self) -> int:
        """Pack the parts; a newer record has a higher number.

        Raises:
            VersionRangeError: a part has too many bits, or is negative.
        """
        for part, bits in _BITS:
            value = getattr(self, part)
            if not 0 <= value < 1 << bits:
                raise VersionRangeError(part, value)
        return (
            self.epoch << _EPOCH_SHIFT
            | self.offset << _OFFSET_SHIFT
            | self.partition << _PARTITION_SHIFT
            | self.revision
        )

    @staticmethod
    def revised(number: int) -> int | None:
        """Return the number of the next revision; None where all of them are used up."""
        return None if number & _REVISIONS == _REVISIONS else number + 1

    @staticmethod
    def last_revision(number: int) -> int:
        """Return the number of the last revision: a deletion at it leaves none of them."""
        return number | _REVISIONS

    @staticmethod
    def origin(number: int) -> Origin:
        """Return where a number that `number` has packed comes from."""
        epoch, _, partition, _ = Version.parts(number)
        return Origin(epoch, partition)

    @classmethod
    def parts(cls, number: int) -> Version:
        """Unpack a number that `number` returned."""
        return cls(
            epoch=number >> _EPOCH_SHIFT,
            offset=number >> _OFFSET_SHIFT & (1 << OFFSET_BITS) - 1,
            partition=number >> _PARTITION_SHIFT & (1 << PARTITION_BITS) - 1,
            revision=number & _REVISIONS,
        )
