"""The oracle of the tests on servers: what it says of a log, and what it finds wrong in a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given

from profiles.domain.outcome import Erased, Rejected
from profiles.domain.resolving import Decided, resolve
from profiles.domain.version import Version
from tests.strategies import decided
from tests.support.histories import ADA, profile
from tests.support.oracle import Held, Oracle

FIRST, SECOND = Version(1, 4, 0).number(), Version(1, 9, 0).number()


def oracle() -> Oracle:
    return Oracle("nowhere", "none")


@given(records=decided())
def test_record_by_record_it_holds_what_the_rules_make_of_a_chunk(
    records: Sequence[Decided],
) -> None:
    expected, changes = oracle(), resolve(records, {})
    for record in records:
        if not isinstance(record.outcome, Rejected):
            expected.take(record.outcome, record.person, record.version)

    assert expected.held == changes.upserts
    assert expected.corrections == changes.corrections


def of_the_restricted() -> Oracle:
    expected = oracle()
    expected.take(profile(city="Oslo"), ADA, FIRST)
    expected.take(profile(city="Bergen"), ADA, SECOND)
    expected.restrict([ADA])
    return expected


@pytest.mark.parametrize("version", [FIRST + 3, FIRST, SECOND])
def test_who_is_kept_apart_is_as_the_log_says_at_some_moment(version: int) -> None:
    city = "Oslo" if version < SECOND else "Bergen"
    expected = of_the_restricted()

    assert expected.held == {}
    assert expected.faults_apart({ADA: (profile(city=city), version)}) == Counter()


@pytest.mark.parametrize(
    ("apart", "fault"),
    [
        ({}, "lost"),
        ({ADA: (profile(city="Bergen"), FIRST)}, "not what the log says"),
        ({ADA: (profile(city="Oslo"), FIRST + Version(0, 1, 0).number())}, "not what the log says"),
    ],
)
def test_anything_else_that_is_kept_apart_is_a_fault(apart: Held, fault: str) -> None:
    assert of_the_restricted().faults_apart(apart) == Counter({fault: 1})


def test_who_was_deleted_since_or_is_not_restricted_is_not_kept_apart() -> None:
    apart = {ADA: (profile(city="Oslo"), FIRST)}
    deleted, released = of_the_restricted(), oracle()
    deleted.take(Erased(), ADA, SECOND + 1)

    assert deleted.faults_apart(apart) == Counter({"deleted since": 1})
    assert deleted.faults_apart({}) == Counter()
    assert released.faults_apart(apart) == Counter({"not restricted": 1})
