"""Markers of planted persons, looked for in bytes: what may be where, and what is a leak."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from profiles.application.assurance.leaks import (
    Fate,
    Kept,
    Leak,
    Marker,
    Part,
    Planting,
    Search,
)
from profiles.domain.policy import DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from tests.strategies import today

IDENTITY = "0a0a0a0a-0b0b-4000-8000-00000000a001"
VALUES = {
    "login.uuid": IDENTITY,
    "name.last": "qz7Last",
    "email": "qz7Mail@example.com",
    "login.password": "qz7Secret",
    "dob.date": "1985-03-14",
}
NEVER = ["login.password"]


def record(born: str = "1985-03-14", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "login": {"uuid": IDENTITY, "password": "qz7Secret"},
        "name": {"first": "Ada", "last": "qz7Last"},
        "email": "qz7Mail@example.com",
        "dob": {"date": f"{born}T03:04:05.678Z"},
        **changes,
    }


def planting(policy: PrivacyPolicy = DEFAULT_POLICY, *, log_forgets: bool = False) -> Planting:
    return Planting(policy=policy, dates=today, never=NEVER, log_forgets=log_forgets)


def markers(
    of: dict[str, Any],
    among: Planting = planting(),  # noqa: B008 - it can't be changed
    fate: Fate = Fate.HELD,
    **corrected: str,
) -> dict[str, Marker]:
    found = among.markers("adult 1", of, VALUES, fate=fate, corrected=corrected)
    return {marker.field: marker for marker in found}


def allowed(
    of: dict[str, Any],
    among: Planting = planting(),  # noqa: B008 - it can't be changed
    fate: Fate = Fate.HELD,
    **corrected: str,
) -> dict[str, set[Kept]]:
    found = markers(of, among, fate, **corrected)
    return {name: set(marker.may_be_in) for name, marker in found.items()}


IN_THE_LOG = {Kept.LOG, Kept.COPY}
IN_A_PROFILE = {Kept.PROFILE, Kept.FILE, Kept.COPY}
KEPT_APART = {Kept.APART, Kept.FILE, Kept.COPY}


def test_an_adult_may_be_where_the_policy_says_and_forbidden_fields_nowhere() -> None:
    assert allowed(record()) == {
        "login.uuid": {Kept.ID} | IN_THE_LOG | IN_A_PROFILE,
        "name.last": IN_THE_LOG | IN_A_PROFILE,
        "email": IN_THE_LOG | IN_A_PROFILE,
        "login.password": set(),
        "dob.date": IN_THE_LOG,
    }


def test_who_is_restricted_is_not_among_the_profiles_but_apart() -> None:
    assert allowed(record(), fate=Fate.RESTRICTED) == {
        "login.uuid": {Kept.ID} | IN_THE_LOG | KEPT_APART,
        "name.last": IN_THE_LOG | KEPT_APART,
        "email": IN_THE_LOG | KEPT_APART,
        "login.password": set(),
        "dob.date": IN_THE_LOG,
    }


def test_who_is_erased_is_in_a_log_that_can_not_forget_and_elsewhere_by_id_alone() -> None:
    erased = {
        "login.uuid": {Kept.ID, Kept.LOG},
        "name.last": set[Kept](),
        "email": set[Kept](),
        "login.password": set[Kept](),
        "dob.date": set[Kept](),
    }

    assert allowed(record(), planting(log_forgets=True), Fate.ERASED) == erased
    assert allowed(record(), fate=Fate.ERASED) == {
        name: kept if name == "login.password" else kept | {Kept.LOG}
        for name, kept in erased.items()
    }


def test_what_was_corrected_is_in_the_log_only_and_its_correction_in_the_profile() -> None:
    found = allowed(record(), full_name="qz7Corrected")

    assert found["name.last"] == IN_THE_LOG
    assert found["corrected full_name"] == IN_THE_LOG | IN_A_PROFILE
    assert found["email"] == IN_THE_LOG | IN_A_PROFILE


def test_a_forbidden_field_stays_forbidden_even_where_its_text_is_let_through() -> None:
    named_by_it = record(name={"first": "Ada", "last": "qz7Secret"})

    assert allowed(named_by_it)["login.password"] == set()


def test_an_address_that_the_policy_drops_may_be_in_no_profile() -> None:
    policy = PrivacyPolicy(email=EmailTreatment.DROP)

    assert allowed(record(), planting(policy))["email"] == IN_THE_LOG


@pytest.mark.parametrize("of", [record(born="2020-03-14"), record(email=["qz7Mail@example.com"])])
def test_who_is_withheld_or_rejected_may_be_nowhere(of: dict[str, Any]) -> None:
    assert set(map(frozenset, allowed(of).values())) == {frozenset()}


def test_no_marker_shows_its_value() -> None:
    assert "qz7" not in repr(markers(record())["email"])


WRITINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("plain", bytes),
    ("plain", bytes.upper),
    ("UTF-16", lambda value: value.decode().encode("utf-16-le")),
    ("hex", lambda value: value.hex().encode()),
    ("md5", lambda value: hashlib.md5(value, usedforsecurity=False).digest()),
    ("sha1", lambda value: hashlib.sha1(value, usedforsecurity=False).hexdigest().encode()),
    ("sha256", lambda value: hashlib.sha256(value).hexdigest().upper().encode()),
    ("base64", base64.b64encode),
    ("base64", lambda value: base64.b64encode(b"a" + value + b"b")),
    ("base64", lambda value: base64.b64encode(b"ab" + value + b"b")),
]


@pytest.mark.parametrize(("form", "write"), WRITINGS, ids=map(str, range(len(WRITINGS))))
def test_a_marker_is_found_in_any_form(form: str, write: Callable[[bytes], bytes]) -> None:
    search = Search([Marker(whose="minor 1", field="email", value="qz7Mail@example.com")])

    search.look([Part("log", Kept.LOG, b"\0\xff" + write(b"qz7Mail@example.com") + b"\xff")])

    assert list(search.leaks) == [Leak("log", "minor 1", "email", form)]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("without dashes", b"0A0A0A0A0B0B4000800000000000A001"),
        ("binary", bytes.fromhex("0a0a0a0a0b0b4000800000000000a001")),
    ],
)
def test_an_id_is_found_as_servers_keep_it(form: str, written: bytes) -> None:
    search = Search([Marker(whose="minor 1", field="login.uuid", value=IDENTITY)])

    search.look([Part("store", Kept.PROFILE, b"\0" + written)])

    assert [leak.form for leak in search.leaks] == [form]


def test_what_may_be_there_is_told_and_is_no_leak() -> None:
    search = Search([*markers(record()).values()])

    search.look(
        [
            Part("users", Kept.PROFILE, b"qz7last"),
            Part("users", Kept.PROFILE, b"qz7mail@example.com 1985-03-14"),
            Part("output", Kept.NOTHING, b"stored 1"),
        ]
    )

    assert list(search.leaks) == [Leak("users", "adult 1", "dob.date", "plain")]
    users, output = search.searched.values()
    assert (users.place, users.size) == ("users", 37)
    assert users.found == {("adult 1", "name.last"), ("adult 1", "email")}
    assert (output.size, output.found) == (8, set())


def test_in_a_place_that_is_about_one_person_another_one_is_a_leak() -> None:
    search = Search([*markers(record()).values()])

    search.look([Part("receipt 1", Kept.ID, IDENTITY.encode(), "adult 1")])
    search.look([Part("receipt 2", Kept.ID, IDENTITY.encode(), "adult 2")])

    assert list(search.leaks) == [Leak("receipt 2", "adult 1", "login.uuid", "plain")]


def test_the_same_leak_is_told_once() -> None:
    search = Search([Marker(whose="minor 1", field="email", value="qz7Mail@example.com")])

    search.look([Part("output", Kept.NOTHING, b"qz7mail@example.com")] * 2)

    assert len(search.leaks) == 1


def test_a_place_that_should_hold_an_adult_and_does_not_proves_nothing() -> None:
    search = Search([*markers(record()).values()])

    search.look([Part("users", Kept.PROFILE, b""), Part("log", Kept.LOG, b"qz7last")])
    search.look([Part("output", Kept.NOTHING, b""), Part("receipt", Kept.ID, b"", "adult 2")])

    assert search.lacking() == ["users"]
    nobody = Search([])
    nobody.look([Part("users", Kept.PROFILE, b"")])
    assert nobody.lacking() == []


def test_a_marker_is_found_in_the_last_of_many_large_parts() -> None:
    search = Search([Marker(whose="minor 1", field="email", value="qz7Mail@example.com")])
    large = bytes(2_100_000)

    search.look(
        Part("log", Kept.LOG, content) for content in [large] * 3 + [b"qz7mail@example.com"]
    )

    assert len(search.leaks) == 1
    assert search.searched["log"].size == 3 * len(large) + 19
