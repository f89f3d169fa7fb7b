"""What every deciding store holds after a policy was applied to it, and the store that follows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryFollowingStore, MemoryLedger
from profiles.application.errors import PolicyChangedError, StoreError
from profiles.application.following.outbox import Outbox
from profiles.application.policy import applying
from profiles.application.policy.adopting import adopt
from profiles.application.policy.applying import PolicyApplication, PolicyApplier
from profiles.application.policy.history import key_ids
from profiles.application.ports.policies import PolicyEvent
from profiles.application.ports.stores import DecidingStore, Following
from profiles.domain.conforming import conform
from profiles.domain.corrections import Corrections
from profiles.domain.person import PersonId
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from profiles.domain.statistics import Statistics
from profiles.domain.version import REVISION_BITS
from tests.contracts.conftest import NewStore
from tests.strategies import policies
from tests.support.histories import (
    ADA,
    BEA,
    CLEO,
    DAN,
    NOW,
    chunk,
    correcting,
    corrections,
    held,
    profile,
    stored,
    version,
)

KEY = PseudonymKey(id="k1", secret=b"x" * 32)
DEFAULT = PrivacyPolicy()
HASHED = PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE, pseudonym_key=KEY)


@pytest.fixture
def following() -> MemoryFollowingStore:
    return MemoryFollowingStore(lambda: NOW)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at two profiles in a transaction, so that there are several."""
    monkeypatch.setattr(applying, "CHANGED_AT_ONCE", 2)


def fill(store: DecidingStore, *profiles: Profile, policy: PrivacyPolicy = DEFAULT) -> None:
    """Let a store hold profiles, each at its own offset, under a policy."""
    adopt(store, policy, accept=False, now=NOW)
    abouts = [stored(each.id, **each._asdict()) for each in profiles]
    store.apply(chunk(*abouts), MemoryLedger())


def applier(
    store: DecidingStore,
    policy: PrivacyPolicy,
    following: MemoryFollowingStore | None = None,
    restricted: Collection[PersonId] = (),
) -> PolicyApplier:
    ledger = MemoryLedger()
    ledger.restrict(*restricted)
    return PolicyApplier(
        store=store,
        outbox=Outbox(store=store, following=following),
        policy=policy,
        clock=lambda: NOW,
        view=ledger.view(),
    )


def apply(
    store: DecidingStore, policy: PrivacyPolicy, following: MemoryFollowingStore | None = None
) -> PolicyApplication:
    adopt(store, policy, accept=True, now=NOW)
    return applier(store, policy, following).run()


def follow(store: DecidingStore, following: MemoryFollowingStore) -> None:
    following.follow(Following(held=held(store), absent={}))


def test_kept_corrections_are_brought_under_the_policy_with_their_profiles(
    store: DecidingStore,
) -> None:
    fill(store, profile(ADA), profile(BEA, city=None), profile(CLEO))
    abouts = [
        correcting(ADA, city="Ribe", email="ada@example.org", email_domain="example.org"),
        correcting(BEA, city=None),
        correcting(CLEO, title="Dr"),
    ]
    store.apply(chunk(*abouts, start=3), MemoryLedger())
    policy = replace(
        HASHED, profile_rules={n: r for n, r in DEFAULT.profile_rules.items() if n != "city"}
    )

    done = apply(store, policy)

    hashed = pseudonym("ada@example.org", KEY)
    assert corrections(store) == {
        ADA: Corrections(fields={"email": hashed, "email_domain": "example.org"}),
        CLEO: Corrections(fields={"title": "Dr"}),
    }
    assert held(store)[ADA][0].email == hashed
    assert done.changed == 3
    again = apply(store, policy)
    assert again.changed == 0


FOUR = [profile(ADA, age=20, birth_month="2006-01"), profile(BEA), profile(CLEO), profile(DAN)]


