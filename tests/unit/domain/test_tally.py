from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.errors import ProfilesError
from profiles.domain.outcome import Outcome
from profiles.domain.tally import Tally, UnbalancedTallyError
from tests.strategies import tallies

FULL = Tally(
    read=28,
    stored=1,
    withheld=2,
    rejected=3,
    suppressed=4,
    restricted=5,
    superseded=6,
    erased=7,
    reasons={"minor": 2, "type": 3},
)


def test_a_tally_begins_at_nothing() -> None:
    nothing = Tally()

    nothing.check()
    assert (nothing.read, nothing.reasons) == (0, {})
    assert {outcome: nothing.count(outcome) for outcome in Outcome} == dict.fromkeys(Outcome, 0)


def test_a_tally_tells_each_outcome_by_the_names_of_the_design() -> None:
    assert {outcome.value: FULL.count(outcome) for outcome in Outcome} == {
        "stored": 1,
        "withheld": 2,
        "rejected": 3,
        "suppressed": 4,
        "restricted": 5,
        "superseded": 6,
        "erased": 7,
    }


def test_tallies_add_up_part_by_part() -> None:
    other = Tally(
        read=280,
        stored=10,
        withheld=20,
        rejected=30,
        suppressed=40,
        restricted=50,
        superseded=60,
        erased=70,
        reasons={"type": 30, "retention": 20},
    )

    assert FULL + other == Tally(
        read=308,
        stored=11,
        withheld=22,
        rejected=33,
        suppressed=44,
        restricted=55,
        superseded=66,
        erased=77,
        reasons={"minor": 2, "type": 33, "retention": 20},
    )


@given(tallies, tallies, tallies)
def test_tallies_that_add_up_still_do_when_added(one: Tally, two: Tally, three: Tally) -> None:
    (one + two).check()
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert one + Tally() == one


@given(tallies)
def test_adding_leaves_the_parts_as_they_were(tally: Tally) -> None:
    before = dict(tally.reasons)

    _ = tally + FULL

    assert tally.reasons == before


@given(tallies, st.sampled_from(["read", *(outcome.value for outcome in Outcome)]))
def test_a_record_too_many_or_too_few_is_noticed(tally: Tally, part: str) -> None:
    broken = replace(tally, **{part: getattr(tally, part) + 1})

    with pytest.raises(UnbalancedTallyError) as noticed:
        broken.check()
    outcomes = sum(broken.count(outcome) for outcome in Outcome)
    assert (noticed.value.read, noticed.value.outcomes) == (broken.read, outcomes)


@pytest.mark.parametrize("reasons", [{}, {"minor": 1}, {"minor": 2, "type": 4}])
def test_reasons_have_to_explain_the_withheld_and_the_rejected(reasons: dict[str, int]) -> None:
    with pytest.raises(UnbalancedTallyError) as noticed:
        replace(FULL, reasons=reasons).check()
    assert (noticed.value.read, noticed.value.outcomes) == (5, sum(reasons.values()))


def test_an_unbalanced_tally_says_what_does_not_add_up_and_what_to_do() -> None:
    error = UnbalancedTallyError(3, 2)

    assert isinstance(error, ProfilesError)
    assert error.args == (3, 2)  # what pickle makes it from again
    assert str(error) == (
        "3 records were read but 2 have an outcome. Nothing of this batch was kept. This is a"
        " defect of profiles; please report it."
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes
