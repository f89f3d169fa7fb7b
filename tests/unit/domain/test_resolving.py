from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.corrections import CorrectedValue, Correction, Corrections
from profiles.domain.outcome import (
    Erased,
    Outcome,
    Rejected,
    RejectionReason,
    Withheld,
    WithheldReason,
)
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.resolving import Changes, Decided, Held, counted_out, resolve
from profiles.domain.statistics import Cell, Statistics
from profiles.domain.tally import Tally
from profiles.domain.version import Origin, Version
from tests.strategies import counted_profiles, decided, few_ids

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BO = PersonId("00000000-0000-4000-8000-00000000000b")
MINOR = Withheld(WithheldReason.MINOR)
OLDER_IN_SWEDEN = PrivacyPolicy(minimum_age_in={"SE": 60})
BROKEN = Rejected(RejectionReason.TYPE, "name", "object or null")


def profile(person: PersonId = ADA, *, city: str = "Oslo", gender: str = "female") -> Profile:
    return Profile(
        id=person,
        username=None,
        gender=gender,
        title=None,
        full_name=None,
        full_address=None,
        city=city,
        country=None,
        nationality="NO",
        email=None,
        email_domain="a.example",
        age=36,
        birth_month="1990-02",
        registered_on=None,
        as_of=date(2026, 11, 23),
        expires_at=date(2027, 11, 23),
    )


@dataclass
class Store:
    """A store of a few lines: what a deciding store does with the changes."""

    users: dict[PersonId, tuple[Profile, int]] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    tally: Tally = field(default_factory=Tally)
    corrections: dict[PersonId, Corrections] = field(default_factory=dict)

    def apply(
        self,
        records: Sequence[Decided],
        suppressed: Collection[PersonId] = (),
        restricted: Collection[PersonId] = (),
    ) -> Changes:
        held = {p: Held.of(*pair, self.corrections.get(p)) for p, pair in self.users.items()}
        resolved = partial(
            resolve,
            records,
            held,
            suppressed=suppressed,
            restricted=restricted,
            admits=OLDER_IN_SWEDEN.admits,
        )
        changes = resolved()
        if changes.unread:
            assert set(changes.unread) <= set(self.users)
            changes = resolved(
                profiles={person: self.users[person][0] for person in changes.unread}
            )
        assert not changes.unread
        for person in changes.deletions:
            self.users.pop(person, None)
            self.corrections.pop(person, None)
        for person, pair in changes.upserts.items():
            self.users[person] = pair
            self.corrections.pop(person, None)
        assert set(changes.corrections) <= set(changes.upserts)
        self.corrections |= changes.corrections
        self.statistics += changes.difference
        self.tally += changes.tally
        return changes

    def recount(self) -> Statistics:
        return Statistics.recount(one for one, _ in self.users.values())


def outcomes(changes: Changes) -> dict[str, int]:
    counts = {outcome.value: changes.tally.count(outcome) for outcome in Outcome}
    return {name: count for name, count in counts.items() if count}


def holding(*held: tuple[Profile, int]) -> Store:
    store = Store()
    store.apply([Decided(version, one.id, one) for one, version in held])
    store.tally = Tally()
    return store


# One record --------------------------------------------------------------------------------------


def test_nothing_changes_nothing() -> None:
    assert resolve([], {}) == Changes(
        upserts={},
        deletions={},
        differences={},
        newcomers=[],
        rejected=[],
        tally=Tally(),
    )


def test_a_new_person_is_stored_and_counted() -> None:
    changes = resolve([Decided(7, ADA, profile())], {})

    assert changes == Changes(
        upserts={ADA: (profile(), 7)},
        deletions={},
        differences={Origin(0, 0): Statistics.recount([profile()])},
        newcomers=[ADA],
        rejected=[],
        tally=Tally(stored=1),
    )


