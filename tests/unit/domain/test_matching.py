"""Whose profile a request is about: what matches, how surely, and what nobody is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from profiles.domain.errors import UsageError
from profiles.domain.matching import Match, Search, search_for
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from tests.strategies import TODAY, profiles

ADA = Profile(
    id=PersonId("00000000-0000-4000-8000-00000000000a"),
    username="Ada42",
    gender="female",
    title="Ms",
    full_name="Ada Løvelace",
    full_address=None,
    city=None,
    country=None,
    nationality="NO",
    email="Ada.L@example.com",
    email_domain="example.com",
    age=36,
    birth_month="1990-05",
    registered_on=None,
    as_of=TODAY,
    expires_at=TODAY,
)
OLD = PseudonymKey(id="k0", secret=b"0" * 32)
NEW = PseudonymKey(id="k1", secret=b"1" * 32)


def found(search: Search, **changed: str | None) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What matches of Ada with some fields changed, and which of it is weaker."""
    match = search.match(ADA._replace(**dict[str, Any](changed)))
    return None if match is None else (match.fields, match.weaker)


@pytest.mark.parametrize(
    "address",
    [
        "Ada.L@example.com",
        "Ada.L@EXAMPLE.com",
        "  Ada.L@Example.COM\n",
        "Ada.L@example.com.",
        "Ada\u200b.L@exam\u00adple.com",
    ],
)
def test_an_address_matches_in_any_writing_of_its_domain(address: str) -> None:
    assert found(search_for(email=address)) == (("email",), ())


def test_an_address_that_was_stored_with_another_case_of_the_domain_matches() -> None:
    assert found(search_for(email="Ada.L@example.com"), email="Ada.L@Example.COM") == (
        ("email",),
        (),
    )


def test_both_writings_of_an_international_domain_are_one() -> None:
    for written, stored in (
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@BÜCHER.example"),
    ):
        assert found(search_for(email=written), email=stored) == (("email",), ())


def test_another_case_before_the_at_sign_is_a_weaker_match() -> None:
    assert found(search_for(email="ada.l@example.com")) == (("email",), ("email",))
    assert found(search_for(email="STRASSE@x.org"), email="straße@x.org") == (
        ("email",),
        ("email",),
    )


@pytest.mark.parametrize(
    "address", ["ada@example.com", "Ada.L@example.org", "Ada.L", "example.com", "a@b@example.com"]
)
def test_another_address_does_not_match(address: str) -> None:
    assert found(search_for(email=address)) is None


def test_an_address_in_normal_form_matches_its_other_form() -> None:
    assert found(search_for(email="ze\u0301@x.org"), email="z\u00e9@x.org") == (("email",), ())


def test_what_has_no_readable_domain_is_compared_in_any_case_behind_the_at_sign() -> None:
    assert found(search_for(email="ada@localhost"), email="ada@LOCALHOST") == (("email",), ())
    assert found(search_for(email="ada@localhost"), email="ada@otherhost") is None


def test_what_is_no_address_matches_what_was_stored_like_it() -> None:
    assert found(search_for(email="Ada"), email="Ada") == (("email",), ())
    assert found(search_for(email="ada"), email="Ada") == (("email",), ("email",))
    assert found(search_for(email="Ada"), email="Ada@") is None


def test_the_last_at_sign_is_the_one_before_the_domain() -> None:
    search = search_for(email="a@B@example.com")

    assert found(search, email="a@B@EXAMPLE.com") == (("email",), ())
    assert found(search, email="a@b@example.com") == (("email",), ("email",))
    assert found(search, email="a@c@example.com") is None


def test_a_pseudonym_under_any_key_matches_its_address() -> None:
    search = search_for(email="Ada.L@Example.com", keys=[OLD, NEW])

    for key in (OLD, NEW):
        assert found(search, email=pseudonym("Ada.L@Example.com", key)) == (("email",), ())
        assert found(search, email=pseudonym("Ada.L@example.com", key)) == (("email",), ())
        assert found(search, email=pseudonym("ada.l@example.com", key)) == (
            ("email",),
            ("email",),
        )
        assert found(search, email=pseudonym("bea@example.com", key)) is None
    assert found(search, email="Ada.L@example.com") == (("email",), ())


def test_a_pseudonym_of_an_international_domain_matches_where_it_was_written_in_unicode() -> None:
    search = search_for(email="ada@XN--bcher-kva.example", keys=[NEW])

    for written in ("ada@xn--bcher-kva.example", "ada@bücher.example"):
        assert found(search, email=pseudonym(written, NEW)) == (("email",), ())


def test_an_address_in_lower_case_matches_its_pseudonym_surely() -> None:
    search = search_for(email="ada@example.com", keys=[NEW])

    assert found(search, email=pseudonym("ada@example.com", NEW)) == (("email",), ())


