"""One strategy for each type of the domain, edges included.

What the API sends is told from what is only JSON: `api_records` have its shape with all that is
forbidden in it, `mutated` breaks them, `json_values` are anything that JSON can hold.

What a composite draws from is built once, outside: building it takes longer than drawing.
"""

from __future__ import annotations

import copy
import string
import unicodedata
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from profiles.domain.age import LeapDay, month_of
from profiles.domain.corrections import FIELDS_OF, CorrectedValue, Correction
from profiles.domain.decision_dates import LAST_ZONE, DecisionDates
from profiles.domain.invisible import is_invisible
from profiles.domain.outcome import (
    Erased,
    Outcome,
    Rejected,
    RejectionReason,
    Withheld,
    WithheldReason,
)
from profiles.domain.person import (
    Birth,
    Location,
    Login,
    Name,
    Person,
    PersonFields,
    PersonId,
    Registration,
    Street,
)
from profiles.domain.policy import (
    DEFAULT_LOG_RULES,
    DEFAULT_PROFILE_RULES,
    LOG_FIELDS,
    REQUIRED_LOG_FIELDS,
    REQUIRED_PROFILE_FIELDS,
    Accountability,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.resolving import Decided
from profiles.domain.statistics import GENDERS, NATIONALITIES, UNKNOWN, Cell, Statistics
from profiles.domain.tally import Tally
from profiles.domain.version import (
    EPOCH_BITS,
    OFFSET_BITS,
    PARTITION_BITS,
    REVISION_BITS,
    Version,
)

TODAY = date(2026, 11, 23)
"""The civil date for which most examples count ages."""

Json = Any
"""What `json.loads` returns; the records under test are anything at all."""

# Days ---------------------------------------------------------------------------------------------

LEAP_DAYS = tuple(date(year, 2, 29) for year in (1904, 1996, 2000, 2004, 2008, 2400))

days = st.dates() | st.sampled_from(LEAP_DAYS)
"""Any civil date of the calendar, 29 February more often than by chance."""


def _birthday(years: int) -> date:
    return TODAY.replace(year=TODAY.year - years)


births = st.one_of(
    st.dates(min_value=_birthday(100), max_value=_birthday(19)),
    st.sampled_from(
        [
            *(date(year, 2, 29) for year in (1944, 2000, 2004, 2008)),
            *(_birthday(18) + timedelta(days=shift) for shift in (-1, 0, 1)),
            _birthday(130),
            _birthday(131) + timedelta(days=1),
        ]
    ),
)
"""Dates of birth of the living, as of `TODAY`: the 18th birthday and the 130th year among them."""

adult_births = st.dates(min_value=_birthday(100), max_value=_birthday(18)) | st.sampled_from(
    [date(1944, 2, 29), date(2000, 2, 29), date(2008, 2, 29), _birthday(18)]
)

_date_tails = st.sampled_from(
    ["", "T00:00:00.000Z", "T23:59:59.999-12:00", "t12:00:00+14:00", " 23:59:59", "Z", "+14:00"]
)


def iso_texts(of: st.SearchStrategy[date]) -> st.SearchStrategy[str]:
    """Write dates as records do, most with a time and a zone."""
    return st.builds(lambda day, tail: day.isoformat() + tail, of, _date_tails)


timestamps = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the zone is drawn apart
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14, minutes=0))]
    ),
)
"""Timestamps with a time zone, in zones up to 26 hours apart."""


_days_of_logging = st.dates(min_value=TODAY - timedelta(days=800), max_value=TODAY)
_overrides = st.none() | st.just(TODAY) | days
_seldom = st.sampled_from([False, False, False, True])


@st.composite
def times(draw: st.DrawFn) -> DecisionDates:
    """Times of records logged some days before they are read, or a little after."""
    logged_on = draw(_days_of_logging)
    return DecisionDates(
        as_of=draw(_overrides) or logged_on,
        logged_on=logged_on,
        read_on=TODAY,
        from_the_future=draw(_seldom),
    )


today = DecisionDates(as_of=TODAY, logged_on=TODAY, read_on=TODAY)
"""A record that is read on the day when it was logged."""

# Texts --------------------------------------------------------------------------------------------

CLEAN_TEXTS = (
    "Anna",
    "O'Brien",
    "José",
    "Åse",
    "Ślęża",
    "Björk Guðmundsdóttir",
    "Лесю Українко",
    "Ђорђе",
    "आरती",
    "محمد",
    "گل\u200cها",  # a zero-width non-joiner inside a word
    "李小龍",
    "ประเสริฐ",
    "Nguyễn",
    "0150",
    "None",
    "x",
)

