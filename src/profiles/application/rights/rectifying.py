"""The right to rectification (GDPR Art. 16): a correction is a record of the log.

So the jobs take it in as they take in all others, in the order of the log and once more after a
replay. Where no job works, what they would do is done here, up to the correction and no further.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, NamedTuple, Protocol

from profiles.application.errors import PolicyChangedError
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.application.rights.notifying import Notification
from profiles.application.rights.requesting import RequestLedger
from profiles.domain.assessing import decide
from profiles.domain.correcting import correction_of
from profiles.domain.corrections import FIELDS_OF, Correction
from profiles.domain.deadlines import deadline_of
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.ledger_entry import Action, Draft, Entry, Reason
from profiles.domain.outcome import Rejected
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

PAUSE_S: Final = 0.2
"""Seconds between two looks at the stores."""


class Place(NamedTuple):
    """Where a record stands in a log."""

    partition: LogPartition
    offset: int


class CorrectionLog(Protocol):
    """The log that a correction is appended to, and what takes it from there into the stores."""

    @property
    def name(self) -> str:
        """Name the log, as the answer does."""
        ...

    @property
    def patience_s(self) -> float:
        """Return for how many seconds a job is waited for that takes nothing in."""
        ...

    def append(self, person: PersonId, record: bytes) -> Place:
        """Append a record with a person's key; return when it is there for good.

        Raises:
            LogError: it may not be there.
        """
        ...

    def take_in(self, place: Place) -> bool:
        """Take what the log holds up to a record into the stores, as the jobs do.

        Returns false where a job has the log to itself: that one does it.

        Raises:
            LogError, StoreError, LedgerError, GapError, PolicyChangedError: what was taken in
                stays.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be corrected of a person; checked by `Rectifier.check`.

    values: by the names of `FIELDS_OF`, as JSON has them. release: names of others.
    """

    person: PersonId
    values: Mapping[str, object] = field(repr=False)
    release: Sequence[str] = ()

    @property
    def record(self) -> dict[str, object]:
        """Return the record of the log."""
        return correction_of(self.person, self.values, self.release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectification:
    """What a correction came to, read back from the stores; no values.

    entry: the number of the ledger's entry of the request.
    corrected, released: names of fields. held: whether the person is held now, by store.
    minor: whether the person is too young by the correction, and so no longer held.
    complete: whether every store holds the correction, or nothing of a minor.
    told: which recipients know of it; of a minor they are told that she is erased.
    """

    id: PersonId
    entry: int
    log: str
    partition: int
    offset: int
    corrected: Sequence[str]
    released: Sequence[str]
    held: Mapping[str, bool]
    minor: bool
    complete: bool
    told: Sequence[Notification] = ()


class NotRectifiedError(ProfilesError):
    """There is nothing that could be corrected."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"{self.why} Nothing was corrected."


class StoppedWaitingError(ProfilesError):
    """It was asked to end before the stores had the correction."""

    def __init__(self, log: str, partition: int, offset: int) -> None:
        super().__init__(log, partition, offset)
        self.log, self.partition, self.offset = log, partition, offset

    def __str__(self) -> str:
        return (
            f"Stopped before the stores had the correction. It is in {self.log}, partition"
            f" {self.partition}, offset {self.offset}, and the next job takes it in. Run the same"
            " command again to wait for it: to correct twice changes nothing."
        )


