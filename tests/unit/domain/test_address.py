from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.address import NUMBER_FIRST, of_location, street_line
from profiles.domain.person import Location, Street
from profiles.domain.statistics import NATIONALITIES
from tests.strategies import clean_texts, house_numbers, nationalities, postcodes


def test_only_nationalities_of_the_api_put_the_number_first() -> None:
    assert frozenset({"AU", "CA", "FR", "GB", "IE", "IN", "NZ", "US"}) == NUMBER_FIRST
    assert NUMBER_FIRST < NATIONALITIES


@pytest.mark.parametrize(
    ("number", "street", "nationality", "line"),
    [
        (7, "Mill Lane", "GB", "7 Mill Lane"),
        (7, "Torvegade", "DK", "Torvegade 7"),
        (7, "Torvegade", None, "Torvegade 7"),
        (7, "Torvegade", "gb", "Torvegade 7"),
        (0, "Torvegade", "DK", "Torvegade 0"),
        (0, "Mill Lane", "GB", "0 Mill Lane"),
        ("12B", "Mill Lane", "GB", "12B Mill Lane"),
        ("12 bis", "Torvegade", "DK", "Torvegade 12 bis"),
        (None, "Mill Lane", "GB", "Mill Lane"),
        (None, "Torvegade", "DK", "Torvegade"),
        (7, None, "GB", None),
        (None, None, "DK", None),
    ],
)
def test_street_and_number_stand_in_the_order_of_the_country(
    number: int | str | None, street: str | None, nationality: str | None, line: str | None
) -> None:
    assert street_line(number, street, nationality) == line


MILL_LANE = Street(number=7, name="Mill Lane")


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (Location(), None),
        (Location(street=Street()), None),
        (Location(street=Street(number=7)), None),
        (Location(street=Street(name="Mill Lane")), "Mill Lane"),
        (Location(street=MILL_LANE), "7 Mill Lane"),
        (Location(postcode="0150"), "0150"),
        (Location(postcode=150), "150"),
        (Location(postcode=0), "0"),
        (Location(city="Bath"), "Bath"),
        (Location(postcode="BA1", city="Bath"), "BA1 Bath"),
        (Location(street=MILL_LANE, city="Bath"), "7 Mill Lane, Bath"),
        (Location(state="Avon", country="United Kingdom"), "Avon, United Kingdom"),
        (
            Location(street=MILL_LANE, postcode=0, city="Bath", state="Avon", country="UK"),
            "7 Mill Lane, 0 Bath, Avon, UK",
        ),
        (
            Location(
                street=Street(number=0, name="Mill Lane"),
                postcode="BA1",
                city="Bath",
                state="Avon",
                country="UK",
            ),
            "0 Mill Lane, BA1 Bath, Avon, UK",
        ),
        (
            Location(
                street=Street(name="Mill Lane"),
                postcode="BA1",
                city="Bath",
                state="Avon",
                country="UK",
            ),
            "Mill Lane, BA1 Bath, Avon, UK",
        ),
        (
            Location(
                street=Street(number=7), postcode="BA1", city="Bath", state="Avon", country="UK"
            ),
            "BA1 Bath, Avon, UK",
        ),
        (
            Location(postcode="BA1", city="Bath", state="Avon", country="UK"),
            "BA1 Bath, Avon, UK",
        ),
        (
            Location(street=MILL_LANE, city="Bath", state="Avon", country="UK"),
            "7 Mill Lane, Bath, Avon, UK",
        ),
        (
            Location(street=MILL_LANE, postcode="BA1", state="Avon", country="UK"),
            "7 Mill Lane, BA1, Avon, UK",
        ),
        (
            Location(street=MILL_LANE, postcode="BA1", city="Bath", country="UK"),
            "7 Mill Lane, BA1 Bath, UK",
        ),
        (
            Location(street=MILL_LANE, postcode="BA1", city="Bath", state="Avon"),
            "7 Mill Lane, BA1 Bath, Avon",
        ),
    ],
)
def test_what_is_missing_in_an_address_leaves_no_comma(
    location: Location, line: str | None
) -> None:
    assert of_location(location, "GB") == line


part = st.none() | clean_texts
streets = st.none() | st.builds(Street, number=st.none() | house_numbers, name=part)


@given(streets, st.none() | postcodes, st.tuples(part, part, part), st.none() | nationalities)
def test_every_part_that_is_there_is_in_the_address_once_and_in_order(
    street: Street | None,
    postcode: int | str | None,
    places: tuple[str | None, str | None, str | None],
    nationality: str | None,
) -> None:
    city, state, country = places
    location = Location(street=street, postcode=postcode, city=city, state=state, country=country)
    line = None if street is None else street_line(street.number, street.name, nationality)
    town = " ".join(str(one) for one in (postcode, city) if one is not None)

    expected = ", ".join(one for one in (line, town, state, country) if one)
    assert (of_location(location, nationality) or "") == expected


locations = st.builds(
    Location, street=streets, postcode=st.none() | postcodes, city=part, state=part, country=part
)


@given(locations, nationalities)
def test_an_address_is_as_long_in_the_order_of_any_country(
    location: Location, nationality: str
) -> None:
    # So whoever reads a record can refuse a long one without a look at the nationality.
    assert len(of_location(location, nationality) or "") == len(of_location(location, None) or "")
