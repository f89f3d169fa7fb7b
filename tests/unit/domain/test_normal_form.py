from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given

from profiles.domain import reading
from profiles.domain.invisible import is_invisible
from profiles.domain.normal_form import MAXIMUM_INTEGER, is_clean, line_of
from profiles.domain.person import Birth, Location, Login, Name, Person, Registration, Street
from profiles.domain.reading import read_person
from profiles.domain.texts import PLAIN_WORD
from tests.strategies import any_texts, persons, texts

ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
NAME = Name(title="Ms", first="Åse", last="Lund")
STREET = Street(number=12, name="Storgata")
PLACE = Location(street=STREET, city="Oslo", state="Oslo", country="Norway", postcode="0150")
PERSON = Person(
    login=Login(uuid=ID, username="goldenfox"),
    dob=Birth(date="1990-02-28"),
    gender="female",
    name=NAME,
    location=PLACE,
    email="ase.lund@example.com",
    registered=Registration(date="2010-05-04"),
    nat="NO",
)


def is_clean_at_one_look(person: Person) -> bool:
    name, location = person.name, person.location
    if name is None or location is None or location.street is None:
        return False
    line = line_of(person, name, location, location.street)
    return is_clean(line, person, location, location.street)


def named(first: str) -> Person:
    return replace(PERSON, name=replace(NAME, first=first))


def test_a_person_in_normal_form_is_clean() -> None:
    assert is_clean_at_one_look(PERSON)


@given(persons(any_texts) | persons(texts))
def test_who_is_clean_is_read_without_a_change(person: Person) -> None:
    if is_clean_at_one_look(person):
        assert read_person(person) == person


@pytest.mark.parametrize(
    "first", ["Ђорђе", "आरती", "محمد", "گل\u200cها", "क\u094d\u200dष", "李小龍"]
)
def test_names_of_other_scripts_are_clean(first: str) -> None:
    assert is_clean_at_one_look(named(first))


@pytest.mark.parametrize(
    "first",
    [
        *(
            "",
            " ",
            " Åse",
            "Åse ",
            "Å  se",
            "A\u030ase",
            "Ås\ne",
            "Å\x7fse",
            "Å\u00adse",
            "Åse\ud800",
        ),
        *("\u200cگل", "گل\u200d", "گل\u200c ها", "گل \u200dها", "گل\u200b", "گل\u2060ها"),
        *("Åse\u3164", "گ\u3164ل", "葛\U000e0100", "x" * 200),
    ],
)
def test_what_would_be_changed_or_refused_is_not(first: str) -> None:
    assert not is_clean_at_one_look(named(first))


@pytest.mark.parametrize("first", ["Åse", "گل\u200cها"])
@pytest.mark.parametrize(
    "uuid", [ID.upper(), ID[:-1], ID + "0", ID + " x", ID + " ", " " + ID, "", "x" * 36]
)
def test_an_id_in_another_form_is_not(uuid: str, first: str) -> None:
    assert not is_clean_at_one_look(
        replace(named(first), login=Login(uuid=uuid, username="goldenfox"))
    )


@pytest.mark.parametrize("first", ["Åse", "گل\u200cها"])
def test_nothing_invisible_is_in_an_address(first: str) -> None:
    assert not is_clean_at_one_look(replace(named(first), email="an\u200cna@example.com"))
    assert is_clean_at_one_look(replace(named(first), email=None))


def test_the_largest_number_has_12_digits() -> None:
    assert MAXIMUM_INTEGER == 10**12


def test_the_characters_of_a_plain_word_show_and_are_in_normal_form() -> None:
    plain = re.compile(PLAIN_WORD)
    found = [chr(code) for code in range(0x110000) if plain.fullmatch(chr(code))]

    assert found == [
        chr(code)
        for code in range(0x300)
        if chr(code).isprintable() and chr(code) != " " and not is_invisible(chr(code))
    ]
    assert unicodedata.is_normalized("NFC", "".join(found))
    assert reading.read_person(named("".join(found[:90]))) == named("".join(found[:90]))
