"""What an audit finds: in the ledger, in the stores, and in receipts."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryKeyring, MemoryLedger
from profiles.application.assurance.audit import Audit, Auditor
from profiles.application.assurance.checks import Check
from profiles.application.ports.ledger import RecordedLedger
from profiles.domain.ledger_entry import Action, Draft, Entry, Reason
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.receipts import FORMAT, Document, digest, sign
from tests.support.histories import ADA, BEA, CLEO, NOW, chunk, stored

DEADLINE = date(2026, 12, 23)


@dataclass
class Bench:
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    ledger: MemoryLedger = field(init=False)
    today: datetime = NOW

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)

    def erase(self, *persons: PersonId) -> Sequence[Entry]:
        drafts = [
            Draft(action=Action.SUPPRESS, person=p, reason=Reason.CONSENT, deadline=DEADLINE)
            for p in persons
        ]
        return self.ledger.enter(drafts, at=NOW)

    def receipt(self, *entries: tuple[PersonId, int]) -> Document:
        """Sign a receipt, and note it for those entries."""
        content = {
            "format": FORMAT,
            "persons": [{"id": person, "entry": number} for person, number in entries],
            "ledger": self.ledger.view().head._asdict(),
        }
        receipt = sign(content, self.keyring.read()[-1])
        self.ledger.enter(
            [
                Draft(action=Action.COMPLETE, refers=number, digest=digest(receipt))
                for _, number in entries
            ],
            at=NOW,
        )
        return receipt

    def audit(self, **receipts: Document) -> Audit:
        @contextmanager
        def opened(_applied: int) -> Generator[RecordedLedger]:
            yield self.ledger

        return Auditor(
            store=self.store,
            ledger=opened,
            keyring=self.keyring,
            held=self.store.held,
            clock=lambda: self.today,
        ).run({name: json.dumps(document).encode() for name, document in receipts.items()})


@pytest.fixture
def bench() -> Bench:
    return Bench()


def check(audit: Audit, what: str) -> Check:
    (found,) = [each for each in audit.checks if each.what == what]
    return found


def test_an_empty_ledger_is_well(bench: Bench) -> None:
    audit = bench.audit()

    assert all(each.ok for each in audit.checks)
    assert [each.what for each in audit.checks] == [
        "ledger",
        "deciding store",
        "requests",
        "outbox",
    ]
    assert (audit.suppressed, audit.restricted, audit.requests) == (0, 0, [])


def test_it_tells_how_each_request_stands(bench: Bench) -> None:
    bench.erase(ADA, BEA)
    bench.ledger.restrict(CLEO)
    bench.store.apply_ledger(bench.ledger)
    bench.receipt((ADA, 1))
    bench.ledger.enter(
        [
            Draft(action=Action.EXTEND, refers=2, reason=Reason.NUMBER, deadline=date(2027, 2, 23)),
            Draft(action=Action.NOTIFY, refers=1, recipient="the shop"),
        ],
        at=NOW,
    )

    audit = bench.audit()

    assert all(each.ok for each in audit.checks)
    assert (audit.at, audit.head) == (NOW, bench.ledger.view().head)
    assert (audit.suppressed, audit.restricted) == (2, 1)
    ada, bea = audit.requests
    assert (ada.number, ada.action, ada.reason, ada.state) == (1, "suppress", CONSENT, "complete")
    assert (ada.told, ada.late, ada.overdue) == (("the shop",), False, False)
    assert (bea.number, bea.state, bea.completed_at) == (2, "open", None)
    assert (bea.deadline, bea.extended_to) == (DEADLINE, date(2027, 2, 23))
    assert bea.extended_for == "number-of-requests"
    assert check(audit, "requests").found == "2, of which 1 are open"
    assert not any(person in repr(audit) for person in (ADA, BEA, CLEO))


CONSENT = "consent-withdrawn"


def test_an_overdue_request_is_a_finding(bench: Bench) -> None:
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger)
    bench.today = NOW + timedelta(days=31)

    audit = bench.audit()

    assert audit.requests[0].overdue
    found = check(audit, "requests")
    assert not found.ok
    assert found.found == "1, of which 1 are open, and 1 overdue: 1"


def test_a_ledger_that_was_changed_is_a_finding_and_nothing_else_is_told_of_it(
    bench: Bench,
) -> None:
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger)
    bench.ledger.lose()

    audit = bench.audit()

    assert not check(audit, "ledger").ok
    assert "ends at entry 0, before 1" in check(audit, "ledger").found
    assert (audit.head, audit.requests) == (None, ())


def test_a_store_that_is_behind_the_ledger_is_a_finding(bench: Bench) -> None:
    bench.erase(ADA)

    found = check(bench.audit(), "deciding store")

    assert not found.ok
    assert found.found == "has carried out 0 of 1 entries"
    bench.store.apply_ledger(bench.ledger)
    assert check(bench.audit(), "deciding store").ok


def test_entries_that_change_nothing_held_need_no_store(bench: Bench) -> None:
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger)
    bench.receipt((ADA, 1))

    assert check(bench.audit(), "deciding store").ok


def test_an_outbox_that_is_not_empty_is_a_finding(bench: Bench) -> None:
    bench.store.apply(chunk(stored(ADA)), bench.ledger)
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger, followed=True)

    assert check(bench.audit(), "outbox").found == "1 changes to be delivered"


# Receipts ----------------------------------------------------------------------------------------


def test_a_receipt_that_is_true_is_well(bench: Bench) -> None:
    bench.erase(ADA, BEA)
    bench.store.apply_ledger(bench.ledger)
    receipt = bench.receipt((ADA, 1), (BEA, 2))

    found = check(bench.audit(file=receipt), "receipt file")

    assert found.ok
    assert found.found == "signed, in the chain, 2 persons, of whom 0 are held"


def changed(receipt: Document, bench: Bench) -> Document:  # noqa: ARG001 - of the others' form
    return {**receipt, "at": "2020"}


def under_another_key(receipt: Document, bench: Bench) -> Document:  # noqa: ARG001 - of the others' form
    return sign(without_signature(receipt), PseudonymKey(id="lost", secret=b"x" * 32))


def signed_anew(bench: Bench, receipt: Document, **other: Any) -> Document:  # noqa: ANN401 - as JSON has it
    return sign({**without_signature(receipt), **other}, bench.keyring.read()[-1])


def of_another_ledger(receipt: Document, bench: Bench) -> Document:
    return signed_anew(bench, receipt, ledger={"number": 1, "seal": "ab" * 32})


def of_a_longer_ledger(receipt: Document, bench: Bench) -> Document:
    return signed_anew(bench, receipt, ledger={"number": 9, "seal": "ab" * 32})


def of_somebody_else(receipt: Document, bench: Bench) -> Document:
    return signed_anew(bench, receipt, persons=[{"id": CLEO, "entry": 1}])


def without_signature(receipt: Document) -> Document:
    return {name: value for name, value in receipt.items() if name != "signature"}


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (changed, "its signature does not fit it"),
        (under_another_key, "signed with the key lost, which is not in memory"),
        (of_another_ledger, "has not the entry 1"),
        (of_a_longer_ledger, "has not the entry 9"),
        (of_somebody_else, "1 of its persons are not those"),
    ],
)
def test_a_receipt_that_is_not_true_is_a_finding(bench: Bench, forge: Any, said: str) -> None:  # noqa: ANN401 - one of those above
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger)

    found = check(bench.audit(file=forge(bench.receipt((ADA, 1)), bench)), "receipt file")

    assert not found.ok
    assert said in found.found
    assert found.remedy


def test_a_receipt_of_somebody_who_is_held_is_a_finding(bench: Bench) -> None:
    bench.store.apply(chunk(stored(ADA)), bench.ledger)
    bench.erase(ADA)

    found = check(bench.audit(file=bench.receipt((ADA, 1))), "receipt file")

    assert not found.ok
    assert found.found == "signed, in the chain, 1 persons, of whom 1 are held"


def test_who_was_readmitted_may_be_held_again(bench: Bench) -> None:
    bench.erase(ADA)
    receipt = bench.receipt((ADA, 1))
    bench.ledger.readmit(ADA)
    bench.store.apply(chunk(stored(ADA)), bench.ledger)

    found = check(bench.audit(file=receipt), "receipt file")

    assert found.ok
    assert found.found.endswith("0 persons, of whom 0 are held; 1 readmitted since")


def test_a_second_receipt_for_the_same_is_said_to_be_one(bench: Bench) -> None:
    bench.erase(ADA)
    bench.store.apply_ledger(bench.ledger)
    receipt = bench.receipt((ADA, 1))

    found = check(bench.audit(file=signed_anew(bench, receipt, at="later")), "receipt file")

    assert found.ok
    assert "given by a later run" in found.found
