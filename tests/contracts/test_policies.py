"""What every deciding store remembers of policies, and that it is written under one at a time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.application.errors import PolicyChangedError
from profiles.application.policy.adopting import Adoption, adopt, told
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.errors import UsageError
from profiles.domain.policy_change import Effect, SettingChange
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of
from tests.support.histories import ADA, BEA, chunk, held, stored

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class MadeToFailError(Exception):
    """What a unit of work raises in the end."""


def settings(**own: Any) -> dict[str, Any]:  # noqa: ANN401 - as an operator writes them
    return settings_of(read_policy(own))


def adopted(
    store: DecidingStore,
    *,
    at: datetime = NOON,
    accept: bool = False,
    **own: Any,  # noqa: ANN401 - as an operator writes them
) -> Adoption:
    return adopt(store, read_policy(own), accept=accept, now=at)


def entry(at: datetime, *weaker: str, **own: Any) -> PolicyEntry:  # noqa: ANN401 - see above
    whole = settings(**own)
    return PolicyEntry(
        at=at,
        event=PolicyEvent.ADOPTED,
        fingerprint=fingerprint_of(whole),
        settings=whole,
        weaker=weaker,
    )


def remembered(store: DecidingStore) -> Sequence[PolicyEntry]:
    policies = store.progress().policies
    assert store.overview().policies == policies
    return list(policies)


def test_a_new_store_remembers_no_policy(store: DecidingStore) -> None:
    assert remembered(store) == []
    assert store.transactions.run(lambda unit: unit.policy()) is None


def test_what_is_remembered_is_undone_with_the_rest(store: DecidingStore) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.add_policy(entry(NOON))
        assert unit.policy() == entry(NOON).deciding
        assert list(unit.policies()) == [entry(NOON)]
        raise MadeToFailError

    with pytest.raises(MadeToFailError):
        store.transactions.run(work)

    assert remembered(store) == []
    assert store.transactions.run(lambda unit: unit.policy()) is None


def test_a_policy_that_was_applied_is_not_adopted_by_that(store: DecidingStore) -> None:
    applied = replace(entry(NOON, minimum_age=21), event=PolicyEvent.APPLIED)
    store.transactions.run(lambda unit: unit.add_policy(entry(NOON)))
    store.transactions.run(lambda unit: unit.add_policy(applied))

    assert store.transactions.run(lambda unit: unit.policy()) == entry(NOON).deciding
    assert remembered(store) == [entry(NOON), applied]


def test_any_settings_are_remembered_as_they_are(store: DecidingStore) -> None:
    own: dict[str, Any] = {"minimum_age_in": {"St. Kitts & $evis": 19}, "controller": "Ærø «A/S»"}
    adopted(store, **own)

    assert remembered(store) == [entry(NOON, **own)]


# Adopting ----------------------------------------------------------------------------------------


def test_a_new_store_takes_any_policy(
    store: DecidingStore, caplog: pytest.LogCaptureFixture
) -> None:
    assert adopted(store, minimum_age=16) == Adoption(found=(), new=True)

    assert remembered(store) == [entry(NOON, minimum_age=16)]
    assert caplog.records == []


def test_the_same_policy_again_leaves_everything_as_it_is(store: DecidingStore) -> None:
    adopted(store)

    assert adopted(store, at=NOON + HOUR) == Adoption(found=(), new=False)
    assert remembered(store) == [entry(NOON)]


def test_a_stricter_policy_is_adopted_and_told(
    store: DecidingStore, caplog: pytest.LogCaptureFixture
) -> None:
    adopted(store)

    with caplog.at_level(logging.WARNING):
        adoption = adopted(store, at=NOON + HOUR, minimum_age=21, contact="a@b.example")

    assert adoption.found == [
        SettingChange("minimum_age", 18, 21, Effect.APPLICABLE),
        SettingChange("contact", None, "a@b.example", Effect.NOTICE),
    ]
    assert remembered(store) == [
        entry(NOON),
        entry(NOON + HOUR, minimum_age=21, contact="a@b.example"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        (
            "The policy changes minimum_age from 18 to 21: what is held comes under it with"
            " `profiles apply-policy`."
        ),
        (
            "The policy changes contact from none to a@b.example: what is held stays; tell the"
            " persons concerned first (GDPR Art. 13(3))."
        ),
    ]


def test_fields_are_named_as_such_and_together() -> None:
    changes = [
        SettingChange(f"fields.{name}", "kept", "dropped", Effect.APPLICABLE)
        for name in ("city", "country")
    ]

    assert told(changes) == [
        (
            "The policy changes city, country from kept to dropped: what is held comes under it"
            " with `profiles apply-policy`."
        )
    ]
    assert told([SettingChange("retention.city", "30d", "9d", Effect.APPLICABLE)]) == [
        (
            "The policy changes retention of city from 30d to 9d: what is held comes under it with"
            " `profiles apply-policy`."
        )
    ]


WEAKER: dict[str, Any] = {"minimum_age": 16, "retention": "400d", "recipients": ["Post", "Bank"]}


def test_a_weaker_policy_is_refused_unless_it_is_accepted(store: DecidingStore) -> None:
    adopted(store, at=NOON)

    with pytest.raises(UsageError) as refused:
        adopted(store, at=NOON + HOUR, **WEAKER)

    assert str(refused.value) == (
        "The store was written under a stricter policy, and this one admits or keeps more:"
        " minimum_age from 18 to 16, retention from 365d to 400d. Nothing was changed. Say"
        " --accept-policy-change if that is intended, or take the setting back."
    )
    assert remembered(store) == [entry(NOON)]

    adopted(store, at=NOON + 2 * HOUR, accept=True, **WEAKER)

    assert remembered(store) == [
        entry(NOON),
        entry(NOON + 2 * HOUR, "minimum_age", "retention", **WEAKER),
    ]


def test_what_a_store_of_before_holds_was_written_under_the_default_policy(
    store: DecidingStore,
) -> None:
    store.apply(chunk(stored(ADA)), MemoryLedger())

    with pytest.raises(UsageError):
        adopted(store, minimum_age=16)
    adopted(store, minimum_age=21)

    assert remembered(store) == [entry(NOON), entry(NOON, minimum_age=21)]


def test_a_store_of_before_that_goes_on_as_it_was_remembers_one_policy(
    store: DecidingStore,
) -> None:
    store.apply(chunk(stored(ADA)), MemoryLedger())

    assert adopted(store).found == []
    assert remembered(store) == [entry(NOON)]


# One at a time -----------------------------------------------------------------------------------


def test_a_chunk_that_was_decided_by_another_policy_is_refused(store: DecidingStore) -> None:
    adopted(store)
    own = entry(NOON).deciding
    store.apply(replace(chunk(stored(ADA)), policy=own), MemoryLedger())
    adopted(store, minimum_age=21)

    late = replace(chunk(stored(BEA), start=1), policy=own)
    with pytest.raises(PolicyChangedError) as refused:
        store.apply(late, MemoryLedger())

    newer = entry(NOON, minimum_age=21).deciding
    assert str(refused.value) == (
        "The store is written under another privacy policy than this command has. Nothing more was"
        " stored. `profiles doctor` says where they differ; start again with the policy that is in"
        " force."
    )
    assert held(store).keys() == {ADA}
    store.apply(replace(late, policy=newer), MemoryLedger())
    assert held(store).keys() == {ADA, BEA}


def test_what_is_only_told_to_the_persons_stops_no_job(store: DecidingStore) -> None:
    adopted(store)
    chunks = [
        replace(chunk(stored(person), start=offset), policy=entry(NOON).deciding)
        for offset, person in enumerate((ADA, BEA))
    ]
    store.apply(chunks[0], MemoryLedger())

    adoption = adopted(store, purpose="to see", controller="We", legal_basis="consent")
    store.apply(chunks[1], MemoryLedger())

    assert adoption.new
    assert held(store).keys() == {ADA, BEA}
    assert len(remembered(store)) == 2
