"""Requests, as the ledger tells of them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.person import PersonId
from profiles.domain.requests import Request, recipients_told, requests_of
from tests.support.ledger_entries import AT, entered

ADA = PersonId("00000000-0000-4000-8000-000000000001")
DAY = date(2026, 12, 26)
ASKED = Draft(action=Action.SUPPRESS, person=ADA, reason=Reason.CONSENT, deadline=DAY)


def about(action: Action, digest: str | None = None, at: datetime | None = None) -> Draft:
    return Draft(action=action, refers=1, digest=digest, entered_at=at)


def told(recipient: str | None) -> Draft:
    return Draft(action=Action.NOTIFY, refers=1, recipient=recipient)


def extended_to(day: date) -> Draft:
    return Draft(action=Action.EXTEND, refers=1, deadline=day, reason=Reason.COMPLEXITY)


def only(*drafts: Draft, at: datetime = AT) -> Request:
    (request,) = requests_of(entered(*drafts, at=at)).values()
    return request


def test_an_entry_with_a_deadline_is_a_request_and_begins_open() -> None:
    request = only(ASKED, Draft(action=Action.RESTRICT, person=ADA))

    assert request == Request(
        number=1, action=Action.SUPPRESS, reason=Reason.CONSENT, at=AT, deadline=DAY
    )
    assert request.is_open
    assert request.last_day == DAY


def test_it_is_done_when_the_ledger_says_so_with_its_receipts() -> None:
    request = only(
        ASKED,
        about(Action.COMPLETE, digest="ab"),
        about(Action.COMPLETE, digest="cd"),
        about(Action.COMPLETE),
    )

    assert not request.is_open
    assert request.completed_at == AT
    assert request.receipts == ("ab", "cd")


def test_the_first_time_it_was_done_counts() -> None:
    done = about(Action.COMPLETE, at=datetime(2026, 12, 1, tzinfo=UTC))

    assert only(ASKED, done, about(Action.COMPLETE)).completed_at == datetime(
        2026, 12, 1, tzinfo=UTC
    )


def test_it_tells_who_was_told() -> None:
    request = only(
        ASKED,
        told("the newsletter"),
        told("the shop"),
        told(None),
        about(Action.RECTIFY),
    )

    assert request.told == ("the newsletter", "the shop")


def test_who_was_told_of_an_entry_is_known_by_name() -> None:
    entries = entered(
        ASKED, told("the newsletter"), told(None), about(Action.COMPLETE), told("the shop"), at=AT
    )

    assert recipients_told(entries, 1) == {"the newsletter", "the shop"}
    assert recipients_told(entries, 2) == frozenset()


def test_it_is_overdue_after_its_last_day_unless_it_is_done() -> None:
    assert not only(ASKED).is_overdue(DAY)
    assert only(ASKED).is_overdue(date(2026, 12, 27))
    assert not only(ASKED, about(Action.COMPLETE)).is_overdue(date(2026, 12, 27))


def test_an_extension_moves_its_last_day() -> None:
    later = date(2027, 2, 26)
    request = only(ASKED, extended_to(later))

    assert (request.deadline, request.extended_to) == (DAY, later)
    assert request.extended_for is Reason.COMPLEXITY
    assert not request.is_overdue(later)
    assert request.is_overdue(date(2027, 2, 27))


def test_it_was_late_if_it_was_done_after_its_last_day() -> None:
    in_time = about(Action.COMPLETE, at=datetime(2026, 12, 26, 23, 59, tzinfo=UTC))
    late = about(Action.COMPLETE, at=datetime(2026, 12, 27, tzinfo=UTC))

    assert not only(ASKED, in_time).was_late
    assert only(ASKED, late).was_late
    assert not only(ASKED).was_late


def test_what_refers_to_no_request_changes_none() -> None:
    entries = entered(
        Draft(action=Action.SUPPRESS, person=ADA), about(Action.COMPLETE), about(Action.EXTEND)
    )

    assert requests_of(entries) == {}