def test_without_its_key_a_pseudonym_does_not_match() -> None:
    search = search_for(email="Ada.L@example.com", keys=[OLD])

    assert found(search, email=pseudonym("Ada.L@example.com", NEW)) is None


def test_a_user_name_matches_and_in_another_case_more_weakly() -> None:
    assert found(search_for(username=" Ada42 ")) == (("username",), ())
    assert found(search_for(username="aDA42")) == (("username",), ("username",))
    assert found(search_for(username="Ada4")) is None


def test_a_name_in_any_case_matches_together_with_the_month_of_birth() -> None:
    search = search_for(name="  ADA   LØVELACE ", birth_month="1990-05")

    assert found(search) == (("full_name", "birth_month"), ())
    assert found(search, birth_month="1990-06") is None
    assert found(search, full_name="Ada L") is None


def test_a_name_matches_in_the_normal_form_of_its_folded_case() -> None:
    search = search_for(name="J\u030cohn", birth_month="1990-05")

    assert found(search, full_name="\u01f0ohn") == (("full_name", "birth_month"), ())


def test_all_that_is_told_must_match() -> None:
    search = search_for(
        email="ada.l@example.com", username="Ada42", name="Ada Løvelace", birth_month="1990-05"
    )

    assert found(search) == (("username", "full_name", "email", "birth_month"), ("email",))
    for other in ("username", "full_name", "email"):
        assert found(search, **{other: None}) is None
        assert found(search, **{other: "other"}) is None
    assert found(search, birth_month="1991-05") is None


def test_a_match_tells_the_id_and_the_names_of_fields() -> None:
    match = search_for(username="Ada42").match(ADA)

    assert match == Match(id=ADA.id, fields=("username",), weaker=())
    assert repr(match) == "Match(...)"
    assert "Ada" not in repr(search_for(email="Ada", username="Ada", keys=[OLD]))


@given(profiles())
def test_everybody_is_found_by_what_is_stored(profile: Profile) -> None:
    told = {
        "email": profile.email,
        "username": profile.username,
        "name": profile.full_name,
    }
    given_ones: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    if not given_ones:
        return

    match = search_for(**given_ones, birth_month=profile.birth_month).match(profile)

    assert match is not None
    assert match.weaker == ()


TOO_LITTLE = "Say whom to find: --email, --username, or --name with --birth-month."
ONE_OF_MANY = "A name alone is that of many; add --birth-month YYYY-MM to --name."
NO_MONTH = "--birth-month is a year and a month, YYYY-MM, such as 1990-05."


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, TOO_LITTLE),
        ({"birth_month": "1990-05"}, TOO_LITTLE),
        ({"name": "PRIVATE"}, ONE_OF_MANY),
        ({"name": "PRIVATE", "birth_month": "1990-13"}, NO_MONTH),
        ({"name": "PRIVATE", "birth_month": "1990-00"}, NO_MONTH),
        ({"name": "PRIVATE", "birth_month": "1990-5"}, NO_MONTH),
        ({"name": "PRIVATE", "birth_month": "1990-05-17"}, NO_MONTH),
        ({"name": "PRIVATE", "birth_month": "١٩٩٠-٠٥"}, NO_MONTH),
        ({"email": " \u200b "}, "--email is empty; say whom to find."),
        ({"username": ""}, "--username is empty; say whom to find."),
        ({"name": "", "birth_month": "1990-05"}, "--name is empty; say whom to find."),
        (
            {"email": "e" * 321},
            "--email is longer than 320 characters, so no profile can have it.",
        ),
        (
            {"username": "u" * 257},
            "--username is longer than 256 characters, so no profile can have it.",
        ),
        (
            {"name": "n" * 514, "birth_month": "1990-05"},
            "--name is longer than 513 characters, so no profile can have it.",
        ),
        (
            {"name": "PRIVATE\x07", "birth_month": "1990-05"},
            "--name has control characters or is no UTF-8; write it anew.",
        ),
        (
            {"username": "PRIVATE\udc80"},
            "--username has control characters or is no UTF-8; write it anew.",
        ),
    ],
)
def test_what_can_match_nobody_is_refused_and_not_repeated(told: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        search_for(**told)

    assert str(raised.value) == said


def test_the_longest_of_each_can_be_looked_for() -> None:
    longest = {"email": "e" * 320, "username": "u" * 256, "full_name": "n" * 513}
    search = search_for(
        email=longest["email"],
        username=longest["username"],
        name=longest["full_name"],
        birth_month="1990-05",
    )

    assert found(search, **longest) == (("username", "full_name", "email", "birth_month"), ())


def test_a_search_names_the_fields_that_it_compares() -> None:
    assert search_for(username="Ada42", birth_month="1990-05").fields == ("username", "birth_month")
