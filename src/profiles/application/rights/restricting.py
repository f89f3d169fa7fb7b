"""The right to restriction of processing (GDPR Art. 18).

The profile stays, apart from all that is processed: it is not counted, not shown, not changed, and
in no following store. The ledger learns of it first, so every job keeps to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from profiles.application.following.outbox import Outbox
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.application.rights.notifying import Notification
from profiles.application.rights.requesting import RequestLedger
from profiles.application.transaction.enforcing import apply_entries
from profiles.domain.deadlines import deadline_of
from profiles.domain.ledger_entry import Action, Draft, Entry, Reason
from profiles.domain.person import PersonId
from profiles.domain.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """What was done, read back from the stores.

    entry: the number of the ledger's entry; None where nothing was to be entered.
    restricted: whether the ledger restricts the person now.
    kept_apart: whether a profile is kept apart.
    held: whether the person is held, by store.
    complete: whether all of it is as the ledger says.
    told: which recipients know of it.
    """

    id: PersonId
    entry: int | None
    restricted: bool
    kept_apart: bool
    held: Mapping[str, bool]
    complete: bool
    told: Sequence[Notification] = ()


@dataclass(slots=True, kw_only=True)
class Restricter:
    """Restricts the processing of a person's data, and ends that.

    name: of the deciding store. following_name: of the other.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Ledger
    requests: RequestLedger
    clock: Clock
    name: str
    following_name: str | None = None
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to deliver what the following store has to do."""
        self._outbox = Outbox(store=self.store, following=self.following)

    def restrict(
        self, person: PersonId, *, reason: Reason, received: date | None = None
    ) -> Restriction:
        """Keep a person's profile apart. Of whom nothing is held, nothing is entered.

        The same again completes what was interrupted.

        reason: the ground. received: the day on which it was asked for; today (UTC) if none is
            said. Both are those of the first time where the processing is restricted already.

        Raises:
            LedgerError, LogError, StoreError: one of them did not do it. What the ledger says by
                then applies; the same again completes it.
        """
        restricted = self._is_restricted(person)
        entry = None
        if not restricted and self.store.profile(person) is not None:
            deadline = deadline_of(received or self.clock().date())
            entry = self.requests.enter(
                Draft(action=Action.RESTRICT, person=person, reason=reason, deadline=deadline)
            )
        done = self._carried_out(person, entry)
        if not (done.restricted and done.complete):
            return done
        return replace(done, told=self.requests.complete(person, Action.RESTRICT))

    def unrestrict(self, person: PersonId) -> Restriction:
        """Hold a person's profile again, as it was.

        Who restricted it has to be told before (Art. 18(3)).

        Raises:
            LedgerError, LogError, StoreError: as `restrict` does.
        """
        entry = None
        if self._is_restricted(person):
            entry = self.requests.enter(Draft(action=Action.UNRESTRICT, person=person))
        done = self._carried_out(person, entry)
        if done.restricted or not done.complete:
            return done
        return replace(done, told=self.requests.tell(person, Action.UNRESTRICT))

    def _is_restricted(self, person: PersonId) -> bool:
        view = self.ledger.view(at_least=self.store.ledger().head)
        return bool(view.named([person]).restricted)

    def _carried_out(self, person: PersonId, entry: Entry | None) -> Restriction:
        """Carry out what the ledger says, and read back."""
        view = self.ledger.view(at_least=self.store.ledger().head)
        if entry is not None:
            apply_entries(
                self.store.transactions,
                [person],
                view,
                entries=(entry.number, entry.number),
                followed=self._outbox.followed,
            )
        self.store.apply_ledger(self.ledger, followed=self._outbox.followed)
        self._outbox.deliver()
        held = self.store.profile(person)
        followed = None if self.following is None else self.following.profile(person)
        apart = self.store.transactions.run(lambda unit: unit.restricted([person]))
        restricted = bool(view.named([person]).restricted)
        places = {self.name: held is not None}
        if self.following_name is not None:
            places[self.following_name] = followed is not None
        return Restriction(
            id=person,
            entry=None if entry is None else entry.number,
            restricted=restricted,
            kept_apart=bool(apart),
            held=places,
            complete=not any(places.values())
            if restricted
            else not apart and (self.following is None or followed == held),
        )

    def waits_for_a_record(self, person: PersonId) -> bool:
        """Tell whether the following store gets the person only with her next record.

        It has deleted her at the last version that her record allows.
        """
        held = self.store.profile(person)
        return held is not None and Version.revised(held[1]) is None
