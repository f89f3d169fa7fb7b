"""What the page tells about everyone held, read off the statistics."""

from __future__ import annotations

from datetime import date

import pytest

from profiles.application.population import TOP_EMAIL_DOMAINS, AgeBand, Population, population
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, Statistics

TODAY = date(2026, 11, 23)


def born(*months: str) -> Statistics:
    """Count one Danish woman for each birth month."""
    return Statistics(cells={Cell("DK", "female", month): months.count(month) for month in months})


def bands(statistics: Statistics, *, today: date = TODAY) -> dict[str, int]:
    return {band.name: band.count for band in population(statistics, today=today).age_bands}


def test_nobody_is_counted_in_an_empty_store() -> None:
    assert population(Statistics(), today=TODAY) == Population(
        total=0,
        median_age=None,
        age_bands=(),
        genders={},
        nationalities={},
        email_domains={},
        other_email_domains=0,
        without_email_domain=0,
    )


def test_the_total_counts_every_cell() -> None:
    statistics = Statistics(
        cells={Cell("DK", "female", "1990-01"): 3, Cell("FR", UNKNOWN, "1970-12"): 4}
    )

    assert population(statistics, today=TODAY).total == 7


def test_the_most_frequent_come_first_then_the_name_and_unknown_is_last() -> None:
    statistics = Statistics(
        cells={
            Cell(UNKNOWN, UNKNOWN, "1990-01"): 9,
            Cell("FR", "male", "1990-01"): 2,
            Cell("DK", "female", "1990-01"): 2,
            Cell("DK", "female", "1991-01"): 1,
            Cell("BR", "male", "1990-01"): 2,
        }
    )

    seen = population(statistics, today=TODAY)

    assert list(seen.nationalities.items()) == [("DK", 3), ("BR", 2), ("FR", 2), (UNKNOWN, 9)]
    assert list(seen.genders.items()) == [("male", 4), ("female", 3), (UNKNOWN, 9)]


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
    statistics = born("2006-12")

    assert bands(statistics, today=date(2026, 11, 30)) == {"18–19": 1}
    assert bands(statistics, today=date(2026, 12, 1)) == {"20–24": 1}


@pytest.mark.parametrize("birth_month", ["2008-12", "2020-01", "2027-01"])
def test_a_child_in_the_store_would_be_seen(birth_month: str) -> None:
    assert bands(born(birth_month)) == {"under 18": 1}


def test_bands_between_the_youngest_and_the_oldest_are_shown_when_nobody_is_in_them() -> None:
    assert bands(born("2008-01", "1990-01", "1990-02")) == {
        "18–19": 1,
        "20–24": 0,
        "25–29": 0,
        "30–34": 0,
        "35–39": 2,
    }


def test_the_bands_join_without_gap_or_overlap() -> None:
    edges = population(born("2010-01", "1900-01"), today=TODAY).age_bands

    assert edges[0] == AgeBand(youngest=0, oldest=17, count=1)
    assert edges[-1] == AgeBand(youngest=100, oldest=None, count=1)
    assert [band.youngest for band in edges[1:]] == [(band.oldest or 0) + 1 for band in edges[:-1]]


@pytest.mark.parametrize(
    ("birth_months", "median"),
    [
        (["1990-01"], 36),
        (["1990-01", "1980-01"], 36),
        (["1990-01", "1980-01", "1970-01"], 46),
        (["1990-01", "1990-01", "1990-01", "1970-01"], 36),
    ],
)
def test_the_median_age_is_the_lower_one_in_the_middle(
    birth_months: list[str], median: int
) -> None:
    assert population(born(*birth_months), today=TODAY).median_age == median


def test_ten_domains_are_named_and_the_rest_is_counted() -> None:
    domains = {f"d{number:02}.example": number for number in range(1, 14)}
    statistics = Statistics(
        cells={Cell("DK", "female", "1990-01"): sum(domains.values()) + 5 + 2},
        email_domains={**domains, OTHER: 5, UNKNOWN: 2},
    )

    seen = population(statistics, today=TODAY)

    assert len(seen.email_domains) == TOP_EMAIL_DOMAINS == 10
    assert next(iter(seen.email_domains.items())) == ("d13.example", 13)
    assert seen.other_email_domains == 1 + 2 + 3 + 5
    assert seen.without_email_domain == 2


def test_profiles_without_a_domain_are_told_where_the_statistics_leave_them_out() -> None:
    statistics = Statistics(
        cells={Cell("DK", "female", "1990-01"): 5}, email_domains={"a.example": 3}
    )

    assert population(statistics, today=TODAY).without_email_domain == 2
