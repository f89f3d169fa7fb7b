"""The proof that requests were answered: the ledger's chain, deadlines, receipts, and the stores.

It names nobody: requests go by the numbers of their entries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime

from profiles.application.assurance.checks import Check, failed
from profiles.application.assurance.rechecking import AT_ONCE
from profiles.application.ledger.joining import checked_view
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Keyring, RecordedLedger
from profiles.application.ports.stores import DecidingStore
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_entry import Action, Entry, LedgerHead, UnknownKey
from profiles.domain.ledger_history import Numbers, count_named, entries_about
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.receipts import Signed, Untrusted, read_receipt
from profiles.domain.requests import Request, requests_of

Held = Callable[[Sequence[PersonId]], Collection[PersonId]]
"""Tells of whom of some persons anything is held, in any place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRequest:
    """A request, and how it stands.

    state: `open` or `complete`. overdue: open after its last day. late: done after it.
    """

    number: int
    action: str
    reason: str | None
    entered_at: datetime
    deadline: date
    extended_to: date | None
    extended_for: str | None
    state: str
    completed_at: datetime | None
    overdue: bool
    late: bool
    told: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found.

    head: the ledger's last entry; None where it can't be read or trusted, and all below is empty.
    suppressed, restricted: how many persons are, now.
    """

    at: datetime
    head: LedgerHead | None
    suppressed: int
    restricted: int
    requests: Sequence[AuditedRequest]
    checks: Sequence[Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Audits a ledger against the stores that are used with it.

    ledger: opens it where it is there, given the position that the store has applied; never makes
        it.
    held: see `Held`.
    """

    store: DecidingStore
    ledger: Callable[[int], AbstractContextManager[RecordedLedger]]
    keyring: Keyring
    held: Held
    clock: Clock

    def run(self, receipts: Mapping[str, bytes]) -> Audit:
        """Verify all of it, and change nothing.

        receipts: to be verified as well, by the names of their files.

        Raises:
            StoreError, LogError: a place did not answer.
        """
        now = self.clock()
        applied = self.store.ledger()
        try:
            with self.ledger(applied.head.number) as ledger:
                view, entries = checked_view(applied, ledger), ledger.entries()
        except ProfilesError as failure:
            checks = [failed("ledger", failure), *self._outbox_check()]
            return Audit(at=now, head=None, suppressed=0, restricted=0, requests=(), checks=checks)
        requests = list(requests_of(entries).values())
        counted: Numbers = count_named(entries)
        checks = [
            _chain_check(view),
            _store_check(applied.head, applied.carried_out, view),
            _deadline_check(requests, now.date()),
            *self._outbox_check(),
            *(self._receipt_check(file, text, view, entries) for file, text in receipts.items()),
        ]
        return Audit(
            at=now,
            head=view.head,
            suppressed=counted.suppressed,
            restricted=counted.restricted,
            requests=[_audited(request, now.date()) for request in requests],
            checks=checks,
        )

    def _outbox_check(self) -> Iterator[Check]:
        """Look for changes that the following store has still to make."""
        owed = len(self.store.outbox(limit=AT_ONCE))
        if not owed:
            yield Check(what="outbox", ok=True, found="empty")
            return
        found = f"{owed:,}{' or more' if owed == AT_ONCE else ''} changes to be delivered"
        remedy = "`profiles process` (or `spark`) delivers them, and so does `verify --repair`."
        yield Check(what="outbox", ok=False, found=found, remedy=remedy)

    def _receipt_check(
        self, file: str, text: bytes, view: LedgerView, entries: Sequence[Entry]
    ) -> Check:
        """Verify a receipt: its signature, its place in the chain, and that it is true still."""
        keys = {key.id: key for key in self.keyring.read()}
        what = f"receipt {file}"
        receipt = read_receipt(text, keys)
        if isinstance(receipt, Untrusted):
            remedy = "Find out where the file comes from; the same command gives a new receipt."
            return Check(what=what, ok=False, found=receipt.value, remedy=remedy)
        if isinstance(receipt, UnknownKey):
            found = f"it is signed with the key {receipt.id}, which is not in {self.keyring.name}"
            return Check(what=what, ok=False, found=found, remedy="Put the key there, from a copy.")
        if not _has(entries, receipt.head):
            found = (
                f"the ledger has not the entry {receipt.head.number} that the receipt was given at"
            )
            remedy = "The ledger was cut short or exchanged: find the one that it was given by."
            return Check(what=what, ok=False, found=found, remedy=remedy)
        about = entries_about(entries, list(receipt.entries), keys.values())
        wrong = sum(
            not any(entry.number == number for entry in about[person])
            for person, number in receipt.entries.items()
        )
        if wrong:
            found = f"{wrong:,} of its persons are not those of the entries that it names"
            return Check(what=what, ok=False, found=found, remedy="Find out who signed it.")
        return self._kept_check(what, receipt, view, entries)

    def _kept_check(
        self, what: str, receipt: Signed, view: LedgerView, entries: Sequence[Entry]
    ) -> Check:
        """Check that nothing is held of whom a receipt names, unless she was readmitted."""
        erased = view.named(receipt.entries).suppressed
        back = len(self.held(sorted(erased)))
        readmitted = len(receipt.entries) - len(erased)
        found = f"signed, in the chain, {len(erased):,} persons, of whom {back:,} are held"
        if readmitted:
            found += f"; {readmitted:,} readmitted since"
        if receipt.digest not in {e.digest for e in entries if e.action is Action.COMPLETE}:
            found += "; given by a later run than the one that the ledger notes"
        remedy = "Run `profiles erase` again for the persons of this receipt." if back else None
        return Check(what=what, ok=not back, found=found, remedy=remedy)


