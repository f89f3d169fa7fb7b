"""What the entries of an erasure ledger say of single persons, and of how many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from profiles.domain.ledger_entry import Action, Entry, person_hash
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

_Identity = tuple[str, bytes]
"""A person as an entry names her: the id of the key, and the keyed hash."""

_BEGINS: Final = {Action.SUPPRESS: 0, Action.RESTRICT: 1}
_ENDS: Final = {Action.READMIT: 0, Action.UNRESTRICT: 1}


class Numbers(NamedTuple):
    """How many persons are named.

    Who is named under two keys counts twice, unless the later entry refers to the earlier one.
    """

    suppressed: int
    restricted: int


def entries_about(
    entries: Iterable[Entry], persons: Collection[PersonId], keys: Iterable[PseudonymKey]
) -> Mapping[PersonId, list[Entry]]:
    """Return the entries about each of some persons, and those that refer to them, in order.

    keys: all that the entries were made under.
    """
    named: Mapping[tuple[str, bytes | None], PersonId] = {
        (key.id, person_hash(person, key)): person for key in keys for person in persons
    }
    whose: dict[int, PersonId] = {}
    found: dict[PersonId, list[Entry]] = {person: [] for person in persons}
    for entry in entries:
        person = named.get((entry.key, entry.person))
        if person is None and entry.person is None and entry.refers is not None:
            person = whose.get(entry.refers)
        if person is not None:
            whose[entry.number] = person
            found[person].append(entry)
    return found


def count_named(entries: Iterable[Entry]) -> Numbers:
    """Count the persons whom a ledger suppresses and restricts, with all of its entries."""
    named: tuple[set[_Identity], set[_Identity]] = (set(), set())
    by_number: dict[int | None, _Identity] = {}
    for entry in entries:
        if entry.person is None:
            continue
        identity = (entry.key, entry.person)
        if (kind := _BEGINS.get(entry.action)) is not None:
            named[kind].add(identity)
            by_number[entry.number] = identity
        elif (kind := _ENDS.get(entry.action)) is not None:
            named[kind].difference_update([identity, by_number.get(entry.refers)])
    return Numbers(*map(len, named))
