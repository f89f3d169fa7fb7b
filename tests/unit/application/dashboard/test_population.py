"""How everyone held is counted for the page."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.dashboard.population import (
    BANDS,
    EVERYONE,
    AgeBand,
    Group,
    Selection,
    by_group,
    by_selection,
)
from profiles.domain.age import age_from_month
from profiles.domain.statistics import (
    GENDERS,
    NATIONALITIES,
    UNKNOWN,
    Cell,
    Cohort,
    Cohorts,
    cohorts_of,
)

TODAY = date(2026, 11, 23)

cells = st.builds(
    Cell,
    st.sampled_from(sorted({*NATIONALITIES, UNKNOWN})),
    st.sampled_from(sorted({*GENDERS, UNKNOWN})),
    st.builds("{:04}-{:02}".format, st.integers(1880, 2030), st.integers(1, 12)),
)


def born(*months: str) -> Cohorts:
    """Count one Danish woman for each birth month."""
    return cohorts_of(Counter(Cell("DK", "female", month) for month in months))


def bands(cohorts: Cohorts, *, today: date = TODAY) -> dict[str, int]:
    return {
        BANDS[group.band].name: count for group, count in by_group(cohorts, today=today).items()
    }


def test_nobody_is_in_no_group() -> None:
    assert by_group({}, today=TODAY) == {}
    assert by_group({Cohort("DK", "female", "1990"): [0] * 12}, today=TODAY) == {}


@pytest.mark.parametrize(
    ("birth_month", "band"),
    [
        ("2008-11", "18–19"),
        ("2006-12", "18–19"),
        ("2006-11", "20–24"),
        ("2001-12", "20–24"),
        ("2001-11", "25–29"),
        ("1926-12", "95–99"),
        ("1926-11", "100 and over"),
        ("1896-12", "100 and over"),
    ],
)
def test_an_age_falls_into_a_band_of_five_years(birth_month: str, band: str) -> None:
    assert bands(born(birth_month)) == {band: 1}


def test_ages_are_those_of_today_not_of_the_day_of_storing() -> None:
    cohorts = born("2006-12")

    assert bands(cohorts, today=date(2026, 11, 30)) == {"18–19": 1}
    assert bands(cohorts, today=date(2026, 12, 1)) == {"20–24": 1}


@pytest.mark.parametrize("birth_month", ["2008-12", "2020-01", "2027-01"])
def test_a_child_in_the_store_has_a_band_of_its_own(birth_month: str) -> None:
    assert bands(born(birth_month)) == {"under 18": 1}


def test_the_bands_join_without_gap_or_overlap() -> None:
    assert BANDS[0] == AgeBand(youngest=0, oldest=17)
    assert BANDS[1] == AgeBand(youngest=18, oldest=19)
    assert BANDS[-1] == AgeBand(youngest=100, oldest=None)
    assert [band.youngest for band in BANDS[1:]] == [(band.oldest or 0) + 1 for band in BANDS[:-1]]
    assert {(band.oldest or 0) - band.youngest for band in BANDS[2:-1]} == {4}


@given(counts=st.dictionaries(cells, st.integers(1, 9)), today=st.dates(date(1990, 1, 1)))
def test_every_cell_is_in_the_group_of_its_age(counts: dict[Cell, int], today: date) -> None:
    expected: Counter[Group] = Counter()
    for (nationality, gender, month), count in counts.items():
        age = max(age_from_month(today, birth_month=month), 0)
        band = max(number for number, band in enumerate(BANDS) if band.youngest <= age)
        expected[Group(nationality, gender, band)] += count

    assert by_group(cohorts_of(counts), today=today) == expected


def test_a_group_is_in_each_selection_that_it_belongs_to() -> None:
    woman, man = Group("DK", "female", 3), Group("DK", "male", 4)

    assert by_selection({woman: 2, man: 1}) == {
        EVERYONE: {woman: 2, man: 1},
        Selection(nationality="DK"): {woman: 2, man: 1},
        Selection(gender="female"): {woman: 2},
        Selection(gender="male"): {man: 1},
        Selection("DK", "female"): {woman: 2},
        Selection("DK", "male"): {man: 1},
    }
    assert by_selection({}) == {EVERYONE: {}}
