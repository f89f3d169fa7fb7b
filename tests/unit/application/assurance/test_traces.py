"""Whether a text tells anything of a person: every field, in every usual way of writing."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.assurance.traces import Trace, traces_in
from profiles.domain.person import Birth, Login, Name, Person, PersonId
from tests.strategies import clean_texts
from tests.support.histories import profile

ZOE: dict[str, Any] = {
    "gender": "female",
    "name": {"title": "Mademoiselle", "first": "Zoë", "last": 'Ångström "Å"'},
    "location": {
        "street": {"number": 4711, "name": "Rue de l'Été"},
        "city": "Échirolles",
        "state": "Isère",
        "country": "Switzerland",
        "postcode": 38130,
        "timezone": {"offset": "+1:00", "description": "Brussels, Paris"},
    },
    "email": "zoe.angstrom@bücher.example",
    "login": {"uuid": "0a0a0a0a-0000-4000-8000-00000000a001", "username": "orangefrog42"},
    "dob": {"date": "1985-03-14T03:04:05.678Z", "age": 41},
    "registered": {"date": "2015-03-02T10:11:12.131Z", "age": 11},
    "phone": "0151-5550199",
    "id": {"name": "INSEE", "value": None},
    "nat": "CH",
}
UNTOLD = "read 4,711 records of 38130 in Switzerland (CH), female: 41; born 1985-03"


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "plain, in capitals": str.upper,
    "plain, decomposed": lambda text: text.replace("Å", "A\u030a").replace("ö", "o\u0308"),
    "escaped, as JSON": json.dumps,
    "escaped, as bytes": lambda text: repr(text.encode()),
    "URL-quoted": quote,
    "URL-quoted, as a form": quote_plus,
    "URL-quoted, in part": lambda text: text.replace("Å", "%c3%85"),
    "HTML-escaped": html.escape,
    "base64": base64_of,
    "base64, for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64, in something longer": lambda text: base64_of(f"x{text}y"),
    "base64, of JSON": lambda text: base64_of(json.dumps({"a": text})),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_value_is_found_however_it_is_written(writing: str) -> None:
    written = WRITINGS[writing](ZOE["name"]["last"])

    (found,) = traces_in(f"sent to /{written} twice", [{}, ZOE])

    assert (found.person, found.path) == (1, "name.last")
    assert found.form == writing.partition(",")[0]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("0A0A0A0A-0000-4000-8000-00000000A001", "login.uuid"),
        ("0a0a0a0a00004000800000000000a001", "login.uuid"),
        ("1985-03-14", "dob.date"),
        ("1985-03-14T03:04:05.678Z", "dob.date"),
        ("2015-03-02", "registered.date"),
        ("OrangeFrog42", "login.username"),
        ("0151-5550199", "phone"),
        ("échirolles", "location.city"),
        ("Isère", "location.state"),
    ],
)
def test_the_path_tells_which_field_was_found(text: str, path: str) -> None:
    assert traces_in(f"<{text}>", [ZOE]) == [Trace(0, path, "plain")]


def test_what_many_share_or_counts_look_like_is_not_looked_for() -> None:
    assert traces_in(UNTOLD, [ZOE]) == []


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("Eva", "Eva", False),  # too short, even alone
        ("Anna", "Hello Anna, your", True),
        ("Anna", "Hannah in Savannah", False),
        ("Anna", "Annas", False),
        ("Lieselotte", "xLieselottex", True),
        ("123456", "123456", False),
        ("1234567", "at 1234567.", True),
        ("1234567", "912345678", False),
        ("  ", "  ", False),
    ],
)
def test_short_values_are_found_as_words_and_the_shortest_not_at_all(
    value: str, text: str, *, found: bool
) -> None:
    assert bool(traces_in(text, [{"location": {"city": value}}])) is found


def test_first_and_last_name_are_found_together_where_each_is_too_short() -> None:
    person = {"name": {"first": "Bo", "last": "Li"}}

    assert traces_in("Dear Bo Li,", [person]) == [Trace(0, "name", "plain")]
    assert traces_in("Dear Bo,", [person]) == []


def test_numbers_are_found_as_they_are_written() -> None:
    assert traces_in("at 1234567", [{"id": {"value": 1_234_567}}]) == [
        Trace(0, "id.value", "plain")
    ]
    assert traces_in("True 1.5", [{"phone": True, "cell": 1.5}]) == []


def test_persons_and_profiles_of_the_domain_are_looked_for_too() -> None:
    person = Person(
        login=Login(uuid=PersonId("0a0a0a0a-0000-4000-8000-00000000a001")),
        dob=Birth(date="1985-03-14"),
        name=Name(first="Lieselotte"),
    )
    held = profile(full_name="Lieselotte Byron", registered_on=date(2015, 2, 28))

    assert traces_in("Lieselotte Byron", [person, held]) == [
        Trace(0, "name.first", "plain"),
        Trace(1, "full_name", "plain"),
    ]
    assert traces_in("2015-02-28", [held]) == [Trace(0, "registered_on", "plain")]


def test_records_are_read_from_messages() -> None:
    response = json.dumps({"results": [{}, ZOE], "info": {"seed": "orangefrog42"}}).encode()

    assert traces_in("by orangefrog42", [response]) == [
        Trace(0, "results[1].login.username", "plain")
    ]


@pytest.mark.parametrize(
    "message",
    [
        b'{"login":{"username":"orangefrog42"},"dob":',
        b'{"login":{"username":"orangefrog42"}}{"login":{"username":"bluewhale17"}}',
        b'{"nat":"orangefrog42 too","login":{"username": "orangefrog42',
        b'{"login":{"username":"orangefrog42"},"name":"Zo\xeb"}',
        b"[" * 100_000 + b'"orangefrog42"',
        b"orangefrog42",
        "<orangefrog42>",
    ],
)
def test_what_is_no_json_is_looked_for_by_its_texts(message: bytes | str) -> None:
    assert traces_in("by <orangefrog42>", [message]) == [Trace(0, "", "plain")]


def test_a_foreign_key_is_looked_for_and_never_named() -> None:
    person = {"Lieselotte": {"nick name": "Lilo the Great"}, "ssn": 1, "name": {"x": ["Wilhelm"]}}

    assert traces_in("Lieselotte", [person]) == [Trace(0, "(foreign key)", "plain")]
    assert traces_in("Lilo the Great", [person]) == [Trace(0, "(foreign).(foreign)", "plain")]
    assert traces_in("Wilhelm", [person]) == [Trace(0, "name.(foreign)[0]", "plain")]


def test_the_same_field_is_told_once_however_often_it_is_found() -> None:
    twice = f"orangefrog42 orangefrog42 {base64_of('orangefrog42')}"

    assert traces_in(twice, [ZOE]) == [Trace(0, "login.username", "plain")]


@given(word=clean_texts, around=st.text(max_size=20))
def test_a_long_value_is_found_in_any_text(word: str, around: str) -> None:
    value = f"{word}Lieselotte{word}"

    found = traces_in(f"{around} {value} {around}", [{"location": {"city": value}}])

    assert found == [Trace(0, "location.city", "plain")]


@given(text=st.text(st.characters(exclude_categories=[]), max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    assert traces_in(f"{text}\\ud800\\x9f%ff&#xd800;&#x110000;", [{"email": "nobody@e.x"}]) == []
