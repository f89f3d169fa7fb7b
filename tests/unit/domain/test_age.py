"""The age rule: the design's cases, an independent oracle, and the whole leap cycle on demand."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, partial
from operator import ne

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from profiles.domain import age
from profiles.domain.age import (
    LeapDay,
    age_from_month,
    age_on,
    ages_on,
    civil_date,
    civil_dates,
    month_in,
    month_of,
)
from tests.strategies import LEAP_DAYS, any_texts, days, iso_texts

MAR1, FEB28 = LeapDay.MAR1, LeapDay.FEB28


def day(text: str) -> date:
    return date(int(text[:4]), int(text[5:7]), int(text[8:]))


def number(of: date) -> int:
    return of.year * 10_000 + of.month * 100 + of.day


def oracle(on: date, born: date, leap_day: LeapDay) -> int:
    """Count years by integers alone: of YYYYMMDD the last four digits never borrow a year."""
    begun = number(born)
    is_leap = on.year % 4 == 0 and (on.year % 100 != 0 or on.year % 400 == 0)
    if leap_day is FEB28 and begun % 10_000 == 229 and not is_leap:
        begun -= 1
    return (number(on) - begun) // 10_000


def test_nobody_is_thought_to_be_older_than_130() -> None:
    assert age.MAXIMUM_AGE == 130


def test_the_leap_day_rules_go_by_the_names_of_the_design() -> None:
    assert {rule.value for rule in LeapDay} == {"mar1", "feb28"}


# A birthday --------------------------------------------------------------------------------------


@pytest.mark.parametrize("leap_day", LeapDay)
@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        ("2008-11-24", "2026-11-23", 17),  # the day before the 18th birthday
        ("2008-11-23", "2026-11-23", 18),  # the birthday itself
        ("2008-11-22", "2026-11-23", 18),
        ("2008-10-31", "2026-11-01", 18),
        ("2008-12-01", "2026-11-30", 17),
        ("2008-12-31", "2026-12-31", 18),
        ("2009-01-01", "2026-12-31", 17),
        ("2008-03-01", "2026-02-28", 17),
        ("2008-02-28", "2026-02-28", 18),
        ("2026-11-23", "2026-11-23", 0),
        ("2026-11-24", "2026-11-23", -1),  # not born yet
        ("2027-11-24", "2026-11-23", -2),
        ("1896-11-23", "2026-11-23", 130),
        ("1895-11-24", "2026-11-23", 130),
        ("1895-11-23", "2026-11-23", 131),
        ("0001-01-01", "9999-12-31", 9998),
    ],
)
def test_a_year_of_life_is_completed_on_the_birthday(
    born: str, on: str, years: int, leap_day: LeapDay
) -> None:
    assert age_on(day(on), born=day(born), leap_day=leap_day) == years


@pytest.mark.parametrize(
    ("born", "on", "mar1", "feb28"),
    [
        ("2004-02-29", "2022-02-27", 17, 17),
        ("2004-02-29", "2022-02-28", 17, 18),
        ("2004-02-29", "2022-03-01", 18, 18),
        ("2004-02-29", "2024-02-28", 19, 19),  # a leap year has the day itself
        ("2004-02-29", "2024-02-29", 20, 20),
        ("2004-02-29", "2024-03-01", 20, 20),
        ("1880-02-29", "1900-02-28", 19, 20),  # 1900 is a common year
        ("1880-02-29", "1900-03-01", 20, 20),
        ("1980-02-29", "2000-02-28", 19, 19),  # 2000 is a leap year
        ("1980-02-29", "2000-02-29", 20, 20),
        ("2080-02-29", "2100-02-27", 19, 19),  # 2100 is a common year
        ("2080-02-29", "2100-02-28", 19, 20),
        ("2080-02-29", "2100-03-01", 20, 20),
        ("2000-02-29", "2100-02-28", 99, 100),
        ("2004-02-28", "2022-02-27", 17, 17),  # born a day earlier: no leap day in it
        ("2004-02-29", "2003-02-28", -2, -1),  # not born, nor asked for
    ],
)
def test_born_on_29_february_a_year_is_completed_as_the_policy_says(
    born: str, on: str, mar1: int, feb28: int
) -> None:
    assert age_on(day(on), born=day(born), leap_day=MAR1) == mar1
    assert age_on(day(on), born=day(born), leap_day=FEB28) == feb28


def test_the_rule_that_never_admits_early_is_the_default() -> None:
    assert age_on(date(2022, 2, 28), born=date(2004, 2, 29)) == 17


@given(days, days, st.sampled_from(LeapDay))
@example(date(2022, 2, 28), date(2004, 2, 29), FEB28)
def test_ages_agree_with_integer_arithmetic(on: date, born: date, leap_day: LeapDay) -> None:
    assert age_on(on, born=born, leap_day=leap_day) == oracle(on, born, leap_day)


@given(days, st.sampled_from(LeapDay), st.integers(0, 140), st.integers(-2, 2))
def test_ages_agree_with_integer_arithmetic_around_birthdays(
    born: date, leap_day: LeapDay, years: int, shift: int
) -> None:
    on = date(min(born.year + years, 9998), born.month, min(born.day, 28)) + timedelta(days=shift)

    assert age_on(on, born=born, leap_day=leap_day) == oracle(on, born, leap_day)


@given(days, days, days, st.sampled_from(LeapDay))
def test_nobody_grows_younger(born: date, one: date, other: date, leap_day: LeapDay) -> None:
    earlier, later = sorted([one, other])

    assert age_on(earlier, born=born, leap_day=leap_day) <= age_on(
        later, born=born, leap_day=leap_day
    )


@given(days, days)
def test_the_28th_is_a_day_early_at_the_most(born: date, on: date) -> None:
    assert age_on(on, born=born, leap_day=FEB28) - age_on(on, born=born) == (
        (born.month, born.day, on.month, on.day) == (2, 29, 2, 28)
        and (on + timedelta(days=1)).month == 3
    )


# A text as a date --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2004-02-29",
        "2004-02-29T00:00:00.000Z",
        "2004-02-29T23:59:59.999-12:00",
        "2004-02-29T00:00:00+14:00",
        "2004-02-29t00:00",
        "2004-02-29 23:59:59",
        "2004-02-29Z",
        "2004-02-29+14:00",
        "2004-02-29T",
        "2004-02-29z",
        "2004-02-29-12:00",
        "2004-02-29T\ud800",
        "2004-02-29T" + "9" * 5_000,
    ],
)
def test_the_first_ten_characters_are_the_date_and_no_zone_moves_it(text: str) -> None:
    assert civil_date(text) == date(2004, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2004",
        "2004-02",
        "2004-02-2",
        "2004-2-29",
        "2004-02-9T",
        "20040229",
        "2004022900",
        "2004-W09-7",
        "2004-W09",
        "2004W097  ",
        "2004-060",
        "2004/02/29",
        "2004.02-29",
        "2004-02.29",
        "29-02-2004",
        "٢٠٠٤-٠٢-٢٩",
        "2004-02-2９",
        "２００４-02-29",
        "2004‐02‐29",  # hyphens that are not ASCII
        "2004-02-30",
        "2003-02-29",
        "1900-02-29",
        "2100-02-29",
        "2004-00-10",
        "2004-13-10",
        "2004-01-00",
        "2004-01-32",
        "2004-04-31",
        "0000-01-01",
        "10000-01-01",
        "+2004-02-29",
        "-2004-02-29",
        " 2004-02-29",
        "+004-02-29",
        "2004-+2-29",
        "2004- 2-29",
        "2004-02- 9",
        "\ud8002004-02-29",
        "2004-02-29\ud800",
        "2004-02-290",
        "2004-02-29secret",
        "2004-02-29\n",
        "2004-02-29٠",
        "None",
        "1077926400",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert civil_date(text) is None


def test_nothing_follows_a_date_but_a_time_or_a_zone() -> None:
    followers = map(chr, range(sys.maxunicode + 1))

    assert {one for one in followers if civil_date("2004-02-29" + one)} == set("Tt Zz+-")


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "1900-02-28",
        "2000-02-29",
        "2024-02-29",
        "2100-02-28",
        "1999-12-31",
        "2000-01-01",
        "9999-12-31",
    ],
)
def test_the_calendar_has_years_1_to_9999_and_the_century_rule(text: str) -> None:
    assert civil_date(text) == day(text)


@given(iso_texts(days))
def test_every_civil_date_is_read_whatever_follows(text: str) -> None:
    assert civil_date(text) == day(text[:10])


@given(any_texts | st.text("0123456789-W٠", min_size=10, max_size=10))
def test_what_is_read_was_written_in_its_ten_characters(text: str) -> None:
    read = civil_date(text)

    assert read is None or f"{read.year:04}-{read.month:02}-{read.day:02}" == text[:10]


@given(st.lists(iso_texts(days), max_size=4) | st.lists(iso_texts(days) | any_texts, max_size=4))
@example(["2004-02-29\n2004-02-29"])
@example(["2004-02-29T\n2004-02-29"])
@example(["2004-02-29\n", "2004-02-29"])
@example(["2004-02-29", "2005-02-29"])
@example(["2020-W01-1"])
@example(["٢٠٠٤-02-29"])
def test_many_dates_are_read_as_each_of_them_is(texts: list[str]) -> None:
    assert civil_dates(texts) == [civil_date(text) for text in texts]


@given(days, st.lists(st.none() | days, max_size=4), st.sampled_from(LeapDay))
@example(date(2022, 2, 28), [date(2004, 2, 29)], LeapDay.FEB28)
@example(date(2022, 2, 28), [date(2004, 2, 29)], LeapDay.MAR1)
@example(date(2022, 2, 28), [date(2022, 3, 1), date(2022, 2, 28), None], LeapDay.MAR1)
def test_many_ages_are_counted_as_each_of_them_is(
    on: date, born: list[date | None], leap_day: LeapDay
) -> None:
    assert ages_on(on, born=born, leap_day=leap_day) == [
        None if one is None or one > on else age_on(on, born=one, leap_day=leap_day) for one in born
    ]


# A birth month -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "month"), [("2004-02-29", "2004-02"), ("0001-12-31", "0001-12")])
def test_of_a_date_its_month_is_kept(text: str, month: str) -> None:
    assert month_of(day(text)) == month_in(text) == month


@pytest.mark.parametrize(
    ("today", "birth_month", "years"),
    [
        ("2026-11-23", "2008-10", 18),
        ("2026-11-01", "2008-11", 18),
        ("2026-11-30", "2008-12", 17),
        ("2026-01-31", "2008-12", 17),
        ("2026-12-01", "2008-01", 18),
        ("2026-11-23", "2026-11", 0),
        ("2026-11-23", "2026-12", -1),
        ("2026-11-23", "1896-11", 130),
    ],
)
def test_the_age_today_is_whole_months_divided_by_twelve(
    today: str, birth_month: str, years: int
) -> None:
    assert age_from_month(day(today), birth_month=birth_month) == years


@given(days, days)
def test_the_age_from_the_month_is_ahead_only_within_the_month_of_birth(
    on: date, born: date
) -> None:
    ahead = age_from_month(on, birth_month=month_of(born)) - age_on(on, born=born)

    assert ahead == (on.month == born.month and on.day < born.day)


# A whole leap cycle ------------------------------------------------------------------------------
#
# The calendar repeats after 400 years (146,097 days), and so does the rule, which looks at years
# only by their difference and by whether they are leap years. So pairs with the birth in one cycle
# stand for all. Days are walked from the birth to the last day at an age of 131, because whoever is
# older is rejected at once and ages only grow (`test_nobody_grows_younger`): some 7·10⁹ pairs.
#
# `feb28` differs from `mar1` by its definition at the end of February only: it takes all days for
# those born on 29 February, and 27 February to 1 March of each year for all others.

DAYS_IN_CYCLE = 146_097
DAYS_OF_LIFE = 132 * 365 + 33
BIRTHS_A_SLICE = 487
EXHAUSTIVE = os.environ.get("PROFILES_EXHAUSTIVE") == "1"


@cache
def calendar() -> tuple[list[date], list[int]]:
    """List all days needed, and what they are as numbers."""
    cycle = [date(2000, 1, 1) + timedelta(days=n) for n in range(DAYS_IN_CYCLE + DAYS_OF_LIFE)]
    return cycle, [number(on) for on in cycle]


@cache
def turns() -> tuple[list[date], list[int]]:
    """List the days on which the two leap-day rules may part."""
    of_february = [on for on in calendar()[0] if 227 <= number(on) % 10_000 <= 301]
    return of_february, [number(on) for on in of_february]


def walk(first: int) -> tuple[int, int]:
    """Walk the days of life of a slice of births; count the pairs seen and those that are wrong."""
    seen = wrong = 0
    every_day, numbers = calendar()
    for index in range(first, min(first + BIRTHS_A_SLICE, DAYS_IN_CYCLE)):
        born, begun, end = every_day[index], numbers[index], index + DAYS_OF_LIFE
        life = every_day[index:end]
        got = list(map(partial(age_on, born=born), life))
        want = [(on - begun) // 10_000 for on in numbers[index:end]]
        if begun % 10_000 != 229:
            ends_of_february, their_numbers = turns()
            life = ends_of_february[
                bisect_left(their_numbers, begun) : bisect_left(their_numbers, numbers[end - 1])
            ]
        got += map(partial(age_on, born=born, leap_day=FEB28), life)
        want += [oracle(on, born, FEB28) for on in life]
        seen += len(got)
        wrong += 0 if got == want else sum(map(ne, got, want))
    return seen, wrong


def walk_all(report: Callable[[str], None]) -> tuple[int, int]:
    """Walk the whole cycle on all cores."""
    seen = wrong = 0
    begun = time.monotonic()
    slices = range(0, DAYS_IN_CYCLE, BIRTHS_A_SLICE)
    # A fresh interpreter for each process: forking one that has threads is not safe.
    with multiprocessing.get_context("spawn").Pool() as pool:
        for done, counts in enumerate(pool.imap_unordered(walk, slices), start=1):
            seen, wrong = seen + counts[0], wrong + counts[1]
            rate = seen / (time.monotonic() - begun)
            report(
                f"leap cycle: slice {done} of {len(slices)}, {seen:,} pairs,"
                f" {wrong:,} of them wrong, {rate:,.0f}/s"
            )
    return seen, wrong


if EXHAUSTIVE:  # 27 minutes on two cores (measured 2026-11-23), so only where it is asked for

    def test_all_pairs_of_a_leap_cycle_agree_with_the_oracle(
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def report(line: str) -> None:
            with capsys.disabled():
                sys.stderr.write(f"\r{line}")
                sys.stderr.flush()

        seen, wrong = walk_all(report)

        assert wrong == 0
        assert seen > DAYS_IN_CYCLE * DAYS_OF_LIFE

else:

    def test_sampled_births_of_a_leap_cycle_agree_with_the_oracle_on_every_day_of_life() -> None:
        every_day, numbers = calendar()
        for index in random.Random(20261123).sample(range(DAYS_IN_CYCLE), 20):
            born, end = every_day[index], index + DAYS_OF_LIFE
            want = [(on - numbers[index]) // 10_000 for on in numbers[index:end]]

            assert [age_on(on, born=born) for on in every_day[index:end]] == want


@pytest.mark.parametrize("leap_day", LeapDay)
@pytest.mark.parametrize("born", [*LEAP_DAYS, date(2000, 3, 1), date(2003, 2, 28)])
def test_every_day_of_some_lives_has_the_age_of_the_oracle(born: date, leap_day: LeapDay) -> None:
    life = [born + timedelta(days=n) for n in range(DAYS_OF_LIFE)]

    assert [age_on(on, born=born, leap_day=leap_day) for on in life] == [
        oracle(on, born, leap_day) for on in life
    ]
