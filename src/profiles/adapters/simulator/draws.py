"""Random numbers that depend on a seed and an index, not on what was drawn before."""

from __future__ import annotations

import hashlib
import struct
from typing import Final

WORDS: Final = 21
"""Numbers a record, of 64 bits each: exactly one block of SHAKE-128, so they cost one hash."""

Words = tuple[int, ...]

_unpack = struct.Struct(f"<{WORDS}Q").unpack


class Draws:
    """The random numbers of each record.

    A hash of seed and index rather than `random.Random`: any record is made in one step, in any
    order and in any process, and seeding a Mersenne twister costs more than making a person.
    """

    __slots__ = ("_seeded",)

    def __init__(self, seed: int) -> None:
        self._seeded = hashlib.shake_128(f"profiles simulator {seed} ".encode())

    def words(self, index: int) -> Words:
        """Return the numbers of the record at `index`, each uniform below 2**64."""
        state = self._seeded.copy()
        state.update(index.to_bytes(8, "little"))
        return _unpack(state.digest(WORDS * 8))