def test_everything_is_brought_under_the_policy_and_counted_anew(
    store: DecidingStore, following: MemoryFollowingStore
) -> None:
    fill(store, *FOUR)
    follow(store, following)
    policy = replace(
        HASHED,
        minimum_age=21,
        profile_rules={n: r for n, r in DEFAULT.profile_rules.items() if n != "email_domain"},
    )

    done = apply(store, policy, following)

    hashed = pseudonym("ada.byron@example.com", KEY)
    kept = {
        person: (profile(person, email=hashed, email_domain=None), version(offset) + 1)
        for offset, person in ((1, BEA), (2, CLEO), (3, DAN))
    }
    assert held(store) == kept
    assert {p.id: (p, v) for p, v in following.profiles()} == kept
    assert store.statistics() == Statistics.recount([p for p, _ in kept.values()])
    assert store.outbox(limit=1) == {}
    assert done == PolicyApplication(
        fingerprint=fingerprint_of(settings_of(policy)),
        dry_run=False,
        held=4,
        deleted={"minor": 1},
        changed=3,
        fields={"email": 3, "email_domain": 3},
        email_keys={"k1": 3},
        finished=True,
    )


def test_what_fits_is_left_alone(store: DecidingStore) -> None:
    fill(store, *FOUR)
    before = held(store)

    done = apply(store, DEFAULT)

    assert (done.held, done.changed, done.deleted) == (4, 0, {})
    assert held(store) == before


def test_a_dry_run_counts_and_changes_nothing(store: DecidingStore) -> None:
    fill(store, *FOUR)
    before, entries = held(store), store.progress().policies

    done = applier(store, PrivacyPolicy(minimum_age=21)).run(dry_run=True)

    assert (done.held, done.deleted, done.dry_run, done.finished) == (4, {"minor": 1}, True, True)
    assert held(store) == before
    assert store.progress().policies == entries


def test_it_is_remembered_once_that_all_that_is_held_was_brought_under_it(
    store: DecidingStore,
) -> None:
    fill(store, *FOUR)
    apply(store, HASHED)
    apply(store, HASHED)

    entries = store.progress().policies
    assert [entry.event for entry in entries] == [
        PolicyEvent.ADOPTED,
        PolicyEvent.ADOPTED,
        PolicyEvent.APPLIED,
    ]
    assert entries[2].fingerprint == fingerprint_of(settings_of(HASHED))


def test_a_shorter_retention_reaches_what_is_held_and_a_longer_one_does_not(
    store: DecidingStore,
) -> None:
    fill(store, profile(ADA))

    apply(store, read_policy({"retention": "30d"}))
    assert held(store)[ADA][0].expires_at == NOW.date() + timedelta(days=30)

    longer = apply(store, read_policy({"retention": "90d"}))
    assert held(store)[ADA][0].expires_at == NOW.date() + timedelta(days=30)
    assert longer.irreversible == [
        (
            "The policy changes retention from 30d to 90d: it holds for new records; what is held"
            " stays, and what was not kept is gone."
        )
    ]


def test_who_is_restricted_stays_as_they_are(store: DecidingStore) -> None:
    fill(store, *FOUR)
    adopt(store, HASHED, accept=False, now=NOW)

    done = applier(store, HASHED, restricted=[BEA]).run()

    assert (done.restricted, done.changed) == (1, 3)
    assert held(store)[BEA] == (profile(BEA), version(1))
    assert store.progress().policies[-1].event is PolicyEvent.ADOPTED


def test_a_version_without_a_further_revision_is_told_and_left(store: DecidingStore) -> None:
    fill(store, profile(ADA), profile(BEA))
    revisions = (1 << REVISION_BITS) - 1
    for number in range(revisions):
        word = f"purpose {number}"
        kept = {} if number % 2 else {"drop": ["city"]}
        apply(store, read_policy({"retention": f"{300 - number}d", "purpose": word, **kept}))
    assert held(store)[ADA][1] == version(0) + revisions

    done = apply(store, HASHED)

    assert (done.exhausted, done.changed) == (2, 0)
    assert held(store)[ADA][1] == version(0) + revisions


def test_a_newer_record_after_it_is_decided_as_any_other(store: DecidingStore) -> None:
    fill(store, profile(ADA))
    apply(store, read_policy({"drop": ["city"]}))

    store.apply(chunk(stored(ADA, city="Ringsted"), start=1), MemoryLedger())

    assert held(store) == {ADA: (profile(ADA, city="Ringsted"), version(1))}


# Interrupted, and beside a job ------------------------------------------------------------------