def test_a_newer_record_takes_the_place_of_what_is_held() -> None:
    changes = holding((profile(), 7)).apply([Decided(8, ADA, profile(gender="male"))])

    assert changes.upserts == {ADA: (profile(gender="male"), 8)}
    assert changes.newcomers == []
    assert changes.difference.cells == {
        Cell("NO", "female", "1990-02"): -1,
        Cell("NO", "male", "1990-02"): 1,
    }
    assert changes.difference.email_domains == {}
    assert outcomes(changes) == {"stored": 1}


def test_the_same_version_again_is_stored_again_and_counts_once() -> None:
    store = holding((profile(), 7))

    assert outcomes(store.apply([Decided(7, ADA, profile())])) == {"stored": 1}
    assert store.statistics.total == 1


def test_an_older_record_is_superseded() -> None:
    changes = holding((profile(), 7)).apply([Decided(6, ADA, profile(city="Bergen"))])

    assert changes.upserts == {}
    assert changes.deletions == {}
    assert changes.difference == Statistics()
    assert outcomes(changes) == {"superseded": 1}


@pytest.mark.parametrize(
    ("outcome", "counted", "reasons"),
    [
        (MINOR, "withheld", {"minor": 1}),
        (Withheld(WithheldReason.RETENTION), "withheld", {"retention": 1}),
        (Erased(), "erased", {}),
    ],
)
@pytest.mark.parametrize(
    ("version", "deleted"), [(8, True), (7, True), (6, False)], ids=["newer", "same", "older"]
)
def test_who_is_withheld_or_erased_does_not_stay(
    outcome: Withheld | Erased,
    counted: str,
    reasons: dict[str, int],
    version: int,
    *,
    deleted: bool,
) -> None:
    store = holding((profile(), 7), (profile(BO), 7))

    changes = store.apply([Decided(version, ADA, outcome)])

    assert outcomes(changes) == {counted: 1}
    assert changes.tally.reasons == reasons
    assert changes.deletions == ({ADA: version} if deleted else {})
    assert (ADA in store.users) is not deleted
    assert store.statistics == store.recount()


@pytest.mark.parametrize("outcome", [MINOR, Erased()])
def test_who_is_not_held_is_deleted_all_the_same_for_the_stores_that_follow(
    outcome: Withheld | Erased,
) -> None:
    changes = resolve([Decided(8, ADA, outcome)], {})

    assert changes.deletions == {ADA: 8}
    assert changes.difference == Statistics()


@pytest.mark.parametrize("outcome", [MINOR, Erased(), BROKEN])
def test_a_record_without_a_readable_id_leaves_a_count_only(
    outcome: Withheld | Erased | Rejected,
) -> None:
    changes = holding((profile(), 7)).apply([Decided(8, None, outcome)])

    assert changes.deletions == {}
    assert changes.difference == Statistics()
    assert sum(outcomes(changes).values()) == 1


def test_a_rejected_record_leaves_what_is_held_and_goes_to_quarantine() -> None:
    other = Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")
    store = holding((profile(), 7))

    changes = store.apply([Decided(8, ADA, BROKEN), Decided(9, None, other)])

    assert changes.rejected == [(8, BROKEN), (9, other)]
    assert store.users == {ADA: (profile(), 7)}
    assert outcomes(changes) == {"rejected": 2}
    assert changes.tally.reasons == {"type": 1, "date": 1}


# Suppressed and restricted -----------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [profile(), MINOR])
@pytest.mark.parametrize("held_in", [6, 7, 8, 9])
def test_nothing_of_the_suppressed_stays_or_comes(
    outcome: Profile | Withheld, held_in: int
) -> None:
    store = holding((profile(), held_in))

    changes = store.apply([Decided(8, ADA, outcome)], suppressed={ADA})

    assert store.users == {}
    assert store.statistics == Statistics()
    assert changes.deletions == {ADA: Version.last_revision(max(8, held_in))}
    assert changes.upserts == {}
    assert outcomes(changes) == {"suppressed": 1}
    assert changes.tally.reasons == {}


