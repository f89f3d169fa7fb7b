"""What the entries of an erasure ledger say of single persons, and of how many."""

from __future__ import annotations

from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.ledger_history import Numbers, count_named, entries_about
from profiles.domain.person import PersonId
from tests.support.ledger_entries import KEYS, LATER_KEY, entered

ADA = PersonId("00000000-0000-4000-8000-000000000001")
BEA = PersonId("00000000-0000-4000-8000-000000000002")
CLEO = PersonId("00000000-0000-4000-8000-000000000003")


def of(person: PersonId, action: Action = Action.SUPPRESS, refers: int | None = None) -> Draft:
    return Draft(action=action, person=person, refers=refers)


def about(number: int, action: Action = Action.COMPLETE) -> Draft:
    return Draft(action=action, refers=number)


def test_a_persons_entries_are_those_that_name_her_and_those_that_refer_to_them() -> None:
    entries = entered(of(ADA), of(BEA), about(1), about(2), about(1, Action.NOTIFY), about(9))

    found = entries_about(entries, [ADA, CLEO], KEYS.values())

    assert [entry.number for entry in found[ADA]] == [1, 3, 5]
    assert found[CLEO] == []
    assert found.keys() == {ADA, CLEO}


def test_a_person_is_found_under_every_key() -> None:
    entries = entered(of(ADA), (of(ADA, Action.READMIT), LATER_KEY), (of(BEA), LATER_KEY))

    found = entries_about(entries, [ADA], KEYS.values())

    assert [entry.number for entry in found[ADA]] == [1, 2]


def test_an_entry_about_another_person_is_not_hers_whatever_it_refers_to() -> None:
    entries = entered(of(ADA), of(BEA, refers=1))

    assert [e.number for e in entries_about(entries, [ADA], KEYS.values())[ADA]] == [1]


def test_who_is_named_twice_counts_once() -> None:
    entries = entered(of(ADA), of(ADA), about(1), of(BEA), of(BEA, Action.RESTRICT))

    assert count_named(entries) == Numbers(suppressed=2, restricted=1)
    assert count_named([]) == Numbers(0, 0)


def test_who_was_readmitted_or_is_restricted_no_longer_does_not_count() -> None:
    entries = entered(
        of(ADA),
        of(BEA, Action.RESTRICT),
        of(BEA, Action.RECTIFY),
        of(ADA, Action.READMIT),
        of(BEA, Action.UNRESTRICT),
        of(CLEO, Action.READMIT),
    )

    assert count_named(entries) == Numbers(0, 0)


def test_who_was_readmitted_under_a_later_key_is_known_by_the_entry_referred_to() -> None:
    readmitted = of(ADA, Action.READMIT, refers=1)

    assert count_named(entered(of(ADA), (readmitted, LATER_KEY))) == Numbers(0, 0)
    assert count_named(entered(of(ADA), of(BEA, Action.READMIT, refers=9))) == Numbers(1, 0)