clean_texts = st.sampled_from(CLEAN_TEXTS) | (
    st.text(
        st.characters(exclude_categories=["C", "Z"]).filter(lambda one: not is_invisible(one)),
        min_size=1,
        max_size=12,
    ).map(lambda text: unicodedata.normalize("NFC", text))
)
"""Texts in normal form: trimmed, composed, without control characters, never empty."""

blank_ended_texts = st.builds(
    lambda before, text, after: before + text + after,
    st.sampled_from(["", " ", "\t", "\u3000", "\r\n"]),
    clean_texts,
    st.sampled_from([" ", "  ", "\u00a0", "\n"]),
)

INVISIBLE = (
    *("\u200b", "\ufeff", "\u2060", "\u00ad", "\u200c", "\u200d", "\u200e", "\u200f", "\u061c"),
    *("\u180e", "\u202a", "\u202c", "\u202e", "\u2061", "\u2063", "\u2066", "\u2069", "\u206a"),
    *("\u034f", "\u115f", "\u1160", "\u17b4", "\u2065", "\u2800", "\u3164", "\uffa0", "\ufff0"),
    *("\ufff9", "\U0001d159", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e007f"),
)
"""Characters that show nothing wherever they stand."""

decomposed_texts = clean_texts.map(lambda text: unicodedata.normalize("NFD", text))

texts = st.one_of(clean_texts, blank_ended_texts, decomposed_texts, st.sampled_from(["", " "]))
"""Texts as records hold them, all of which can be brought to normal form."""

any_texts = st.one_of(
    texts,
    st.text(max_size=20),
    st.text(st.characters(exclude_categories=[]), max_size=20),  # lone surrogates, too
    st.sampled_from(["\ud800", "a\x00b", "\x7f", "\u202e", "\ufeff", "\u0301", "e\u0301"]),
    st.text(st.sampled_from([*INVISIBLE, "\ufe0f", "\u094d", "क", "گ", " ", "a"]), max_size=6),
    st.sampled_from([255, 256, 257, 320, 321]).map(lambda length: "m" * length),
)
"""Any text at all."""

domain_labels = st.sampled_from(
    [
        "example",
        "xn--bcher-kva",
        "bücher",
        "пример",
        "उदाहरण",
        "ایران\u200cخودرو",
        "例子",
        "a-b",
        "4",
    ]
) | st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)

email_domains = st.builds(
    lambda labels, last: ".".join([*labels, last]),
    st.lists(domain_labels, min_size=1, max_size=3),
    st.sampled_from(["com", "Example", "भारत", "рф", "ایران", "co4"]),
)

emails = st.builds(
    lambda local, domain: f"{local}@{domain}",
    st.sampled_from(["anna", "dem'yan.tishchenko", "a@b", "علی", '"a b"']) | clean_texts,
    email_domains,
)

# Ids ----------------------------------------------------------------------------------------------

person_ids = st.uuids().map(lambda uuid: PersonId(str(uuid)))
few_ids = st.integers(0, 3).map(lambda n: PersonId(f"00000000-0000-4000-8000-{n:012}"))
"""Ids of four persons only, so that records meet."""

id_texts = st.builds(lambda text, upper: text.upper() if upper else text, person_ids, st.booleans())

# JSON ---------------------------------------------------------------------------------------------

integral_floats = st.integers(-2, 10**6).map(float) | st.sampled_from(
    [-0.0, 1e3, 1e12, 1e30, 1e308]
)
"""Integers as pandas, Spark and spreadsheets write them."""

json_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**12 - 1, 10**12, 10**30]),
    integral_floats,
    st.floats(allow_nan=False, allow_infinity=False),
    any_texts,
)

