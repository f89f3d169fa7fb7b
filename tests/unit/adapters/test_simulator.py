"""The simulator's persons, in the shape of the Random User Generator API 1.4."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.adapters.simulator import Simulator, parse
from profiles.adapters.simulator.births import years_before
from profiles.adapters.simulator.names import NAMES
from profiles.adapters.simulator.places import PLACES
from profiles.adapters.simulator.records import Kind, Records
from profiles.adapters.simulator.transliteration import local_part
from profiles.application.ports.sources import Source
from profiles.domain.age import age_on, civil_date

TODAY = date(2026, 11, 23)
NATIONALITIES = set("AU BR CA CH DE DK ES FI FR GB IE IN IR MX NL NO NZ RS TR UA US".split())
MIXED = "minors=0.1,boundary=0.1,hostile=0.2,duplicates=0.2,updates=0.2"

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HEX = "[0-9a-f]"
SHAPE: dict[str, type | re.Pattern[str]] = {
    "gender": re.compile("male|female"),
    "name.title": re.compile("Mr|Miss|Mrs|Ms|Monsieur|Madame|Mademoiselle"),
    "name.first": re.compile(r".{1,22}"),
    "name.last": re.compile(r".{1,22}"),
    "location.street.number": int,
    "location.street.name": str,
    "location.city": re.compile(".+"),
    "location.state": re.compile(".+"),
    "location.country": re.compile("[A-Z][A-Za-z ]+"),
    "location.postcode": object,
    "location.coordinates.latitude": re.compile(r"-?\d{1,2}\.\d{4}"),
    "location.coordinates.longitude": re.compile(r"-?1?\d{1,2}\.\d{4}"),
    "location.timezone.offset": re.compile(r"0:00|[+-][1-9]\d?:\d\d"),
    "location.timezone.description": re.compile(".+"),
    "email": re.compile(r"[a-z'.-]+@example\.com"),
    "login.uuid": re.compile(f"{HEX}{{8}}-{HEX}{{4}}-4{HEX}{{3}}-[89ab]{HEX}{{3}}-{HEX}{{12}}"),
    "login.username": re.compile("[a-z]+[0-9]{3}"),
    "login.password": str,
    "login.salt": re.compile("[A-Za-z0-9]{8}"),
    "login.md5": re.compile(f"{HEX}{{32}}"),
    "login.sha1": re.compile(f"{HEX}{{40}}"),
    "login.sha256": re.compile(f"{HEX}{{64}}"),
    "dob.date": INSTANT,
    "dob.age": int,
    "registered.date": INSTANT,
    "registered.age": int,
    "phone": re.compile(r"[0-9A-Z() -]{8,16}"),
    "cell": re.compile(r"[0-9A-Z() -]{8,14}"),
    "id.name": str,
    "id.value": object,
    "picture.large": re.compile(r"https://\S+/portraits/(wo)?men/\d\d?\.jpg"),
    "picture.medium": re.compile(r"https://\S+/portraits/med/(wo)?men/\d\d?\.jpg"),
    "picture.thumbnail": re.compile(r"https://\S+/portraits/thumb/(wo)?men/\d\d?\.jpg"),
    "nat": re.compile("[A-Z]{2}"),
}
ID_VALUES = {
    "AU": r"TFN \d{9}",
    "BR": r"CPF \d{3}\.\d{3}\.\d{3}-\d\d",
    "CA": r"SIN \d{9}",
    "CH": r"AVS 756\.\d{4}\.\d{4}\.\d\d",
    "DE": r"SVNR \d\d \d{4}(\d\d|10[01]) \w \d{3}",
    "DK": r"CPR \d{4}(\d\d|10[01])-\d{4}",
    "ES": r"DNI \d{8}-[A-Z]",
    "FI": r"HETU NaNNA\d{3}undefined",
    "FR": r"INSEE [12](\d\d|10[01])\d\d\d{8} \d\d",
    "GB": r"NINO [A-Z]{2} \d\d \d\d \d\d [A-Z]",
    "IE": r"PPS \d{7}T",
    "IN": r"UIDAI \d{12}",
    "MX": r"NSS \d\d \d\d \d\d \d{4} \d",
    "NL": r"BSN \d{8}",
    "NO": r"FN \d{11}",
    "RS": r"SID \d{9}",
    "US": r"SSN \d{3}-\d\d-\d{4}",
}


def simulator_of(settings: str) -> Simulator:
    return Simulator(**asdict(parse(f"simulator:{settings}")), today=TODAY)


def records(simulator: Simulator, *, start: int = 0) -> list[bytes]:
    return [value for each in simulator.deliveries(start=start) for value in each.values]


def people(simulator: Simulator) -> list[dict[str, Any]]:
    return [json.loads(value) for value in records(simulator)]


def leaves(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def born(person: dict[str, Any]) -> date:
    day = civil_date(person["dob"]["date"])
    assert day is not None
    return day


@pytest.fixture(scope="module")
def crowd() -> list[dict[str, Any]]:
    return people(Simulator(seed=4, limit=8_000, today=TODAY))


def test_it_is_a_source() -> None:
    source: Source = Simulator(seed=7, minors=0.25, today=TODAY)

    assert source.name == "simulator:seed=7,minors=0.25"


def test_every_field_has_the_type_and_form_of_the_api_in_its_order(
    crowd: list[dict[str, Any]],
) -> None:
    for person in crowd:
        found = dict(leaves(person))
        assert list(found) == list(SHAPE)
        for path, form in SHAPE.items():
            value = found[path]
            if isinstance(form, re.Pattern):
                assert isinstance(value, str), path
                assert form.fullmatch(value), (path, value)
            else:
                assert isinstance(value, form), path
                assert not isinstance(value, bool), path


def test_texts_are_written_as_the_api_writes_them() -> None:
    written = b"".join(records(Simulator(limit=500, today=TODAY)))

    assert b"\\u" not in written
    assert b'": ' not in written
    assert not written.isascii()


def test_postcodes_are_text_in_three_countries_and_numbers_elsewhere(
    crowd: list[dict[str, Any]],
) -> None:
    for person in crowd:
        nat, postcode = person["nat"], person["location"]["postcode"]
        if nat == "CA":
            assert re.fullmatch(r"[A-Z]\d[A-Z] \d[A-Z]\d", postcode)
        elif nat == "GB":
            assert re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}", postcode)
        elif nat == "NO":
            assert re.fullmatch(r"\d{4}", postcode)
        else:
            low, high = {"AU": (200, 9_999), "CH": (1_000, 9_999)}.get(nat, (10_000, 99_999))
            assert type(postcode) is int
            assert low <= postcode <= high


def test_government_ids_have_the_form_of_their_country(crowd: list[dict[str, Any]]) -> None:
    for person in crowd:
        name, value = person["id"]["name"], person["id"]["value"]
        if person["nat"] in {"IR", "NZ", "TR", "UA"}:
            assert (name, value) == ("", None)
        else:
            assert re.fullmatch(ID_VALUES[person["nat"]], f"{name} {value}")


def test_government_ids_hold_the_birth_date_where_the_api_puts_it(
    crowd: list[dict[str, Any]],
) -> None:
    for person in crowd:
        day, value = born(person), person["id"]["value"]
        year = f"{day.year - 1900:02d}"
        if person["nat"] == "DE":
            assert value[3:].startswith(f"{day:%d%m}{year} {person['name']['last'][0].upper()}")
        elif person["nat"] == "DK":
            assert value.startswith(f"{day:%d%m}{year}-")
        elif person["nat"] == "FR":
            sex = 1 if person["gender"] == "male" else 2
            assert value.startswith(f"{sex}{year}{day.month - 1:02d}")
        elif person["nat"] == "NO":
            assert value.startswith(f"{day:%d%m%y}")


def test_hashes_are_those_of_password_and_salt(crowd: list[dict[str, Any]]) -> None:
    for person in crowd[:200]:
        login = person["login"]
        salted = (login["password"] + login["salt"]).encode()
        for algorithm in ("md5", "sha1", "sha256"):
            assert login[algorithm] == hashlib.new(algorithm, salted).hexdigest()


def test_nationalities_and_genders_are_drawn_evenly(crowd: list[dict[str, Any]]) -> None:
    nationalities = Counter(person["nat"] for person in crowd)
    female = sum(person["gender"] == "female" for person in crowd)

    assert set(nationalities) == NATIONALITIES
    assert all(290 < number < 480 for number in nationalities.values())  # 381 is expected
    assert 3_800 < female < 4_200


def test_scripts_and_oddities_are_those_of_the_api(crowd: list[dict[str, Any]]) -> None:
    texts: dict[str, list[str]] = {nat: [] for nat in NATIONALITIES}
    for person in crowd:
        texts[person["nat"]] += [*person["name"].values(), person["location"]["street"]["name"]]
        texts[person["nat"]] += [person["location"]["city"], person["location"]["state"]]
    joined = {nat: "".join(each) for nat, each in texts.items()}
    streets = [person["location"]["street"]["name"] for person in crowd]

    assert joined["UA"].isascii()
    assert joined["IN"].isascii()
    assert "\u200c" in joined["IR"]
    assert re.search("[\u0600-\u06ff]", joined["IR"])
    assert "Đ" in joined["RS"]
    assert "\u0430" in joined["RS"]  # one Cyrillic letter among Latin ones
    assert all(not joined[nat].isascii() for nat in ("BR", "CH", "DE", "DK", "ES", "FI", "FR"))
    assert 0.02 < sum(street.endswith(" ") for street in streets) / len(crowd) < 0.07


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("João", "joao"),
        ("Weiß", "weiss"),
        ("Jørgen", "jorgen"),
        ("Đorđe", "dorde"),
        ("İbrahim", "ibrahim"),
        ("Işıl", "isil"),
        ("van den Berg", "vandenberg"),
        ("Dem'yan", "dem'yan"),
        ("آرش", "arsh"),
        ("رضایی", "rdyy"),
        ("محمد\u200cرضا", "mhmdrd"),
    ],
)
def test_addresses_spell_names_in_lower_case_ascii(name: str, spelled: str) -> None:
    assert local_part(name) == spelled


def test_every_name_has_a_spelling() -> None:
    for names in NAMES.values():
        for kind in (names.male, names.female, names.last):
            assert len(set(kind)) == len(kind) >= 8  # an update relies on eight
            assert all(local_part(name).isascii() for name in kind)
            assert all(local_part(name) for name in kind)


def test_every_nationality_has_places() -> None:
    assert set(PLACES) == set(NAMES) == NATIONALITIES


def test_nobody_is_under_18_unless_asked_for(crowd: list[dict[str, Any]]) -> None:
    births = [person["dob"]["date"] for person in crowd]

    assert all(age_on(TODAY, born=born(person)) >= 18 for person in crowd)
    assert "1944-08-25" <= min(births) < "1944-12"
    assert "2001-01" < max(births) < "2001-05-29"
    assert min(person["registered"]["date"] for person in crowd) >= "2002-03-21"
    assert max(person["registered"]["date"] for person in crowd) < "2022-05-24"


def test_nobody_is_under_18_on_a_day_when_the_api_would_make_minors() -> None:
    today = date(2012, 2, 29)
    everyone = people(Simulator(limit=2_000, updates=0.5, today=today))

    assert all(age_on(today, born=born(person)) >= 18 for person in everyone)
    assert all(person["registered"]["date"][:10] <= "2012-02-29" for person in everyone)


def test_ages_are_counted_at_noon(crowd: list[dict[str, Any]]) -> None:
    for person in crowd:
        civil = age_on(TODAY, born=born(person))
        assert person["dob"]["age"] in {civil, civil - 1}
    edges = people(Simulator(limit=3_000, boundary=1, today=TODAY))
    turned_today = [person for person in edges if person["dob"]["date"][:10] == "2008-11-23"]
    assert {person["dob"]["age"] for person in turned_today} == {17, 18}
    for person in turned_today:
        assert (person["dob"]["age"] == 17) == (person["dob"]["date"][11:] > "12:00:00.000Z")


def test_minors_are_as_many_as_asked_for() -> None:
    everyone = people(Simulator(seed=2, limit=4_000, minors=0.25, today=TODAY))
    minors = [person for person in everyone if age_on(TODAY, born=born(person)) < 18]

    assert 850 < len(minors) < 1_150
    assert {age_on(TODAY, born=born(person)) for person in minors} == set(range(18))
    assert all(person["registered"]["date"] >= person["dob"]["date"] for person in minors)


@given(today=st.dates(date(2003, 1, 1), date(2100, 12, 31)))
@settings(deadline=None, max_examples=10)
def test_boundary_births_lie_on_both_sides_of_each_rule(today: date) -> None:
    days = {born(person) for person in people(Simulator(limit=400, boundary=1, today=today))}
    ages = {age_on(today, born=day) for day in days}

    assert {17, 18, 130, 131, 0} <= ages
    assert any((day.month, day.day) == (2, 29) for day in days)
    assert {years_before(today + timedelta(days), 18) for days in (-1, 0, 1)} <= days


def test_each_kind_of_record_has_the_proportion_asked_for() -> None:
    simulator = simulator_of(f"seed=3,limit=20000,{MIXED}")
    made = Records(simulator, today=TODAY)
    kinds = Counter(made.kind(index) for index in range(20_000))

    for kind, share in (
        (Kind.MINOR, 0.1),
        (Kind.BOUNDARY, 0.1),
        (Kind.HOSTILE, 0.2),
        (Kind.DUPLICATE, 0.2),
        (Kind.UPDATE, 0.2),
        (Kind.ORDINARY, 0.2),
    ):
        assert kinds[kind] / 20_000 == pytest.approx(share, abs=0.015)


def test_duplicates_repeat_an_earlier_record_byte_for_byte() -> None:
    values = records(Simulator(limit=5_000, duplicates=0.3, today=TODAY))

    assert len(set(values)) / len(values) == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("share", ["duplicates", "updates"])
def test_the_first_record_is_somebody_new_whatever_is_asked_for(share: str) -> None:
    simulator = simulator_of(f"limit=50,{share}=1")

    assert len({person["login"]["uuid"] for person in people(simulator)}) == 1


def test_updates_change_an_earlier_person() -> None:
    seen: dict[str, list[dict[str, Any]]] = {}
    for person in people(Simulator(limit=6_000, updates=0.4, today=TODAY)):
        seen.setdefault(person["login"]["uuid"], []).append(person)
    versions = [each for each in seen.values() if len(each) > 1]
    changed: Counter[str] = Counter()
    for first, *later in versions:
        before = dict(leaves(first))
        changed.update(
            path for version in later for path, value in leaves(version) if value != before[path]
        )

    assert sum(len(each) for each in seen.values()) - len(seen) == pytest.approx(2_400, abs=150)
    assert {"location.street.name", "location.city", "email", "name.last", "dob.date"} <= set(
        changed
    )
    assert changed["dob.date"] < changed["name.last"] / 3
    assert not changed.keys() & {"gender", "name.first", "nat", "login.password", "phone"}


def test_updates_seldom_end_alike() -> None:
    values = records(Simulator(limit=2_000, updates=0.5, today=TODAY))

    assert len(set(values)) > 1_960


def test_an_update_that_finds_nobody_is_somebody_new() -> None:
    simulator = simulator_of("limit=3000,hostile=0.99,updates=0.01")
    made = Records(simulator, today=TODAY)
    persons = [index for index in range(3_000) if made.kind(index) is not Kind.HOSTILE]
    ids = [json.loads(made.record(index))["login"]["uuid"] for index in persons]
    newcomers = sum(made.kind(index) is Kind.ORDINARY for index in persons)

    assert len(persons) > newcomers > 1
    assert len(set(ids)) == newcomers


def test_a_corrected_birth_date_can_make_an_adult_a_minor_and_back() -> None:
    ages: dict[str, list[bool]] = {}
    for person in people(Simulator(limit=5_000, minors=0.2, updates=0.5, today=TODAY)):
        adult = age_on(TODAY, born=born(person)) >= 18
        ages.setdefault(person["login"]["uuid"], []).append(adult)

    assert any(each[0] and not all(each) for each in ages.values())
    assert any(not each[0] and any(each) for each in ages.values())


def test_domains_vary_on_request() -> None:
    everyone = people(Simulator(limit=2_000, domains=5, today=TODAY))
    domains = {person["email"].partition("@")[2] for person in everyone}

    assert domains == {
        *("example.com", "example.org", "example.net", "mail3.example", "mail4.example")
    }