def test_of_the_suppressed_who_are_not_held_the_followers_delete() -> None:
    # In every revision: a deciding store that was put back knows of no restriction that has ended.
    records = [Decided(8, ADA, profile()), Decided(9, ADA, profile())]

    changes = resolve(records, {}, suppressed={ADA})

    assert changes.deletions == {ADA: Version.last_revision(9)}
    assert outcomes(changes) == {"suppressed": 2}


@pytest.mark.parametrize("last", [profile(city="Bergen"), MINOR, Erased()])
def test_what_is_held_of_the_suppressed_is_deleted_above_its_own_version_whatever_follows(
    last: Profile | Withheld | Erased,
) -> None:
    # A following store deletes up to a version: at a lower one the row would stay there.
    store = holding((profile(), 109))

    changes = store.apply([Decided(7, ADA, profile()), Decided(8, ADA, last)], suppressed={ADA})

    assert changes.deletions == {ADA: Version.last_revision(109)}
    assert store.users == {}


@pytest.mark.parametrize("outcome", [profile(city="Bergen"), MINOR])
def test_what_is_held_of_the_restricted_stays_as_it_is(outcome: Profile | Withheld) -> None:
    store = holding((profile(), 7))

    changes = store.apply([Decided(8, ADA, outcome)], restricted={ADA})

    assert store.users == {ADA: (profile(), 7)}
    assert changes.deletions == {}
    assert outcomes(changes) == {"restricted": 1}
    assert changes.tally.reasons == {}


ALL = frozenset({ADA})


@pytest.mark.parametrize(
    ("outcome", "suppressed", "restricted", "counted"),
    [
        (BROKEN, ALL, ALL, "rejected"),
        (Erased(), ALL, ALL, "erased"),
        (profile(), ALL, ALL, "suppressed"),
        (MINOR, ALL, ALL, "suppressed"),
        (profile(), frozenset(), ALL, "restricted"),
        (MINOR, frozenset(), ALL, "restricted"),
        (MINOR, {BO}, {BO}, "withheld"),
        (profile(), {BO}, {BO}, "stored"),
    ],
)
def test_the_first_match_counts(
    outcome: Profile | Withheld | Rejected | Erased,
    suppressed: Collection[PersonId],
    restricted: Collection[PersonId],
    counted: str,
) -> None:
    changes = resolve([Decided(8, ADA, outcome)], {}, suppressed=suppressed, restricted=restricted)

    assert outcomes(changes) == {counted: 1}


# Several records of one person -------------------------------------------------------------------


def test_of_one_persons_records_the_last_is_stored() -> None:
    records = [
        Decided(8, ADA, profile(city="Oslo")),
        Decided(9, BO, profile(BO)),
        Decided(10, ADA, profile(city="Bergen")),
        Decided(10, ADA, profile(city="Tromsø")),  # in the same message
    ]

    changes = resolve(records, {})

    assert changes.upserts == {ADA: (profile(city="Tromsø"), 10), BO: (profile(BO), 9)}
    assert sorted(changes.newcomers) == [ADA, BO]
    assert outcomes(changes) == {"stored": 2, "superseded": 2}


def test_a_profile_that_is_withheld_later_in_the_chunk_is_superseded() -> None:
    store = holding((profile(), 7))

    changes = store.apply([Decided(8, ADA, profile(city="Bergen")), Decided(9, ADA, MINOR)])

    assert changes.upserts == {}
    assert changes.newcomers == []
    assert changes.deletions == {ADA: 9}
    assert changes.difference == -Statistics.recount([profile()])
    assert outcomes(changes) == {"withheld": 1, "superseded": 1}


def test_who_is_erased_and_comes_again_is_stored() -> None:
    store = holding((profile(), 7))

    changes = store.apply([Decided(8, ADA, Erased()), Decided(9, ADA, profile(city="Bergen"))])

    assert changes.upserts == {ADA: (profile(city="Bergen"), 9)}
    assert changes.deletions == {}
    assert changes.newcomers == []
    assert outcomes(changes) == {"stored": 1, "erased": 1}