def test_what_was_interrupted_is_completed_by_the_same_again(
    store: DecidingStore, following: MemoryFollowingStore
) -> None:
    fill(store, *FOUR)
    follow(store, following)
    adopt(store, HASHED, accept=False, now=NOW)
    answers = iter([False, True])

    half = applier(store, HASHED, following).run(stopped=lambda: next(answers))

    assert (half.held, half.finished) == (2, False)
    assert store.progress().policies[-1].event is PolicyEvent.ADOPTED
    whole = applier(store, HASHED, following).run()
    assert (whole.held, whole.changed, whole.email_keys) == (4, 2, {"k1": 4})
    assert {p.id: (p, v) for p, v in following.profiles()} == held(store)


class _AwayStore(MemoryFollowingStore):
    def follow(self, following: Following) -> None:  # noqa: ARG002 - of the port
        raise StoreError("the copy", "is away", "Start it.")


def test_what_the_following_store_did_not_get_waits_for_it(
    store: DecidingStore, following: MemoryFollowingStore
) -> None:
    fill(store, *FOUR)
    follow(store, following)

    with pytest.raises(StoreError):
        apply(store, replace(HASHED, minimum_age=21), _AwayStore(lambda: NOW))

    Outbox(store=store, following=following).deliver()
    assert {p.id: (p, v) for p, v in following.profiles()} == held(store)
    assert held(store).keys() == {BEA, CLEO, DAN}


def test_another_policy_meanwhile_stops_it(store: DecidingStore) -> None:
    fill(store, *FOUR)
    adopt(store, HASHED, accept=False, now=NOW)
    job = applier(store, HASHED)

    def change(_done: PolicyApplication) -> None:
        adopt(store, DEFAULT, accept=True, now=NOW)

    job.progress = change

    with pytest.raises(PolicyChangedError):
        job.run()


def test_a_store_that_has_not_adopted_the_policy_is_left_alone(store: DecidingStore) -> None:
    fill(store, *FOUR)
    before = held(store)

    with pytest.raises(PolicyChangedError):
        applier(store, HASHED).run()

    assert held(store) == before


# Any policy --------------------------------------------------------------------------------------

people = st.lists(
    st.builds(
        lambda number, age, **fields: profile(
            PersonId(f"{number:08x}-0000-4000-8000-000000000000"),
            age=age,
            birth_month=f"{2026 - age:04d}-03",
            **fields,
        ),
        number=st.integers(0, 50),
        age=st.integers(18, 25),
        nationality=st.sampled_from(["NO", "KR", None]),
        country=st.sampled_from(["Norway", "Danmark", None]),
        email_domain=st.sampled_from(["example.com", "example.org", None]),
        city=st.sampled_from(["Oslo", None]),
    ),
    max_size=7,
    unique_by=lambda each: each.id,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(profiles=people, policy=policies(), later=policies())
def test_whatever_was_held_satisfies_the_policy_that_was_applied(
    new_store: NewStore, profiles: list[Profile], policy: PrivacyPolicy, later: PrivacyPolicy
) -> None:
    following = MemoryFollowingStore(lambda: NOW)
    with new_store() as store:
        fill(store, *profiles)
        follow(store, following)

        for each in (policy, later):
            apply(store, each, following)

            entries: Any = store.progress().policies
            ids = key_ids(entries, settings_of(each))
            for kept, _ in store.profiles():
                assert conform(kept, each, today=NOW.date(), key_ids=ids, shorten=True) == kept
            assert store.statistics() == Statistics.recount([p for p, _ in store.profiles()])
            assert {p.id: (p, v) for p, v in following.profiles()} == held(store)
            assert store.outbox(limit=1) == {}


def test_who_is_kept_apart_is_left_alone_and_the_policy_not_noted_as_applied(
    store: DecidingStore,
) -> None:
    fill(store, *FOUR)
    ledger = MemoryLedger()
    ledger.restrict(ADA, BEA, CLEO)
    store.apply_ledger(ledger)

    done = apply(store, HASHED)

    assert (done.held, done.restricted, done.finished) == (1, 3, True)
    assert store.progress().policies[-1].event is PolicyEvent.ADOPTED
    apart = store.transactions.run(lambda unit: unit.restricted([ADA]))
    assert apart[ADA][0] == FOUR[0]
