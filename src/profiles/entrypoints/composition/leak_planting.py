"""Whom a leak check plants, what is done about them, and where their markers may be then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from profiles.adapters.simulator.encoding import encode
from profiles.adapters.simulator.marked import (
    FORBIDDEN,
    MarkedMessage,
    MarkedPerson,
    marked_adults,
    marked_hostile,
    marked_minors,
)
from profiles.application.assurance.leaks import Fate, Marker, Planting
from profiles.domain.decision_dates import DecisionDates
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.policy import PolicySource

_CORRECTABLE: Final = ("username", "city", "title")
"""Fields of a profile, of which those are corrected that the policy keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Who was planted, and what is looked for.

    corrected, restricted, erased: the adults to whom this is done once they are held.
    corrections: what is corrected, by field of the profile; nothing where the policy keeps none.
    admitted: whether the policy lets adults in, so that there is somebody to do it to.
    """

    persons: Sequence[MarkedPerson]
    hostile: Sequence[MarkedMessage]
    markers: Sequence[Marker]
    corrected: MarkedPerson
    restricted: MarkedPerson
    erased: MarkedPerson
    corrections: Mapping[str, str]
    admitted: bool

    @property
    def messages(self) -> list[bytes]:
        """Return a message about each of them."""
        people = [encode(person.record) for person in self.persons]
        return people + [each.message for each in self.hostile]


def plant(token: str, policy: PolicySource, *, log_forgets: bool) -> Planted:
    """Make marked persons.

    token: letters and digits that stand nowhere else.
    log_forgets: whether erasing empties records in the log.

    Raises:
        UsageError: the policy can't be read.
    """
    moment = now()
    rules = policy.read()
    dates = DecisionDates.of(logged_at=moment, read_at=moment, zone=rules.zone)
    planting = Planting(policy=rules, dates=dates, never=FORBIDDEN, log_forgets=log_forgets)
    adults = marked_adults(token, dates.as_of)
    corrected, restricted, erased = adults[-3:]
    persons = [*adults, *marked_minors(token, dates.as_of)]
    hostile = list(marked_hostile(token, dates.as_of))
    profile = planting.profile_of(corrected.record)
    corrections = {
        field: f"{token}corrected{number}x"
        for number, field in enumerate(_CORRECTABLE)
        if getattr(profile, field, None) is not None
    }
    fates = {restricted.whose: Fate.RESTRICTED, erased.whose: Fate.ERASED}
    markers = [
        marker
        for person in persons
        for marker in planting.markers(
            person.whose,
            person.record,
            person.values,
            fate=fates.get(person.whose, Fate.HELD),
            corrected=corrections if person is corrected else {},
        )
    ]
    markers += [
        Marker(whose=each.whose, field=path, value=value)
        for each in hostile
        for path, value in each.values.items()
    ]
    return Planted(
        persons=persons,
        hostile=hostile,
        markers=markers,
        corrected=corrected,
        restricted=restricted,
        erased=erased,
        corrections=corrections,
        admitted=profile is not None,
    )
