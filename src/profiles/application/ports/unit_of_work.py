"""What a deciding store reads and writes inside a transaction, one primitive each.

What happens in a transaction is the same for every store and stands in `application.transaction`;
a store fulfils these two ports, and its transactions are durable as a whole, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from profiles.application.log.epochs import Epoch
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import Writer
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.ports.policies import PolicyEntry
from profiles.domain.corrections import Corrections
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

T = TypeVar("T")


class UnitOfWork(Protocol):
    """One transaction of a deciding store.

    What is read is as of its beginning, and what it has written itself. Of two units of work at
    once of which one writes to a writer (`advance`, `add_statistics`), or reads the positions of
    its topic, and the other writes to it, too, sets the head of the ledger, or adopts a policy,
    only one is committed.
    """

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        ...

    def set_ledger(self, applied: AppliedLedger) -> None:
        """Note how far it is applied; where its head is another, every other unit conflicts.

        applied: with which ledger the store is used stays as it is; see `join_ledger`.
        """
        ...

    def join_ledger(self, identity: str) -> None:
        """Note which ledger the store is used with; of two such units at once one conflicts."""
        ...

    def policy(self) -> str | None:
        """Return the deciding fingerprint of the policy that the store is written under.

        None where no job has told one yet.
        """
        ...

    def policies(self) -> Sequence[PolicyEntry]:
        """Return what is remembered of policies, oldest first."""
        ...

    def add_policy(self, entry: PolicyEntry) -> None:
        """Remember a policy; where it is adopted, every other unit conflicts."""
        ...

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs of all topics, in the order of their numbers."""
        ...

    def add_epoch(self, epoch: Epoch) -> None:
        """Note an epoch: the one after the last."""
        ...

    def add_writer(self, writer: Writer) -> None:
        """Make room for what a writer counts, where it is new; its position is None."""
        ...

    def positions_of(self, writers: Collection[Writer]) -> Mapping[Writer, int | None]:
        """Return of each writer the first offset not yet decided, or None before the first chunk.

        A store may look up at once what it has to know of these writers.
        """
        ...

    def positions(self, topic_id: str) -> Mapping[int, int]:
        """Return the positions of a topic's writers by partition, and keep them from moving on.

        Writers before their first chunk are left out.
        """
        ...

    def newest_arrival(self, writer: Writer) -> datetime | None:
        """Return the last minute (UTC) for which a writer has counted arrivals, or None."""
        ...

    def held(
        self,
        persons: Collection[PersonId],
        *,
        probably_new: Callable[[], Collection[PersonId]] | None = None,
        limit: int | None = None,
    ) -> Mapping[PersonId, Held]:
        """Return what is held of some persons.

        probably_new: tells which of `persons` are not held if the chunk is like most; None where
            nobody can say. A store that refuses to insert a person twice need not look them up:
            when one is held after all, it runs the unit of work again, and then looks everybody up.
        limit: of how many persons at most; None for all.
        """
        ...

    def held_after(self, person: PersonId | None, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of up to `limit` persons, in the order of ids.

        person: those behind this id, or from the first on.
        """
        ...

    def expired(self, read_on: date, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of up to `limit` persons whose `expires_at` is not after a day."""
        ...

    def profiles_after(
        self, person: PersonId | None, *, limit: int
    ) -> Sequence[tuple[Profile, int]]:
        """Return up to `limit` profiles with their versions, in the order of ids.

        person: those behind this id, or from the first on.
        """
        ...

    def restricted(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return the profiles of some persons that are kept apart, with their versions."""
        ...

    def restricted_after(
        self, person: PersonId | None, *, limit: int
    ) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return up to `limit` profiles that are kept apart, in the order of ids.

        person: those behind this id, or from the first on.
        """
        ...

    def restrict(self, persons: Collection[PersonId]) -> None:
        """Keep the profiles of some persons apart, with what is kept with them.

        All of these persons were asked for, as for `write`.
        """
        ...

    def unrestrict(self, versions: Mapping[PersonId, int]) -> None:
        """Hold profiles again that were kept apart, in these versions."""
        ...

    def delete_restricted(self, persons: Collection[PersonId]) -> None:
        """Delete profiles that are kept apart."""
        ...

    def profiles(self, persons: Collection[PersonId]) -> Mapping[PersonId, Profile]:
        """Return the profiles of some persons; who is not held is left out."""
        ...

    def corrections(self, persons: Collection[PersonId]) -> Mapping[PersonId, Corrections]:
        """Return what is kept of corrections, also with profiles kept apart."""
        ...

    def write(
        self,
        *,
        upserts: Mapping[PersonId, tuple[Profile, int]],
        deletions: Collection[PersonId],
        corrections: Mapping[PersonId, Corrections] | None = None,
    ) -> None:
        """Write profiles with their versions, in place of what is held, and delete others.

        corrections: those that are kept with some of the profiles. With the others none are, and
            those that were kept are gone.
        All of these persons were asked for by `held`, `held_after`, `expired` or `profiles_after`
        before.
        """
        ...

    def add_to_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Note deletions that the following store has still to make; see `DecidingStore.outbox`.

        deletions: persons, each with the version at which to delete. Of two for one person the
            higher version stays.
        """
        ...

    def email_domains(self, writer: Writer) -> Mapping[str, int]:
        """Return what a writer counts by e-mail domain."""
        ...

    def add_statistics(self, writer: Writer, difference: Statistics) -> None:
        """Add to what a writer counts; a count that comes to zero is deleted.

        difference: its e-mail domains bounded for the writer already.
        """
        ...

    def advance(
        self,
        writer: Writer,
        *,
        position: int,
        tally: Tally,
        arrivals: Mapping[datetime, int],
        arrivals_until: datetime | None,
    ) -> None:
        """Move a writer to a position, and add to its tally and arrivals.

        arrivals: by minute (UTC). arrivals_until: those counted for this minute and earlier ones
            are deleted; None for no change.
        """
        ...

    def quarantine(self, rejected: Sequence[Quarantined]) -> None:
        """Keep rejected records."""
        ...

    def remove_quarantined(self, messages: Collection[tuple[Writer, int]]) -> int:
        """Take out all that is kept of some messages, by writer and offset; return how many."""
        ...

    def quarantined(self, writer: Writer, *, start: int, end: int) -> Sequence[Quarantined]:
        """Return what is kept of rejected records of a writer from one offset to before another."""
        ...

    def delete_quarantined(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` rejected records logged before a moment; return how many."""
        ...


class Transactions(Protocol):
    """Runs units of work."""

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work in a transaction; return what it returns, once that is durable.

        work: may be run several times, when transactions conflict; it asks nobody but the store.
            What it raises undoes all that it has written.

        Raises:
            StoreError: the store did not do it; nothing was written.
        """
        ...