def test_a_rejected_record_does_not_undo_an_earlier_one() -> None:
    changes = resolve([Decided(8, ADA, profile()), Decided(9, ADA, BROKEN)], {})

    assert changes.upserts == {ADA: (profile(), 8)}
    assert outcomes(changes) == {"stored": 1, "rejected": 1}


def test_an_older_one_after_a_newer_one_is_superseded_also_within_a_chunk() -> None:
    records = [Decided(9, ADA, profile()), Decided(8, ADA, profile(city="Bergen"))]

    assert resolve(records, {}).upserts == {ADA: (profile(), 9)}
    assert resolve([records[0], Decided(8, ADA, MINOR)], {}).upserts == {ADA: (profile(), 9)}


def test_others_who_are_held_are_left_alone() -> None:
    store = holding((profile(BO), 7))

    store.apply([Decided(8, ADA, profile()), Decided(9, ADA, MINOR)])

    assert store.users == {BO: (profile(BO), 7)}


# What counts of a profile ------------------------------------------------------------------------


def test_of_a_profile_its_cell_and_its_domain_count() -> None:
    cell = Cell("NO", "female", "1990-02")

    assert Held.of(profile(), 7) == Held(7, cell, "a.example")
    assert Held.of(profile()._replace(email_domain=None), 7).email_domain == "unknown"


# Properties --------------------------------------------------------------------------------------

ledgers = st.frozensets(few_ids, max_size=2)
held_before = st.lists(counted_profiles, max_size=3, unique_by=lambda one: one.id)


@given(decided(), held_before, ledgers, ledgers)
def test_every_record_has_one_outcome(
    records: list[Decided],
    held: list[Profile],
    suppressed: frozenset[PersonId],
    restricted: frozenset[PersonId],
) -> None:
    changes = holding(*((one, 103) for one in held)).apply(records, suppressed, restricted)

    replace(changes.tally, read=len(records)).check()
    assert all(changes.tally.count(outcome) >= 0 for outcome in Outcome)
    assert len(changes.upserts) == changes.tally.stored
    assert not set(changes.upserts) & set(changes.deletions)
    assert set(changes.newcomers) <= set(changes.upserts)
    assert len(changes.rejected) == changes.tally.rejected


@given(decided(), held_before, ledgers, ledgers)
def test_the_difference_is_what_a_recount_tells(
    records: list[Decided],
    held: list[Profile],
    suppressed: frozenset[PersonId],
    restricted: frozenset[PersonId],
) -> None:
    store = holding(*((one, 103) for one in held))
    before = store.recount()

    changes = store.apply(records, suppressed, restricted)

    assert changes.difference == store.recount() - before
    assert store.statistics == store.recount()


@given(decided(max_size=20), held_before, ledgers, ledgers, st.data())
def test_however_a_log_is_split_into_chunks_the_end_is_the_same(
    records: list[Decided],
    held: list[Profile],
    suppressed: frozenset[PersonId],
    restricted: frozenset[PersonId],
    data: st.DataObject,
) -> None:
    before = [(one, 103) for one in held]
    whole, split = holding(*before), holding(*before)
    whole.apply(records, suppressed, restricted)
    # A message is never split over two chunks: only where the version grows.
    joints = [at for at in range(1, len(records)) if records[at].version > records[at - 1].version]
    cuts = data.draw(st.sets(st.sampled_from(joints))) if joints else set()
    edges = [0, *sorted(cuts), len(records)]
    for start, end in pairwise(edges):
        split.apply(records[start:end], suppressed, restricted)

    assert split.users == whole.users
    assert split.corrections == whole.corrections
    assert split.statistics == whole.statistics
    # How these two divide may depend on the chunks.
    both = replace(split.tally, stored=0, superseded=split.tally.stored + split.tally.superseded)
    assert both == replace(
        whole.tally, stored=0, superseded=whole.tally.stored + whole.tally.superseded
    )


