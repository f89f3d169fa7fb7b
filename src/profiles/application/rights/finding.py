"""Finding out whose profile a request is about, by looking at each one that is held."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

from profiles.application.policy.history import key_ids
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.matching import Match, Search
from profiles.domain.person import PersonId
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import settings_of
from profiles.domain.profile import Profile

LOOKED_AT_ONCE: Final = 1_000
"""Profiles read in one transaction: memory stays small, and a running job waits for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Who matches.

    found: the first of them, in the order of ids. more: how many match besides.
    looked_at: how many profiles were compared.
    """

    found: Sequence[Match]
    more: int
    looked_at: int


def find_persons(
    store: DecidingStore,
    search: Search,
    *,
    limit: int,
    progress: Callable[[int], None] = lambda _looked_at: None,
) -> Findings:
    """Compare all that is held, and what is kept apart, with what is looked for.

    Running jobs go on meanwhile: who comes behind the place that was reached is seen, who comes
    before it is not.

    limit: how many are named; the others are counted.
    progress: is told how many profiles were looked at.

    Raises:
        StoreError: the store did not answer, so nobody is named.
    """
    found: list[Match] = []
    matching = looked_at = 0
    for some in chain(_all(store, _held_after), _all(store, _restricted_after)):
        for profile in some:
            match = search.match(profile)
            if match is None:
                continue
            matching += 1
            if len(found) < limit:
                found.append(match)
        looked_at += len(some)
        progress(looked_at)
    return Findings(found=found, more=matching - len(found), looked_at=looked_at)


def missing_keys(
    store: DecidingStore, policy: PrivacyPolicy, at_hand: Collection[str]
) -> Sequence[str]:
    """Return the ids of keys under which pseudonyms may be held that can't be compared, in order.

    at_hand: the ids of the keys that are there.

    Raises:
        StoreError: the store did not answer.
    """
    made_with = key_ids(store.progress().policies, settings_of(policy))
    return sorted(made_with.difference(at_hand))


def not_kept(search: Search, policy: PrivacyPolicy) -> Sequence[str]:
    """Return the fields compared that the policy does not keep, so that few may still have them."""
    dropped = set(policy.dropped_profile_fields)
    if policy.email is EmailTreatment.DROP:
        dropped.add("email")
    return [name for name in search.fields if name in dropped]


def _all(
    store: DecidingStore, profiles_after: Callable[[PersonId | None, UnitOfWork], Sequence[Profile]]
) -> Iterator[Sequence[Profile]]:
    """Yield profiles in the order of ids, as many at a time as one transaction reads."""
    last: PersonId | None = None
    while True:
        some = store.transactions.run(partial(profiles_after, last))
        yield some
        if len(some) < LOOKED_AT_ONCE:
            return
        last = some[-1].id


def _held_after(last: PersonId | None, unit: UnitOfWork) -> Sequence[Profile]:
    return [profile for profile, _ in unit.profiles_after(last, limit=LOOKED_AT_ONCE)]


def _restricted_after(last: PersonId | None, unit: UnitOfWork) -> Sequence[Profile]:
    pairs = unit.restricted_after(last, limit=LOOKED_AT_ONCE)
    return [profile for profile, _ in pairs.values()]