def _has(entries: Sequence[Entry], head: LedgerHead) -> bool:
    return 0 < head.number <= len(entries) and entries[head.number - 1].head == head


def _chain_check(view: LedgerView) -> Check:
    found = f"{view.position:,} entries, each sealed and in its place"
    return Check(what="ledger", ok=True, found=found)


def _store_check(head: LedgerHead, carried_out: int, view: LedgerView) -> Check:
    """Judge whether the deciding store has carried out all that the ledger asks for."""
    what = "deciding store"
    if head.number >= view.last_change <= carried_out:
        found = f"its entry {head.number} is in the ledger, and all is carried out"
        return Check(what=what, ok=True, found=found)
    done = min(head.number, carried_out)
    found = f"has carried out {done:,} of {view.last_change:,} entries"
    remedy = "`profiles verify --repair` does the rest, and so does `profiles process` (or `run`)."
    return Check(what=what, ok=False, found=found, remedy=remedy)


def _deadline_check(requests: Sequence[Request], today: date) -> Check:
    still_open = [request for request in requests if request.is_open]
    overdue = [f"{request.number}" for request in requests if request.is_overdue(today)]
    found = f"{len(requests):,}, of which {len(still_open):,} are open"
    if not overdue:
        return Check(what="requests", ok=True, found=found)
    remedy = "Run the command of each again for its ID: that completes it. Then tell the person."
    found = f"{found}, and {len(overdue):,} overdue: {', '.join(overdue[:100])}"
    return Check(what="requests", ok=False, found=found, remedy=remedy)


def _audited(request: Request, today: date) -> AuditedRequest:
    return AuditedRequest(
        number=request.number,
        action=request.action.value,
        reason=None if request.reason is None else request.reason.value,
        entered_at=request.at,
        deadline=request.deadline,
        extended_to=request.extended_to,
        extended_for=None if request.extended_for is None else request.extended_for.value,
        state="open" if request.is_open else "complete",
        completed_at=request.completed_at,
        overdue=request.is_overdue(today),
        late=request.was_late,
        told=request.told,
    )
