"""What may be shown, and what can be inferred from it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, product, starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.dashboard.disclosure import (
    DEFAULT_K,
    TOP_EMAIL_DOMAINS,
    Disclosed,
    arrivals,
    disclose,
    email_domains,
    kept_out,
    people,
    rounded,
    rounded_parts,
)
from profiles.application.dashboard.population import (
    BANDS,
    EVERYONE,
    Group,
    Selection,
    by_selection,
)
from profiles.application.dashboard.publication import Tables
from profiles.domain.outcome import RejectionReason, WithheldReason
from profiles.domain.statistics import GENDERS, NATIONALITIES, OTHER, UNKNOWN

Seen = tuple[int, tuple[int, ...], tuple[int, ...]]

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)

ks = st.integers(1, 7)
groups = st.builds(
    Group,
    st.sampled_from(sorted({*NATIONALITIES, UNKNOWN})),
    st.sampled_from(sorted({*GENDERS, UNKNOWN})),
    st.integers(0, len(BANDS) - 1),
)
few_nationalities = st.builds(
    Group,
    st.sampled_from(["DK", "FR", UNKNOWN]),
    st.sampled_from(sorted({*GENDERS, UNKNOWN})),
    st.sampled_from([4, 5]),
)
populations = st.dictionaries(groups, st.integers(1, 40), max_size=40)
large_populations = st.dictionaries(few_nationalities, st.integers(1, 300), max_size=18)


def tables(held: dict[Group, int], domains: dict[str, int] | None = None, **reasons: int) -> Tables:
    return Tables(
        people=by_selection(held), email_domains=domains or {}, arrivals={}, reasons=reasons
    )


def shown(
    held: dict[Group, int], selection: Selection = EVERYONE, *, k: int = DEFAULT_K
) -> Disclosed:
    return disclose(tables(held), selection, now=NOON, k=k)


# --- One number ----------------------------------------------------------------------------


@given(count=st.integers(0, 10**9), k=ks)
def test_a_count_is_rounded_down_to_a_multiple_of_k(count: int, k: int) -> None:
    assert rounded(count, k=k) % k == 0
    assert 0 <= count - rounded(count, k=k) < k


def test_fewer_than_k_look_like_none() -> None:
    assert [rounded(count, k=5) for count in range(7)] == [0, 0, 0, 0, 0, 5, 5]
    assert [rounded(count, k=1) for count in range(7)] == list(range(7))


# --- Totals and their parts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "first", "second"), [(2, 2, 2), (2, 3, 2), (2, 3, 3), (3, 2, 2), (3, 3, 2), (5, 2, 2)]
)
def test_total_and_parts_together_leave_k_values_for_every_count(
    k: int, first: int, second: int
) -> None:
    """Try every population of two breakdowns: who knows the rule and all that is shown of one
    knows only that it is among those with the same numbers, and there each count has k values.
    So it has for who knows, besides, of any parts that they are empty.
    """
    alike: dict[Seen, list[tuple[int, ...]]] = defaultdict(list)
    rows: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for row in product(range(3 * k), repeat=first):
        rows[sum(row)].append(row)
    for other in product(range(3 * k), repeat=second):
        for row in rows[sum(other)]:
            total = rounded(sum(row), k=k)
            parts = [
                tuple(rounded_parts(dict(enumerate(counts)), total, k=k).values())
                for counts in (row, other)
            ]
            alike[total, parts[0], parts[1]].append((sum(row), *row, *other))

    # What is shown as 3 k can be larger than what was tried, so not all of its kind are there.
    whole = {
        seen: possible for seen, possible in alike.items() if 3 * k not in {*seen[1], *seen[2]}
    }
    assert len(whole) > len(alike) / 4
    for seen, possible in whole.items():
        for known_empty in known_to_be_empty(first, second):
            left = [
                counts for counts in possible if not any(counts[place] for place in known_empty)
            ]
            for place, counts in enumerate(zip(*left, strict=True)):
                assert place in known_empty or len(set(counts)) >= k, (seen, known_empty, place)


def known_to_be_empty(*breakdowns: int) -> list[tuple[int, ...]]:
    """List what a reader may know: places of empty parts, never all of a breakdown.

    Place 0 is the total; the parts of one breakdown come after those of the other.
    """
    knowable = []
    place = 1
    for parts in breakdowns:
        places = range(place, place + parts)
        knowable.append([one for size in range(parts) for one in combinations(places, size)])
        place += parts
    return [tuple(chain.from_iterable(known)) for known in product(*knowable)]


def test_a_part_is_rounded_up_where_the_total_would_give_it_away() -> None:
    def parts(*counts: int, k: int = 5) -> list[int]:
        total = rounded(sum(counts), k=k)
        return list(rounded_parts(dict(enumerate(counts)), total, k=k).values())

    assert parts(4, 4, 4, 4, 4) == [5, 5, 5, 0, 0]  # 20 is 4 + 4 + 4 + 4 + 4, and nothing else
    assert parts(13, 4) == [15, 0]  # or there would be one more in each at least
    assert parts(12, 4) == [15, 0]
    assert parts(12, 2) == [10, 0]
    assert parts(7) == [5]
    assert parts(14, 14, 14) == [15, 10, 10]
    assert parts(13, 13, 13) == [10, 10, 10]
    assert parts(13, 4, k=1) == [13, 4]


def test_a_part_that_may_be_known_to_be_empty_takes_nothing_that_the_total_leaves_over() -> None:
    """Where the gender of all is given, `unknown` is no place for the three that are missing."""
    held = {Group("DK", "female", 4): 53, Group("DK", "male", 4): 52}

    assert people(held, k=5).genders == {"female": 55, "male": 50, UNKNOWN: 0}


@given(
    held=populations,
    domains=st.dictionaries(st.sampled_from("abcdefghijklmn"), st.integers(1, 30)),
    unnamed=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    reasons=st.dictionaries(
        st.sampled_from([*WithheldReason, *RejectionReason]), st.integers(0, 30)
    ),
    k=ks,
    data=st.data(),
)
def test_no_count_on_the_page_can_be_distinguished_from_its_neighbours(  # noqa: PLR0913, PLR0917 - all that is broken down
    held: dict[Group, int],
    domains: dict[str, int],
    unnamed: tuple[int, int],
    reasons: dict[WithheldReason | RejectionReason, int],
    k: int,
    data: st.DataObject,
) -> None:
    """For each equation that a reader can write: what the other numbers leave for one of them.

    Whatever parts a reader knows to be empty.
    """
    seen = people(held, k=k)
    by_domain = {**domains, OTHER: unnamed[0], UNKNOWN: unnamed[1]}
    mail = email_domains(by_domain, k=k)
    others = sum(by_domain.values()) - unnamed[1] - sum(domains[name] for name in mail.named)
    by_reason = {reason.value: count for reason, count in reasons.items()}
    withheld, rejected = (
        kept_out(by_reason, WithheldReason, k=k),
        kept_out(by_reason, RejectionReason, k=k),
    )

    def count(**of: object) -> int:
        return sum(
            number
            for group, number in held.items()
            if all(getattr(group, name) == value for name, value in of.items())
        )

    equations: list[tuple[int, list[tuple[int, int]]]] = [
        (seen.total, [(part, count(band=band)) for band, part in enumerate(seen.bands)]),
        (seen.total, [(part, count(gender=name)) for name, part in seen.genders.items()]),
        (seen.total, [(part, count(nationality=one)) for one, part in seen.nationalities.items()]),
        *(
            (seen.genders[name], [(n, count(gender=name, band=b)) for b, n in enumerate(bands)])
            for name, bands in seen.pyramid.items()
        ),
        (
            rounded(sum(by_domain.values()), k=k),
            [
                *((part, domains[name]) for name, part in mail.named.items()),
                (mail.others, others),
                (mail.without, unnamed[1]),
            ],
        ),
        *(
            (kept.total, [(part, by_reason.get(name, 0)) for name, part in kept.reasons.items()])
            for kept in (withheld, rejected)
        ),
    ]
    for total, breakdown in equations:
        parts = [
            part for part, exact in breakdown if exact or not data.draw(st.booleans(), "known")
        ]
        for part in parts:
            at_least = total - (sum(parts) - part) - (len(parts) - 1) * (k - 1)
            at_most = total + k - 1 - (sum(parts) - part)
            assert at_least <= part
            assert at_most >= part + k - 1


@given(held=populations, k=ks)
def test_everything_shown_is_a_multiple_of_k_next_to_what_is_there(
    held: dict[Group, int], k: int
) -> None:
    seen = people(held, k=k)

    def near(shown: int, exact: int) -> bool:
        return shown % k == 0 and abs(exact - shown) < k

    def count(**of: object) -> int:
        return sum(
            count
            for group, count in held.items()
            if all(getattr(group, name) == value for name, value in of.items())
        )

    assert seen.total == rounded(sum(held.values()), k=k)
    assert all(near(shown, count(gender=name)) for name, shown in seen.genders.items())
    assert all(near(shown, count(nationality=name)) for name, shown in seen.nationalities.items())
    assert all(near(shown, count(band=band)) for band, shown in enumerate(seen.bands))
    for gender, bands in seen.pyramid.items():
        assert all(near(shown, count(band=b, gender=gender)) for b, shown in enumerate(bands))


@given(held=populations)
def test_with_k_of_one_every_count_is_exact(held: dict[Group, int]) -> None:
    seen = people(held, k=1)

    assert seen.total == sum(seen.bands) == sum(seen.genders.values()) == sum(held.values())
    assert seen.total == sum(seen.nationalities.values())


# --- Order, names, derived numbers ---------------------------------------------------------


def test_the_order_tells_no_more_than_the_numbers() -> None:
    held = {
        Group("FR", "male", 4): 14,
        Group("DK", "female", 4): 11,
        Group(UNKNOWN, UNKNOWN, 4): 90,
        Group("BR", "male", 4): 20,
    }

    seen = people(held, k=5)

    assert list(seen.nationalities.items())[:4] == [("BR", 20), ("DK", 10), ("FR", 10), ("AU", 0)]
    assert list(seen.nationalities)[-1] == UNKNOWN
    assert list(seen.genders.items()) == [("male", 30), ("female", 10), (UNKNOWN, 90)]


def test_the_median_age_is_estimated_from_what_is_shown() -> None:
    def median(youngest: int = 18, **bands: int) -> int | None:
        places = {f"from_{band.youngest}": number for number, band in enumerate(BANDS)}
        held = {Group("DK", "female", places[name]): count for name, count in bands.items()}
        return people(held, k=5, youngest=youngest).median_age

    assert median(from_30=100) == 32
    assert median(from_30=104, from_60=4) == 32
    assert median(from_30=50, from_60=50) == 34
    assert median(from_30=50, from_60=100) == 61
    assert median(from_100=50) == 100
    assert median(from_0=100, youngest=0) == 9
    assert median(from_0=100, youngest=13) == 15  # nobody below is admitted
    assert median(from_0=100, youngest=18) == 17  # and yet there is somebody
    assert median(from_18=100, youngest=19) == 19
    assert median(from_30=4) is None
    assert median() is None


@given(
    domains=st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(1, 30)), k=ks
)
def test_a_domain_of_fewer_than_k_is_not_even_named(domains: dict[str, int], k: int) -> None:
    seen = email_domains({**domains, OTHER: 7, UNKNOWN: 3}, k=k)

    assert all(domains[name] >= k for name in seen.named)
    assert len(seen.named) == min(sum(count >= k for count in domains.values()), TOP_EMAIL_DOMAINS)
    rest = sum(count for name, count in domains.items() if name not in seen.named)
    assert abs(seen.others - rest - 7) < k
    assert abs(seen.without - 3) < k


@given(domains=st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.integers(1, 30)), k=ks)
def test_which_domains_are_named_depends_on_rounded_counts_only(
    domains: dict[str, int], k: int
) -> None:
    floors = {name: rounded(count, k=k) for name, count in domains.items()}

    assert email_domains(domains, k=k).named.keys() == email_domains(floors, k=k).named.keys()


def test_the_order_of_domains_tells_no_more_than_the_numbers() -> None:
    seen = email_domains({"a.example": 10, "b.example": 14, UNKNOWN: 1}, k=5)

    assert list(seen.named.items()) == [("b.example", 15), ("a.example", 10)]


def test_arrivals_are_shown_by_minute_for_an_hour() -> None:
    last = NOON.replace(second=0)
    counts = {last: 12, last - timedelta(minutes=59): 4, last - timedelta(minutes=60): 99}

    seen = arrivals(counts, now=NOON, k=5)

    assert len(seen) == 60
    assert next(iter(seen)) == last - timedelta(minutes=59)
    assert {minute: count for minute, count in seen.items() if count} == {last: 10}


def test_withheld_and_rejected_are_counted_by_reason() -> None:
    counts = {"minor": 23, "retention": 1, "type": 31, "json": 30, "date": 2}

    withheld = kept_out(counts, WithheldReason, k=5)
    rejected = kept_out(counts, RejectionReason, k=5)

    assert (withheld.total, withheld.reasons) == (20, {"minor": 20, "retention": 0})
    assert rejected.total == 60
    assert list(rejected.reasons.items())[:3] == [("json", 30), ("type", 30), ("age", 0)]
    assert rejected.reasons.keys() == {reason.value for reason in RejectionReason}


# --- Selections ----------------------------------------------------------------------------


def halves(danish: int, french: int) -> dict[Group, int]:
    return {
        Group("DK", "female", 4): danish,
        Group("DK", "male", 4): danish,
        Group("FR", "female", 4): french,
        Group("FR", "male", 4): french,
    }


def test_a_selection_is_offered_where_it_and_the_rest_have_enough_persons() -> None:
    seen = shown(halves(300, 400))

    assert (seen.nationalities, seen.genders) == (("DK", "FR"), ("female", "male"))
    assert shown(halves(49, 400)).nationalities == ()
    assert shown(halves(400, 49)).nationalities == ()
    assert shown(halves(1, 1)).genders == ()
    assert shown({}).nationalities == shown({}).genders == ()


def test_a_selection_shows_its_own_people_and_nobody_else() -> None:
    seen = shown(halves(300, 400), Selection("DK", "female"))

    assert (seen.selection, seen.refused) == (Selection("DK", "female"), False)
    assert seen.people.total == 300
    assert seen.people.nationalities == {"DK": 300}
    assert seen.people.genders == {"female": 300}
    assert seen.people.pyramid.keys() == {"female"}


@pytest.mark.parametrize(
    "selection",
    [
        Selection("BR"),
        Selection(UNKNOWN),
        Selection(gender=UNKNOWN),
        Selection("DK", "none such"),
        Selection("DK", UNKNOWN),
    ],
)
def test_a_selection_that_is_not_offered_is_refused_and_everyone_shown(
    selection: Selection,
) -> None:
    held = {**halves(300, 400), Group("BR", "male", 4): 99, Group(UNKNOWN, UNKNOWN, 4): 500}

    refused = shown(held, selection)

    assert refused.refused
    assert refused.selection == EVERYONE
    assert refused.people == people(held, k=DEFAULT_K)


def test_two_filters_together_leave_enough_of_each_alone() -> None:
    held = {**halves(300, 400), Group("DK", "male", 4): 99}

    assert shown(held, Selection("DK")).genders == ()
    assert shown(held, Selection(gender="female")).nationalities == ("FR",)


@given(held=large_populations, k=st.integers(1, 5))
def test_whoever_is_selected_and_whoever_is_left_out_are_20_k_at_least(
    held: dict[Group, int], k: int
) -> None:
    exact = tables(held)
    counts = {selection: sum(table.values()) for selection, table in exact.people.items()}

    for selection in starmap(Selection, product((None, "DK", "BR"), (None, "female", "male"))):
        seen = disclose(exact, selection, now=NOON, k=k)
        nationality, gender = seen.selection
        for wider in {EVERYONE, Selection(nationality), Selection(gender=gender)}:
            if wider != seen.selection:
                assert counts[seen.selection] >= 20 * k
                assert counts[wider] - counts[seen.selection] >= 20 * k
        offered = {Selection(name, gender) for name in seen.nationalities} | {
            Selection(nationality, name) for name in seen.genders
        }
        for other in offered:
            assert not disclose(exact, other, now=NOON, k=k).refused