@dataclass(slots=True, kw_only=True)
class Rectifier:
    """Corrects what is held of a person.

    pause: waits for some seconds; returns whether to stop.
    told: is told in a sentence what is waited for or done.
    name: of the deciding store. following_name: of the other.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Ledger
    requests: RequestLedger
    log: CorrectionLog
    rules: Rules
    clock: Clock
    pause: Callable[[float], bool]
    told: Callable[[str], None] = lambda _sentence: None
    name: str
    following_name: str | None = None

    def check(self, request: Request) -> Correction | None:
        """Decide about a correction as the jobs will; nothing is done.

        Returns None where the person is too young by it.

        Raises:
            UsageError: a field or a value can't be taken. No value is repeated.
            PolicyChangedError: the store is written under another policy than this.
            NotRectifiedError: nobody is held who could be corrected, or may not be.
        """
        policy = self.rules.policy
        now = self.clock()
        dates = self.rules.dates(logged_at=now, read_at=now)
        decided = decide(request.record, policy, dates)
        if isinstance(decided, Rejected):
            raise UsageError(_refusal(decided, request))
        dropped = [
            name
            for name in [*request.values, *request.release]
            if policy.dropped_profile_fields.issuperset(FIELDS_OF[name])
        ]
        if dropped:
            raise UsageError(
                f"The policy does not keep {', '.join(dropped)}, so nothing is there to correct."
                " Nothing was done."
            )
        held = self._correctable(request.person)
        if not isinstance(decided, Correction) or not policy.admits(decided.of(held)):
            return None
        return decided

    def _correctable(self, person: PersonId) -> Profile:
        """Return what is held of a person, if that may be corrected."""
        adopted = self.store.transactions.run(lambda unit: unit.policy())
        if adopted is not None and adopted != self.rules.fingerprint:
            raise PolicyChangedError
        held = self.store.profile(person)
        if held is None:
            raise NotRectifiedError("Nothing is held of this id.")
        view = self.ledger.view(at_least=self.store.ledger().head)
        if view.named([person]).restricted:
            raise NotRectifiedError(
                "The processing of this person's data is restricted (GDPR Art. 18): it stays as it"
                " is until that is lifted."
            )
        return held[0]

    def rectify(self, request: Request, *, received: date | None = None) -> Rectification:
        """Correct, and read back.

        The ledger learns of it once the correction is in the log, from where nothing loses it.
        Whatever is open of earlier requests to correct the person is complete with this one, for it
        comes later in the log; a deadline that runs already counts for this one, too.

        received: the day on which it was asked for; today (UTC) if none is said.

        Raises:
            UsageError, PolicyChangedError, NotRectifiedError: see `check`.
            StoppedWaitingError: the correction is in the log, and waits for a job.
            LogError, StoreError, LedgerError, GapError: one of them did not do its part; the same
                again completes it.
        """
        correction, person = self.check(request), request.person
        place = self.log.append(person, json.dumps(request.record).encode())
        entry = self.requests.open_request(person, Action.RECTIFY) or self.requests.enter(
            Draft(
                action=Action.RECTIFY,
                person=person,
                reason=Reason.REQUEST,
                deadline=deadline_of(received or self.clock().date()),
            )
        )
        self._wait(person, place)
        done = self._read_back(request, correction, place, entry)
        if not done.complete:
            return done
        told = self.requests.complete(person, Action.RECTIFY, tell=not done.minor)
        return replace(done, told=told)

    def _wait(self, person: PersonId, place: Place) -> None:
        """Wait until the stores have taken the correction in, and take it in where nobody does."""
        waited, position = 0.0, self.store.position(place.partition)
        while not self._taken_in(person, place):
            if waited >= self.log.patience_s:
                if self.log.take_in(place):
                    self.told("No job took the correction in, so it was taken in here.")
                    return
                waited = 0.0
            if self.pause(PAUSE_S):
                raise StoppedWaitingError(self.log.name, place.partition.number, place.offset)
            waited += PAUSE_S
            now = self.store.position(place.partition)
            if now != position:
                waited, position = 0.0, now

    def _taken_in(self, person: PersonId, place: Place) -> bool:
        if (self.store.position(place.partition) or 0) <= place.offset:
            return False
        return self.following is None or self.following.profile(person) == self.store.profile(
            person
        )

    def _read_back(
        self, request: Request, correction: Correction | None, place: Place, entry: Entry
    ) -> Rectification:
        person = request.person
        held = self.store.profile(person)
        kept = self.store.transactions.run(lambda unit: unit.corrections([person])).get(person)
        where = {self.name: held is not None}
        agrees = True
        if self.following is not None and self.following_name is not None:
            followed = self.following.profile(person)
            where[self.following_name] = followed is not None
            agrees = followed == held
        if correction is None:
            complete = not any(where.values())
        else:
            fields = {} if kept is None else kept.fields
            complete = (
                held is not None
                and agrees
                and correction.fields.items() <= fields.items()
                and correction.released.isdisjoint(fields)
            )
        return Rectification(
            id=person,
            entry=entry.number,
            log=self.log.name,
            partition=place.partition.number,
            offset=place.offset,
            corrected=list(request.values),
            released=list(request.release),
            held=where,
            minor=correction is None,
            complete=complete,
        )


def _refusal(rejected: Rejected, request: Request) -> str:
    """Say what of a request can't be taken, without a value of it."""
    name = rejected.path.removeprefix("correction.set.")
    if name in request.values:
        return f"{name} is not taken: it has to be {rejected.expected}. Nothing was done."
    if rejected.path.startswith("correction.release["):
        number = int(rejected.path.rpartition("[")[2].rstrip("]"))
        known = request.release[number] in FIELDS_OF
        what = request.release[number] if known else f"What --release {number + 1} names"
        return f"{what} can't be released: it has to be {rejected.expected}. Nothing was done."
    return (
        "Nothing that can be corrected is named: write FIELD=VALUE with a FIELD of"
        f" {', '.join(FIELDS_OF)}. Nothing was done."
    )