json_values: st.SearchStrategy[Json] = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["login", "uuid", "dob", "date", "name", "street", "schema"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
"""Anything that JSON can hold."""

# Records in the API's shape -----------------------------------------------------------------------

nationalities = st.sampled_from(sorted(NATIONALITIES))
postcodes = st.integers(200, 99_999) | st.sampled_from(["0150", "1389", "K1A 0B1", "SW1A 1AA"])
house_numbers = st.integers(1, 9_999) | st.sampled_from(["12B", "12 bis", "3/1", "٤٢"])


def api_records(
    *,
    ids: st.SearchStrategy[str] = id_texts,
    born: st.SearchStrategy[date] = births,
    words: st.SearchStrategy[str] = texts,
) -> st.SearchStrategy[dict[str, Json]]:
    """Make persons exactly as API 1.4 sends them, with everything that is forbidden."""
    secret = st.integers(36**7, 36**8 - 1).map(hex)
    return st.fixed_dictionaries(
        {
            "gender": st.sampled_from(["female", "male"]),
            "name": st.fixed_dictionaries(
                {
                    "title": st.sampled_from(["Mr", "Ms", "Mademoiselle"]),
                    "first": words,
                    "last": words,
                }
            ),
            "location": st.fixed_dictionaries(
                {
                    "street": st.fixed_dictionaries({"number": house_numbers, "name": words}),
                    "city": words,
                    "state": words,
                    "country": words,
                    "postcode": postcodes,
                    "coordinates": st.fixed_dictionaries(
                        {"latitude": st.just("-51.8149"), "longitude": st.just("-66.8088")}
                    ),
                    "timezone": st.fixed_dictionaries(
                        {"offset": st.just("+5:30"), "description": st.just("Bombay, Calcutta")}
                    ),
                }
            ),
            "email": emails,
            "login": st.fixed_dictionaries(
                {
                    "uuid": ids,
                    "username": words,
                    "password": secret,
                    "salt": secret,
                    "md5": secret,
                    "sha1": secret,
                    "sha256": secret,
                }
            ),
            "dob": st.fixed_dictionaries({"date": iso_texts(born), "age": st.integers(0, 150)}),
            "registered": st.fixed_dictionaries(
                {
                    "date": iso_texts(st.dates(date(2002, 3, 21), date(2022, 5, 23))),
                    "age": st.integers(0, 20),
                }
            ),
            "phone": st.just("011-962-7516"),
            "cell": st.just("081-454-0666"),
            "id": st.fixed_dictionaries(
                {"name": st.sampled_from(["PPS", ""]), "value": st.none() | st.just("0390511T")}
            ),
            "picture": st.fixed_dictionaries(
                {
                    size: st.just(f"https://example.com/{size}/75.jpg")
                    for size in ("large", "medium", "thumbnail")
                }
            ),
            "nat": nationalities,
        }
    )


def places(record: Json) -> list[tuple[str, ...]]:
    """List the paths of all that lies in nested objects, the record itself first."""
    found: list[tuple[str, ...]] = [()]
    if isinstance(record, dict):
        found += [(key, *rest) for key, value in record.items() for rest in places(value)]
    return found


def put(record: Json, place: Iterable[str], value: Json) -> Json:
    """Return a copy of the record with another value at a path; objects are made as needed."""
    place = tuple(place)
    if not place:
        return value
    changed = dict(record) if isinstance(record, dict) else {}
    changed[place[0]] = put(changed.get(place[0]), place[1:], value)
    return changed


def without(record: Json, place: Iterable[str]) -> Json:
    """Return a copy of the record less what lies at a path."""
    *outer, key = place
    changed = copy.deepcopy(record)
    parent = changed
    for step in outer:
        parent = parent[step]
    del parent[key]
    return changed


_any_api_record = api_records()
_new_keys = st.text(max_size=5)
_breaks = st.lists(st.sampled_from(["leave out", "add", "replace"]), min_size=1, max_size=3)


@st.composite
def mutated(draw: st.DrawFn, records: st.SearchStrategy[Json] = _any_api_record) -> Json:
    """Break a record in the API's shape in one to three places."""
    record = draw(records)
    for what in draw(_breaks):
        found = places(record)
        place = found[draw(st.integers(0, len(found) - 1))]
        if what == "leave out" and place:
            record = without(record, place)
        elif what == "add":
            record = put(record, (*place, draw(_new_keys)), draw(json_values))
        else:
            record = put(record, place, draw(json_values))
    return record


# Persons and profiles -----------------------------------------------------------------------------


def persons(words: st.SearchStrategy[str] = clean_texts) -> st.SearchStrategy[Person]:
    """Make persons as a JSON decoder fills them; in normal form if `words` are."""
    text = st.none() | words
    return st.builds(
        Person,
        login=st.builds(Login, uuid=person_ids, username=text),
        dob=st.builds(Birth, date=iso_texts(births)),
        gender=text | st.sampled_from(["female", "male"]),
        name=st.none() | st.builds(Name, title=text, first=text, last=text),
        location=st.none()
        | st.builds(
            Location,
            street=st.none() | st.builds(Street, number=st.none() | house_numbers, name=text),
            city=text,
            state=text,
            country=text,
            postcode=st.none() | postcodes | words,
        ),
        email=st.none() | emails | words,
        registered=st.none() | st.builds(Registration, date=st.none() | iso_texts(adult_births)),
        nat=text | nationalities,
        schema=st.sampled_from([None, 1]),
    )


class _OtherFields(PersonFields):
    """A person with the fields of another in a type of its own, as an adapter may have one."""

    def __init__(self, person: Person) -> None:
        self._whole = person
        for name in Person.__slots__:
            setattr(self, name, _as_other(getattr(person, name)))

    def for_the_log(self) -> PersonFields:
        return _OtherFields(self._whole.for_the_log())


def _as_other(part: object) -> object:
    names: tuple[str, ...] = getattr(type(part), "__slots__", ())
    if not names:
        return part
    return SimpleNamespace(**{name: _as_other(getattr(part, name)) for name in names})


def other_fields(person: Person) -> PersonFields:
    """Put the fields of a person into objects of other types."""
    return _OtherFields(person)


def profiles(ids: st.SearchStrategy[PersonId] = person_ids) -> st.SearchStrategy[Profile]:
    """Make profiles of adults."""
    text = st.none() | clean_texts
    return st.builds(
        Profile,
        id=ids,
        username=text,
        gender=st.none() | st.sampled_from(["female", "male", "x"]),
        title=text,
        full_name=text,
        full_address=text,
        city=text,
        country=text,
        nationality=st.none() | nationalities | st.just("XX"),
        email=st.none() | emails,
        email_domain=st.none() | email_domains,
        age=st.integers(18, 130),
        birth_month=adult_births.map(month_of),
        registered_on=st.none() | adult_births,
        as_of=st.just(TODAY),
        expires_at=st.just(TODAY + timedelta(days=365)),
    )


def _counted(person: PersonId, city: str, cell: Cell, domain: str | None) -> Profile:
    nothing: dict[str, None] = dict.fromkeys(Profile._fields)
    values: dict[str, Any] = nothing | {
        "id": person,
        "gender": cell.gender,
        "city": city,
        "nationality": cell.nationality,
        "email_domain": domain,
        "age": 36,
        "birth_month": cell.birth_month,
        "as_of": TODAY,
        "expires_at": TODAY + timedelta(days=365),
    }
    return Profile(**values)


counted_profiles = st.builds(
    _counted,
    few_ids,
    st.sampled_from(["Oslo", "Bergen"]),
    st.sampled_from([Cell("NO", "female", "1990-02"), Cell(UNKNOWN, "male", "1944-12")]),
    st.sampled_from([None, "a.example", "b.example"]),
)
"""Profiles of four persons only that differ in what counts, and in the city."""


# Policies -----------------------------------------------------------------------------------------

pseudonym_keys = st.builds(
    PseudonymKey,
    id=st.text(string.ascii_letters + string.digits, min_size=1, max_size=32),
    secret=st.binary(min_size=32, max_size=64),
)

field_rules = st.builds(
    FieldRule,
    purpose=clean_texts,
    legal_basis=st.sampled_from(LegalBasis),
    retention=st.integers(1, 5_000).map(lambda days: timedelta(days=days)),
)


def _policy(
    profile_fields: Iterable[str],
    fields_of_the_rule: Container[str],
    log_fields: Iterable[str],
    rule: FieldRule,
    choices: Mapping[str, Any],
) -> PrivacyPolicy:
    years_more = choices["years_more"]
    needed = {"nationality", "country"} if years_more else set[str]()
    carried = {"nat", "location.country"} if years_more else set[str]()
    return PrivacyPolicy(
        profile_rules={
            name: rule if name in fields_of_the_rule else DEFAULT_PROFILE_RULES[name]
            for name in Profile._fields
            if name in {*profile_fields, *needed}
        },
        log_rules={name: DEFAULT_LOG_RULES[name] for name in {*log_fields, *carried}},
        minimum_age_in={name: choices["minimum_age"] + years for name, years in years_more.items()},
        **{name: choice for name, choice in choices.items() if name != "years_more"},
    )


def _some(names: Iterable[str], *, required: frozenset[str]) -> st.SearchStrategy[frozenset[str]]:
    optional = st.sampled_from(sorted(set(names) - required))
    return st.frozensets(optional).map(required.union)


_policies = st.builds(
    _policy,
    _some(Profile._fields, required=REQUIRED_PROFILE_FIELDS),
    _some(Profile._fields, required=frozenset()),
    _some(LOG_FIELDS, required=REQUIRED_LOG_FIELDS),
    field_rules,
    st.fixed_dictionaries(
        {
            "minimum_age": st.sampled_from([0, 13, 16, 18, 21]),
            "leap_day": st.sampled_from(LeapDay),
            "zone": st.sampled_from([LAST_ZONE, UTC, timezone(timedelta(hours=14))]),
            "email": st.sampled_from(EmailTreatment),
            "pseudonym_key": pseudonym_keys,
            "accountability": st.builds(
                Accountability,
                controller=st.none() | clean_texts,
                contact=st.none() | clean_texts,
                recipients=st.lists(clean_texts, max_size=2).map(tuple),
                transfers=st.lists(clean_texts, max_size=2).map(tuple),
            ),
            "years_more": st.dictionaries(
                st.sampled_from(["NO", "KR", "Norway"]), st.integers(1, 5), max_size=2
            ),
        }
    ),
)


def policies() -> st.SearchStrategy[PrivacyPolicy]:
    """Make policies that keep any part of what may be kept."""
    return _policies


# Outcomes -----------------------------------------------------------------------------------------

withheld = st.sampled_from(WithheldReason).map(Withheld)
rejected = st.builds(
    Rejected,
    reason=st.sampled_from(RejectionReason),
    path=st.sampled_from(["", "name", "dob.date"]),
    expected=st.just("text or null"),
)


corrected_values: st.SearchStrategy[dict[str, CorrectedValue]] = st.fixed_dictionaries(
    {},
    optional={
        "city": st.sampled_from(["Tromsø", None]),
        "nationality": st.sampled_from(["SE", "NO", None]),
        "email": st.sampled_from(["ada@c.example", None]),
        "birth_date": st.sampled_from(["1990-02", "1944-12"]),
        "registered_on": st.sampled_from([date(2020, 5, 4), None]),
    },
)


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    """Make corrections of four persons, some of which release what others set."""
    values = draw(corrected_values)
    released = draw(st.sets(st.sampled_from(sorted(FIELDS_OF.keys() - values.keys()))))
    if "email" in values:
        values["email_domain"] = None if values["email"] is None else "c.example"
    if (month := values.pop("birth_date", None)) is not None:
        age = 36 if month == "1990-02" else 81
        values |= {"birth_month": month, "age": age, "as_of": date(2026, 11, 22)}
    return Correction(
        person=draw(few_ids),
        fields=values,
        released=frozenset(of for name in released for of in FIELDS_OF[name]),
    )


_outcomes = st.one_of(counted_profiles, withheld, rejected, st.just(Erased()), corrections())
_named_or_not = few_ids | st.none()
_steps = st.sampled_from([1, 1, 1, 0])


@st.composite
def decided(draw: st.DrawFn, *, max_size: int = 12) -> list[Decided]:
    """Make a run of a log about four persons, some versions shared as in one message."""
    steps = draw(st.lists(_steps, max_size=max_size))
    version, records = 100, []
    for step in steps:
        version += step
        outcome = draw(_outcomes)
        if isinstance(outcome, Correction):
            person: PersonId | None = outcome.person
        else:
            person = outcome.id if isinstance(outcome, Profile) else draw(_named_or_not)
        if isinstance(outcome, Erased) and person is None:
            person = draw(few_ids)
        records.append(Decided(version, person, outcome))
    return records


# Numbers ------------------------------------------------------------------------------------------


def _part(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1) | st.sampled_from([0, (1 << bits) - 1])


versions = st.builds(
    Version,
    epoch=_part(EPOCH_BITS),
    offset=_part(OFFSET_BITS),
    partition=_part(PARTITION_BITS),
    revision=_part(REVISION_BITS),
)

cells = st.builds(
    Cell,
    nationality=nationalities | st.just(UNKNOWN),
    gender=st.sampled_from([*sorted(GENDERS), UNKNOWN]),
    birth_month=st.sampled_from(["1944-02", "1990-12", "2000-02"]),
)

_counts = st.integers(-5, 5).filter(bool)

statistics = st.builds(
    Statistics,
    cells=st.dictionaries(cells, _counts, max_size=5),
    email_domains=st.dictionaries(
        st.sampled_from(["a.example", "b.example", UNKNOWN]), _counts, max_size=3
    ),
)
"""Parts of statistics, as one writer has them: counts of either sign, none of them zero."""


def _tally(outcomes: Mapping[str, int], explained: str) -> Tally:
    refused = outcomes["withheld"] + outcomes["rejected"]
    return Tally(
        read=sum(outcomes.values()), reasons={explained: refused} if refused else {}, **outcomes
    )


tallies = st.builds(
    _tally,
    st.fixed_dictionaries({outcome.value: st.integers(0, 9) for outcome in Outcome}),
    st.sampled_from(["minor", "retention", "type"]),
)
"""Tallies that add up."""

log_times = st.builds(
    lambda day, clock: datetime.combine(day, clock, tzinfo=UTC),
    st.dates(TODAY - timedelta(days=2), TODAY),
    st.times().map(lambda clock: clock.replace(tzinfo=None)) | st.just(time(0)),
)
