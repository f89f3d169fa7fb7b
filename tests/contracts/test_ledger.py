"""What every erasure ledger promises (see the ports `Ledger` and `LedgerWriter`)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, timedelta
from threading import Event

import pytest

from profiles.application.errors import LedgerError
from profiles.domain.ledger_entry import START, Action, Draft, Entry, LedgerHead, Reason
from profiles.domain.ledger_view import Named
from profiles.domain.person import PersonId
from tests.contracts.conftest import WritableLedger
from tests.support.histories import ADA, BEA, CLEO, IDS, NOW


def enter(ledger: WritableLedger, action: Action, *persons: PersonId) -> list[Entry]:
    """Enter the same of some persons."""
    return list(ledger.enter([Draft(action=action, person=p) for p in persons], at=NOW))


def test_an_empty_ledger_forbids_nothing(ledger: WritableLedger) -> None:
    view = ledger.view()

    assert view.head == START
    assert view.named(IDS) == Named()
    assert ledger.entries() == []


def test_the_view_grows_with_the_entries(ledger: WritableLedger) -> None:
    enter(ledger, Action.SUPPRESS, ADA)
    assert ledger.view().named(IDS) == Named(suppressed=frozenset({ADA}))

    enter(ledger, Action.RESTRICT, BEA)
    (last,) = enter(ledger, Action.SUPPRESS, CLEO)
    view = ledger.view(at_least=last.head)
    assert view.head == last.head
    assert view.named(IDS) == Named(frozenset({ADA, CLEO}), frozenset({BEA}))


def test_entries_of_one_call_follow_each_other(ledger: WritableLedger) -> None:
    enter(ledger, Action.SUPPRESS, ADA)

    entries = enter(ledger, Action.RESTRICT, *IDS[:5])

    assert [entry.number for entry in entries] == [2, 3, 4, 5, 6]
    assert [entry.action for entry in entries] == [Action.RESTRICT] * 5
    assert ledger.view().head == entries[-1].head
    assert ledger.entries()[1:] == entries
    assert enter(ledger, Action.SUPPRESS) == []
    assert ledger.view().position == 6


def test_an_entry_says_what_was_entered_and_names_nobody(ledger: WritableLedger) -> None:
    asked = Draft(
        action=Action.SUPPRESS, person=ADA, reason=Reason.CONSENT, deadline=date(2026, 12, 23)
    )
    done = Draft(action=Action.COMPLETE, refers=1, digest="ab" * 32)

    ledger.enter([asked, done], at=NOW)

    first, second = ledger.entries()
    assert (first.action, first.reason, first.deadline) == (
        Action.SUPPRESS,
        Reason.CONSENT,
        date(2026, 12, 23),
    )
    assert (second.action, second.refers, second.digest) == (Action.COMPLETE, 1, "ab" * 32)
    assert abs(first.at - NOW.astimezone(UTC)) < timedelta(milliseconds=1)
    assert ADA not in repr(first) + repr(second)


def test_a_person_may_be_entered_twice(ledger: WritableLedger) -> None:
    enter(ledger, Action.SUPPRESS, ADA, ADA)

    assert ledger.view().named(IDS).suppressed == {ADA}


def test_a_view_given_out_before_does_not_change(ledger: WritableLedger) -> None:
    before = ledger.view()

    enter(ledger, Action.SUPPRESS, ADA)
    ledger.view()

    assert before.position == 0
    assert before.named(IDS) == Named()


def test_threads_may_share_it(ledger: WritableLedger) -> None:
    writing = Event()

    def look() -> int:
        head = START
        while writing.is_set() or head.number < len(IDS):
            head = ledger.view(at_least=head).head
        return head.number

    writing.set()
    with ThreadPoolExecutor(3) as threads:
        looking = [threads.submit(look) for _ in range(3)]
        for person in IDS:
            enter(ledger, Action.SUPPRESS, person)
        writing.clear()
        assert [each.result() for each in looking] == [len(IDS)] * 3


def test_two_that_write_at_once_leave_no_hole(ledger: WritableLedger) -> None:
    with ThreadPoolExecutor(2) as threads:
        both = [
            threads.submit(enter, ledger, Action.SUPPRESS, *persons)
            for persons in (IDS[:3], IDS[3:6])
        ]
        numbers = [[entry.number for entry in each.result()] for each in both]

    assert sorted(numbers) == [[1, 2, 3], [4, 5, 6]]
    assert [entry.number for entry in ledger.entries()] == [1, 2, 3, 4, 5, 6]
    assert ledger.view().named(IDS).suppressed == {*IDS[:6]}


def test_a_ledger_that_ends_too_early_is_not_believed(ledger: WritableLedger) -> None:
    (entry,) = enter(ledger, Action.SUPPRESS, ADA)

    with pytest.raises(LedgerError, match="ends at entry 1, before 2") as raised:
        ledger.view(at_least=LedgerHead(2, entry.seal))

    assert "Nothing was stored" in str(raised.value)
    assert ADA not in str(raised.value)


def test_another_ledger_than_the_one_that_was_applied_is_not_believed(
    ledger: WritableLedger,
) -> None:
    enter(ledger, Action.SUPPRESS, ADA, BEA)

    with pytest.raises(LedgerError, match="its entry 1 is different"):
        ledger.view(at_least=LedgerHead(1, "ab" * 32))