@given(decided(), held_before, ledgers)
def test_whoever_a_chunk_names_is_not_held_while_suppressed(
    records: list[Decided], held: list[Profile], suppressed: frozenset[PersonId]
) -> None:
    store = holding(*((one, 103) for one in held))

    store.apply(records, suppressed)

    named = {record.person for record in records if isinstance(record.outcome, Profile | Withheld)}
    assert not named & suppressed & set(store.users)


@given(decided(), held_before)
def test_versions_of_what_is_held_only_grow(records: list[Decided], held: list[Profile]) -> None:
    store = holding(*((one, 103) for one in held))

    store.apply(records)

    for one in held:
        if one.id in store.users:
            assert store.users[one.id][1] >= 103


# Corrections -------------------------------------------------------------------------------------


def correcting(person: PersonId = ADA, *released: str, **fields: CorrectedValue) -> Correction:
    return Correction(person=person, fields=fields, released=frozenset(released))


def test_a_correction_of_somebody_held_is_stored_at_its_version_and_kept() -> None:
    store = holding((profile(), 5))

    changes = store.apply([Decided(6, ADA, correcting(city="Tromsø"))])

    assert outcomes(changes) == {"stored": 1}
    assert store.users == {ADA: (profile(city="Tromsø"), 6)}
    assert store.corrections == {ADA: Corrections(fields={"city": "Tromsø"})}
    assert changes.newcomers == []


def test_the_profile_is_asked_for_where_nothing_in_the_chunk_tells_it() -> None:
    held = {ADA: Held.of(profile(), 5)}
    first = resolve([Decided(6, ADA, correcting(city="Tromsø"))], held)
    assert set(first.unread) == {ADA}
    assert first.upserts == {}

    after = [Decided(6, ADA, profile()), Decided(7, ADA, correcting(city="Tromsø"))]
    assert not resolve(after, held).unread
    assert not resolve([Decided(6, BO, correcting(BO, city="Tromsø"))], held).unread


def test_a_later_record_of_the_source_does_not_undo_a_correction() -> None:
    store = holding((profile(), 5))
    store.apply([Decided(6, ADA, correcting(city="Tromsø"))])

    store.apply([Decided(7, ADA, profile(city="Bergen", gender="other"))])

    assert store.users == {ADA: (profile(city="Tromsø", gender="other"), 7)}
    assert store.corrections == {ADA: Corrections(fields={"city": "Tromsø"})}


def test_in_one_chunk_the_order_of_the_log_counts() -> None:
    store = Store()

    changes = store.apply(
        [
            Decided(5, ADA, profile()),
            Decided(6, ADA, correcting(city="Tromsø")),
            Decided(7, ADA, profile(city="Bergen")),
            Decided(8, ADA, correcting(gender="other")),
        ]
    )

    assert outcomes(changes) == {"stored": 1, "superseded": 3}
    assert store.users == {ADA: (profile(city="Tromsø", gender="other"), 8)}
    assert store.corrections == {ADA: Corrections(fields={"city": "Tromsø", "gender": "other"})}
    assert store.statistics == store.recount()


def test_a_released_field_keeps_its_value_until_the_source_says_another() -> None:
    store = holding((profile(), 5))
    store.apply([Decided(6, ADA, correcting(city="Tromsø", gender="other"))])

    store.apply([Decided(7, ADA, correcting(ADA, "city"))])
    assert store.users == {ADA: (profile(city="Tromsø", gender="other"), 7)}
    assert store.corrections == {ADA: Corrections(fields={"gender": "other"})}

    store.apply([Decided(8, ADA, profile(city="Bergen"))])
    assert store.users == {ADA: (profile(city="Bergen", gender="other"), 8)}


def test_where_everything_is_released_nothing_is_kept() -> None:
    store = holding((profile(), 5))

    store.apply(
        [
            Decided(6, ADA, correcting(city="Tromsø")),
            Decided(7, ADA, correcting(ADA, "city")),
            Decided(8, ADA, profile()),
        ]
    )

    assert store.users == {ADA: (profile(), 8)}
    assert store.corrections == {}


