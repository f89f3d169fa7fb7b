"""What the entries of an erasure ledger add up to, and whom they name.

A ledger names nobody: who wants to know about a person hashes her id under each key that the
ledger was written with. A view is kept in some hundred bytes for each person that is named, and
what follows is added to it without a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from profiles.domain.ledger_entry import START, Action, Entry, LedgerHead, person_hash
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

_INDEX_BYTES: Final = 15
"""Of a person's hash: two of a million million persons have the same with a probability of 10^-12,
and an integer of so many takes 48 bytes."""
_SEAL_BYTES: Final = 8
"""Of each seal: enough to tell another ledger."""

_SUPPRESSION_TOLD, _SUPPRESSED, _RESTRICTION_TOLD, _RESTRICTED = 1, 2, 4, 8
_SUPPRESSION: Final = _SUPPRESSION_TOLD | _SUPPRESSED
_RESTRICTION: Final = _RESTRICTION_TOLD | _RESTRICTED

_CHANGES: Final[Mapping[Action, tuple[int, int]]] = {
    Action.SUPPRESS: (_SUPPRESSION, _SUPPRESSION),
    Action.READMIT: (_SUPPRESSION, _SUPPRESSION_TOLD),
    Action.RESTRICT: (_RESTRICTION, _RESTRICTION),
    Action.UNRESTRICT: (_RESTRICTION, _RESTRICTION_TOLD),
}
"""Which bits of a person's standing an entry replaces, and what by."""

_Standings = Mapping[int, int]


class Named(NamedTuple):
    """Whom a ledger names, of some persons.

    suppressed: who was erased. restricted: whose processing is restricted.
    """

    suppressed: frozenset[PersonId] = frozenset()
    restricted: frozenset[PersonId] = frozenset()

    @property
    def apart(self) -> frozenset[PersonId]:
        """Return whose profiles are kept apart: what is erased is kept nowhere."""
        return self.restricted - self.suppressed

    def __repr__(self) -> str:
        """Show how many and nobody."""
        return f"Named({len(self.suppressed)} suppressed, {len(self.restricted)} restricted)"


NOBODY: Final = Named()


class _UnderKey(NamedTuple):
    """What is said under one key: of each person by hash, later layers before earlier ones."""

    key: PseudonymKey
    layers: tuple[_Standings, ...]

    def standing(self, index: int) -> int:
        for layer in reversed(self.layers):
            if (found := layer.get(index)) is not None:
                return found
        return 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LedgerView:
    """What a ledger says up to its last entry.

    head: that entry. last_change: the number of the last one that changes what may be held.
    """

    head: LedgerHead = START
    last_change: int = 0
    _under_keys: tuple[_UnderKey, ...] = field(default=(), repr=False)
    _seals: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def position(self) -> int:
        """Return how many entries there are."""
        return self.head.number

    @property
    def key(self) -> str | None:
        """Return the id of the key that was taken into use last, if one was."""
        return self._under_keys[-1].key.id if self._under_keys else None

    def uses(self, key: str) -> bool:
        """Tell whether persons are named under a key, by its id."""
        return any(under.key.id == key for under in self._under_keys)

    def named(self, persons: Iterable[PersonId]) -> Named:
        """Tell who of some persons is named: at the cost of a keyed hash for each, or of none."""
        if not self.last_change:
            return NOBODY
        suppressed, restricted = set(), set()
        for person in persons:
            standing = self._standing(person)
            if standing & _SUPPRESSED:
                suppressed.add(person)
            if standing & _RESTRICTED:
                restricted.add(person)
        if not suppressed and not restricted:
            return NOBODY
        return Named(frozenset(suppressed), frozenset(restricted))

    def _standing(self, person: PersonId) -> int:
        """Return what is said of a person; what is said under a later key counts."""
        standing = 0
        for under in reversed(self._under_keys):
            found = under.standing(_index(person_hash(person, under.key)))
            if not standing & _SUPPRESSION_TOLD:
                standing |= found & _SUPPRESSION
            if not standing & _RESTRICTION_TOLD:
                standing |= found & _RESTRICTION
        return standing

    def continues(self, head: LedgerHead) -> bool:
        """Tell whether this ledger has an entry: the same, and not just one of its number."""
        start = (head.number - 1) * _SEAL_BYTES
        if head.number > self.position:
            return False
        if head.number == 0 or head.seal is None:
            return True
        return self._seals[start : start + _SEAL_BYTES] == bytes.fromhex(head.seal)[:_SEAL_BYTES]

    def after(self, entries: Sequence[Entry], keys: Mapping[str, PseudonymKey]) -> LedgerView:
        """Return what the ledger says with the entries that follow, each of them checked.

        keys: of those entries, by their ids.
        """
        if not entries:
            return self
        under_keys = {under.key.id: under for under in self._under_keys}
        changed: dict[str, dict[int, int]] = {}
        last_change = self.last_change
        for entry in entries:
            change = _CHANGES.get(entry.action)
            if change is None or entry.person is None:
                continue
            last_change = entry.number
            under = under_keys.setdefault(entry.key, _UnderKey(keys[entry.key], ()))
            layer = changed.setdefault(entry.key, {})
            index = _index(entry.person)
            before = layer[index] if index in layer else under.standing(index)
            replaced, by = change
            layer[index] = before & ~replaced | by
        for name, layer in changed.items():
            under = under_keys[name]
            under_keys[name] = under._replace(layers=merged((*under.layers, layer)))
        seals = self._own_seals()
        for entry in entries:
            seals.extend(bytes.fromhex(entry.seal)[:_SEAL_BYTES])
        return LedgerView(
            head=entries[-1].head,
            last_change=last_change,
            _under_keys=tuple(under_keys.values()),
            _seals=seals,
        )

    def _own_seals(self) -> bytearray:
        """Return the seals to add to: shared with earlier views, which look no further than theirs.

        Copied where another view has added to them already.
        """
        end = self.position * _SEAL_BYTES
        return self._seals if len(self._seals) == end else self._seals[:end]


def _index(hashed: bytes) -> int:
    return int.from_bytes(hashed[:_INDEX_BYTES])


def merged(layers: tuple[_Standings, ...]) -> tuple[_Standings, ...]:
    """Merge the last layers, so that each has more than twice what those after it have.

    So there are few of them, and each entry is copied few times.
    """
    while len(layers) > 1 and len(layers[-2]) <= 2 * len(layers[-1]):
        layers = (*layers[:-2], {**layers[-2], **layers[-1]})
    return layers