@pytest.mark.parametrize("gone", [MINOR, Erased()])
def test_corrections_go_when_the_profile_goes(gone: Withheld | Erased) -> None:
    store = holding((profile(), 5))

    store.apply([Decided(6, ADA, correcting(city="Tromsø")), Decided(7, ADA, gone)])
    assert (store.users, store.corrections) == ({}, {})

    store.apply([Decided(8, ADA, profile())])
    assert (store.users, store.corrections) == ({ADA: (profile(), 8)}, {})


def test_a_correction_of_nobody_who_is_held_changes_nothing() -> None:
    store = Store()

    changes = store.apply([Decided(6, ADA, correcting(city="Tromsø"))])

    assert outcomes(changes) == {"superseded": 1}
    assert (store.users, store.corrections) == ({}, {})


def test_a_correction_older_than_what_is_held_is_superseded() -> None:
    store = holding((profile(), 5))

    changes = store.apply([Decided(4, ADA, correcting(city="Tromsø"))])

    assert outcomes(changes) == {"superseded": 1}
    assert (store.users, store.corrections) == ({ADA: (profile(), 5)}, {})


def test_a_correction_of_a_suppressed_person_deletes_what_is_held() -> None:
    store = holding((profile(), 5))

    changes = store.apply([Decided(6, ADA, correcting(city="Tromsø"))], suppressed={ADA})

    assert outcomes(changes) == {"suppressed": 1}
    assert store.users == {}


def test_a_correction_of_a_restricted_person_changes_nothing() -> None:
    store = holding((profile(), 5))

    changes = store.apply([Decided(6, ADA, correcting(city="Tromsø"))], restricted={ADA})

    assert outcomes(changes) == {"restricted": 1}
    assert store.users == {ADA: (profile(), 5)}


def test_who_is_too_young_for_the_corrected_country_is_withheld_and_deleted() -> None:
    store = holding((profile(), 5))

    changes = store.apply([Decided(6, ADA, correcting(nationality="SE"))])

    assert outcomes(changes) == {"withheld": 1}
    assert changes.tally.reasons == {"minor": 1}
    assert changes.deletions == {ADA: 6}
    assert store.users == {}


def test_who_is_too_young_for_a_country_corrected_before_is_withheld_later_too() -> None:
    store = holding((profile()._replace(age=81, birth_month="1944-12"), 5))
    store.apply([Decided(6, ADA, correcting(nationality="SE"))])

    changes = store.apply([Decided(7, ADA, profile())])

    assert outcomes(changes) == {"withheld": 1}
    assert (store.users, store.corrections) == ({}, {})


@given(decided(max_size=20), held_before)
def test_what_was_corrected_and_not_released_is_held(
    records: list[Decided], held: list[Profile]
) -> None:
    store = holding(*((one, 103) for one in held))

    store.apply(records)

    for person, kept in store.corrections.items():
        one = store.users[person][0]
        assert {name: getattr(one, name) for name in kept.fields if name != "as_of"} == {
            name: value for name, value in kept.fields.items() if name != "as_of"
        }


# Deleting what is held ---------------------------------------------------------------------------


@given(st.lists(st.tuples(counted_profiles, st.integers(1, 2), st.integers(0, 1))))
def test_deleting_takes_every_profile_from_the_statistics_of_where_it_was_decided(
    held: list[tuple[Profile, int, int]],
) -> None:
    origins = {Origin(epoch, partition) for _, epoch, partition in held}

    differences = counted_out(
        Held.of(one, Version(epoch, 7, partition).number()) for one, epoch, partition in held
    )

    assert differences == {
        origin: -Statistics.recount([one for one, *place in held if Origin(*place) == origin])
        for origin in origins
    }


def test_deleting_nobody_changes_no_statistics() -> None:
    assert counted_out([]) == {}
