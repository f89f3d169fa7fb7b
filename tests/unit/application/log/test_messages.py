"""Messages, read by the rule and by the fast decoder: both decide alike, whatever arrives."""

from __future__ import annotations

import codecs
import gc
import json
import math
from datetime import UTC, date, datetime
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.application.log import messages
from profiles.application.log.deciding import Entry, Rules, decide_chunk
from profiles.application.log.messages import NOT_JSON, Decode, Deletion, Records, index_in
from profiles.application.log.records import LogPartition, LogRecord
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Birth, Location, Login, Person, PersonFields, Street
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.reading import read_person
from tests.strategies import (
    Json,
    any_texts,
    api_records,
    json_scalars,
    json_values,
    mutated,
    persons,
    put,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
PERSON = {"login": {"uuid": ID}, "dob": {"date": "1990-02-28"}}
FAST = [codec.decode, codec.decode_for_deciding]
DECODERS = [messages.decode, *FAST]
both = pytest.mark.parametrize(
    "decode", DECODERS, ids=["the rule", "the fast way", "the fastest, for deciding"]
)


def text(document: Json) -> bytes:
    return json.dumps(document).encode()


def people(records: Records | Rejected | Deletion) -> list[Person | Rejected]:
    assert isinstance(records, Records)
    return [read_person(item) for item in records.items]


# Corrections -------------------------------------------------------------------------------------


@both
def test_a_correction_is_one_record_with_all_that_it_says(decode: Decode) -> None:
    document = {
        "schema": 1,
        "login": {"uuid": ID},
        "correction": {"set": {"city": "Oslo"}, "release": ["email"]},
    }

    assert decode(text(document)) == Records(items=(document,))
    assert decode(framed(text(document))) == Records(items=(document,))


# What a message is -------------------------------------------------------------------------------


@both
def test_a_person_is_one_record(decode: Decode) -> None:
    records = decode(text(PERSON))

    assert isinstance(records, Records)
    assert not records.whole_response
    assert people(records) == [Person(login=Login(uuid=ID), dob=Birth(date="1990-02-28"))]


@both
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_whole_response_has_as_many_records_as_results(decode: Decode, count: int) -> None:
    records = decode(text({"results": [PERSON] * count, "info": {"results": 50}}))

    assert isinstance(records, Records)
    assert records.whole_response
    assert people(records) == [read_person(PERSON)] * count


@both
@pytest.mark.parametrize("results", [None, 5, "text", {}, {"0": PERSON}])
def test_results_have_to_be_a_list(decode: Decode, results: Json) -> None:
    assert decode(text({"results": results})) == Rejected(
        RejectionReason.TYPE, "results", "array of persons"
    )


@both
@pytest.mark.parametrize("login", [None, {}, 0, "", []])
def test_without_a_login_results_make_a_whole_response(decode: Decode, login: Json) -> None:
    for document in ({"results": [PERSON], "login": login}, {"login": login, "results": [PERSON]}):
        records = decode(text(document))
        assert isinstance(records, Records)
        assert records.whole_response
        assert people(records) == [read_person(PERSON)]


@both
@pytest.mark.parametrize("login", [{"uuid": ID}, {"x": 1}, 1, "text"])
def test_a_document_with_a_login_is_one_record_whatever_else_it_has(
    decode: Decode, login: Json
) -> None:
    for document in (
        {"results": [PERSON], "login": login, "dob": PERSON["dob"]},
        {"login": login, "dob": PERSON["dob"], "results": [PERSON]},
    ):
        records = decode(text(document))
        assert isinstance(records, Records)
        assert not records.whole_response
        assert people(records) == [read_person(document)]


@both
@pytest.mark.parametrize("document", [None, True, 5, "text", [], [PERSON], {}, {"info": {}}])
def test_anything_else_is_one_record(decode: Decode, document: Json) -> None:
    assert people(decode(text(document))) == [read_person(document)]


def framed(content: bytes) -> bytes:
    """Put a message into the framing of Confluent's schema registry: schema 258."""
    return b"\x00\x00\x00\x01\x02" + content


@both
@pytest.mark.parametrize("frame", [b"\0\0\0\0\0", b"\0{}{}", b"\0\xff\xff\xff\xff"])
def test_the_framing_of_a_schema_registry_is_read(decode: Decode, frame: bytes) -> None:
    assert people(decode(frame + text(PERSON))) == [read_person(PERSON)]
    response = decode(frame + text({"results": [PERSON] * 2}))
    assert people(response) == [read_person(PERSON)] * 2


@both
@pytest.mark.parametrize(
    "message",
    [
        b"\0",
        b"\0\0\0\0",
        framed(b""),
        framed(framed(b"{}")),
        framed(b"\x02\x06Ada"),  # as Avro writes it
        b"\1\0\0\0\1{}",
        b"\0\0\0\0{}",
        b" " + framed(b"{}"),
    ],
)
def test_what_is_no_json_in_that_framing_is_rejected(decode: Decode, message: bytes) -> None:
    assert decode(message) == NOT_JSON


@both
@pytest.mark.parametrize("document", [PERSON, {"results": [PERSON, PERSON]}, {}, {"results": 5}])
def test_json_in_a_json_string_is_read(decode: Decode, document: Json) -> None:
    inner = json.dumps(document)

    for message in (text(inner), framed(text(inner)), text(f" {inner}\n"), text("\ufeff" + inner)):
        assert decode(message) == messages.decode(text(document))


@both
@pytest.mark.parametrize("inner", ["", "text", "5", "null", "[]", "{", "{}{}", '{"a":01}', '"{}"'])
def test_a_string_that_holds_no_json_object_is_no_person(decode: Decode, inner: str) -> None:
    assert people(decode(text(inner))) == [Rejected(RejectionReason.TYPE, "", "object")]


@both
def test_a_string_is_read_once(decode: Decode) -> None:
    twice = json.dumps(json.dumps(PERSON))

    assert people(decode(text(twice))) == [Rejected(RejectionReason.TYPE, "", "object")]
    assert people(decode(text('{"a":' * 200_000))) == [Rejected(RejectionReason.TYPE, "", "object")]


@both
def test_a_child_in_a_string_is_withheld(decode: Decode) -> None:
    child = json.dumps(put(PERSON, ["dob", "date"], "2015-03-04"))

    assert [entry.outcome for entry in decisions(text(child), decode)[1]] == [
        Withheld(WithheldReason.MINOR)
    ]


@both
def test_a_byte_order_mark_before_a_message_is_passed_over(decode: Decode) -> None:
    for message in (text(PERSON), text({"results": [PERSON]})):
        marked = codecs.BOM_UTF8 + message
        assert people(decode(marked)) == people(decode(framed(marked))) == [read_person(PERSON)]


@both
@pytest.mark.parametrize(
    "envelope",
    [
        {"schema": {}, "payload": PERSON},
        {"before": None, "after": PERSON, "op": "c"},
        {"specversion": "1.0", "data": PERSON},
        {**PERSON, "dob": {"date": {"$date": "1990-02-28T00:00:00Z"}}},
    ],
)
def test_an_envelope_is_rejected_by_its_name(decode: Decode, envelope: Json) -> None:
    (alone,) = people(decode(text(envelope)))
    (in_a_list,) = people(decode(text({"results": [envelope]})))

    assert alone == in_a_list == read_person(envelope)
    assert isinstance(alone, Rejected)
    assert alone.reason is RejectionReason.ENVELOPE


BROKEN = [
    b"",
    b" ",
    b"{",
    b"{}{}",
    b"\xff",
    b"\xef\xbb\xbf\xef\xbb\xbf{}",  # two byte-order marks
    '{"a": "\ud800"}'.encode("utf-8", "surrogatepass"),
    '{"a": 1}'.encode("utf-16"),
    b"nul",
    b'{"a": -NaN}',
    b'{"a": nan}',
    b'{"a": undefined}',
    b"{'a': 1}",
    b'{"a": 01}',
    b'{"a": "\x01"}',
    b'{"a": "\\x"}',
    b'{"a": 1,}',
    b"[" * 200_000,
    b"[" * 200_000 + b"]" * 200_000,
    b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
]


@both
@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_what_is_not_json_is_rejected_whole(decode: Decode, broken: bytes) -> None:
    assert decode(broken) == NOT_JSON
    assert Rejected(RejectionReason.JSON, "", "JSON in UTF-8 of reasonable depth") == NOT_JSON


@both
@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_what_is_not_json_is_noticed_in_a_field_that_nobody_takes(
    decode: Decode, broken: bytes
) -> None:
    if broken.strip() not in {b"", b"{}{}"}:
        assert decode(text(PERSON)[:-1] + b', "x": ' + broken + b"}") == NOT_JSON


@both
@pytest.mark.parametrize("digits", [19, 20, 21, 25, 4_000, 5_000])
def test_a_number_of_any_length_costs_nobody_the_person(decode: Decode, digits: int) -> None:
    long = b"9" * digits
    unknown = text(PERSON)[:-1] + b', "x": ' + long + b', "y": -' + long + b"}"
    assert people(decode(unknown)) == [read_person(PERSON)]

    postcode = text(PERSON)[:-1] + b', "location": {"postcode": ' + long + b"}}"
    assert people(decode(postcode)) == [
        Rejected(
            RejectionReason.LENGTH, "location.postcode", "integer from 0 on, at most 12 digits"
        )
    ]


NO_NUMBERS = [b"NaN", b"Infinity", b"-Infinity"]
"""What Python's `json.dumps` writes for them, though JSON has no such words."""


@both
@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize("place", ["cell", "login.md5", "location.coordinates.latitude", "x.y"])
def test_a_number_that_is_none_costs_nothing_where_nobody_takes_it(
    decode: Decode, word: bytes, place: str
) -> None:
    document = put(PERSON, ["location"], {"city": "Oslo"})
    message = text(put(document, place.split("."), "HERE")).replace(b'"HERE"', word)
    response = b'{"info":{"seed":' + word + b'},"results":[' + message + b"]}"

    assert people(decode(message)) == people(decode(response)) == [read_person(document)]


@both
@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("email", "text or null"),
        ("name", "object or null"),
        ("name.first", "text or null"),
        ("location.postcode", "integer, text or null"),
        ("location.street.number", "integer, text or null"),
        ("registered.date", "text or null"),
        ("login.uuid", "UUID of 36 characters"),
        ("dob.date", "date YYYY-MM-DD"),
        ("login", "object"),
        ("dob", "object"),
        ("schema", "integer or null"),
    ],
)
def test_a_number_that_is_none_is_rejected_where_it_is_taken(
    decode: Decode, word: bytes, place: str, expected: str
) -> None:
    message = text(put(PERSON, place.split("."), "HERE")).replace(b'"HERE"', word)

    assert people(decode(message)) == [Rejected(RejectionReason.TYPE, place, expected)]


@both
@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize("place", ["cell", "email", "name", "login", "login.uuid", "schema"])
def test_a_readable_child_beside_a_number_that_is_none_is_withheld(
    decode: Decode, word: bytes, place: str
) -> None:
    child = put(PERSON, ["dob", "date"], "2015-03-04")
    message = text(put(child, place.split("."), "HERE")).replace(b'"HERE"', word)

    (entry,) = decisions(message, decode)[1]

    assert entry.outcome == Withheld(WithheldReason.MINOR)


@both
@pytest.mark.parametrize("word", NO_NUMBERS)
def test_a_number_that_is_none_is_no_person(decode: Decode, word: bytes) -> None:
    assert people(decode(word)) == [Rejected(RejectionReason.TYPE, "", "object")]


@both
@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("0", 0), ("-0", 0), ("12345678901", 12345678901), ("-5", None)),
        *(
            ("5.0", 5),
            ("5e0", 5),
            ("1e3", 1_000),
            ("75007.00", 75_007),
            ("-0.0", 0),
            ("1200E-2", 12),
        ),
        *(("12.5", None), ("1e-3", None), ("-5.0", None), ("1e999", None)),
    ],
)
def test_integers_are_read_however_they_are_written(
    decode: Decode, written: str, number: int | None
) -> None:
    location = f'{{"street": {{"number": {written}}}, "postcode": {written}}}'
    message = text(PERSON)[:-1] + f', "location": {location}}}'.encode()

    (read,) = people(decode(message))

    if number is None:
        assert isinstance(read, Rejected)
        assert read.path == "location.street.number"
    else:
        assert isinstance(read, Person)
        assert read.location == Location(street=Street(number=number), postcode=number)


@both
def test_a_house_number_may_have_letters(decode: Decode) -> None:
    (read,) = people(decode(text({**PERSON, "location": {"street": {"number": "12B"}}})))

    assert isinstance(read, Person)
    assert read.location == Location(street=Street(number="12B"))


@both
def test_of_a_key_given_twice_the_last_counts(decode: Decode) -> None:
    twice = b'{"login": {"uuid": "x"}, "dob": {"date": "x"}, ' + text(PERSON)[1:]

    assert people(decode(twice)) == [read_person(PERSON)]


@both
def test_a_nesting_that_is_deep_but_reasonable_is_read(decode: Decode) -> None:
    deep = text(PERSON)[:-1] + b', "x": ' + b"[" * 200 + b"]" * 200 + b"}"

    assert people(decode(deep)) == [read_person(PERSON)]


# Paths -------------------------------------------------------------------------------------------


def test_a_path_into_a_whole_response_says_which_record_it_is() -> None:
    records = Records(items=[PERSON], whole_response=True)

    assert records.path(3, "location.city") == "results[3].location.city"
    assert records.path(0, "") == "results[0]"


def test_a_path_into_a_single_record_is_its_own() -> None:
    assert Records(items=[PERSON]).path(0, "location.city") == "location.city"
    assert Records(items=[PERSON]).path(0, "") == ""


def test_records_show_no_value() -> None:
    assert repr(Records(items=[PERSON])) == "Records(whole_response=False)"


# The fast way agrees with the rule ---------------------------------------------------------------


def decisions(message: bytes, decode: Decode) -> tuple[int, list[Entry]]:
    chunk = decide_chunk(
        LogPartition("topic"),
        [LogRecord(offset=0, logged_at=NOW, value=message)],
        start=0,
        end=1,
        rules=Rules(policy=DEFAULT_POLICY, decode=decode),
        read_at=NOW,
    )
    return chunk.read, list(chunk.entries)


def agree(message: bytes) -> None:
    by_rule = decisions(message, messages.decode)
    for decode in FAST:
        assert decisions(message, decode) == by_rule


responses = st.lists(api_records() | mutated(), max_size=3).map(lambda many: {"results": many})
corrections = st.builds(
    lambda record, given: (
        {**record, "correction": given} if isinstance(record, dict) else {"correction": given}
    ),
    api_records() | mutated() | st.just({"login": {"uuid": ID}, "schema": 1}),
    json_values | st.just({"set": {"city": "Oslo"}, "release": ["email"]}),
)
documents = st.one_of(
    api_records(), mutated(), json_values, responses, mutated(responses), corrections
)


@st.composite
def written(draw: st.DrawFn, what: st.SearchStrategy[Json] = documents) -> bytes:
    """Write a document as JSON in one of the ways that are JSON, and some that nearly are."""
    ascii_only = draw(st.booleans())
    around = draw(st.sampled_from([bytes, bytes, framed, codecs.BOM_UTF8.__add__]))
    encode_again = draw(st.sampled_from([False, False, True]))
    as_text = json.dumps(
        draw(what),
        ensure_ascii=ascii_only,
        indent=draw(st.sampled_from([None, 1])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])),
    )
    if encode_again:
        as_text = json.dumps(as_text, ensure_ascii=ascii_only)
    return around(as_text.encode("utf-8", "surrogatepass"))


@given(written())
def test_both_decide_alike_about_any_document(message: bytes) -> None:
    agree(message)


@given(st.binary() | any_texts.map(lambda one: one.encode("utf-8", "surrogatepass")))
def test_both_decide_alike_about_any_bytes(message: bytes) -> None:
    agree(message)


FRAGMENTS = [
    *(
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"-",
        b"0",
        b"1.0",
    ),
    *(b"\\u0000", b"\\ud800", b"\\udc00", b"\\u0301", b"\xcc\x81", b"\xff", b"\x00", b" ", b"\n"),
    *(b'"login":', b'"results":', b'"dob":null,', b'"schema":1,', b'"schema":2,', b"9" * 30),
]


@given(written(api_records() | responses), st.data())
def test_both_decide_alike_about_damaged_bytes(message: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message)))
        gone = data.draw(st.sampled_from([0, 0, 1, 2, 40]))
        message = message[:at] + data.draw(st.sampled_from(FRAGMENTS)) + message[at + gone :]
    agree(message)


@given(
    api_records(),
    st.sampled_from(
        [
            *("name", "name.first", "location.postcode", "location.street.number", "email", "nat"),
            *(
                "dob.date",
                "login.uuid",
                "login",
                "registered",
                "registered.date",
                "schema",
                "results",
            ),
        ]
    ),
    json_scalars | json_values | st.sampled_from([math.nan, math.inf, -math.inf]),
)
@example({**PERSON}, "location.postcode", 1.0)
@example({**PERSON}, "schema", 1.0)
@example({**PERSON}, "location.street.number", 12.0)
@example({**PERSON}, "location.street.number", "12B")
@example({**PERSON}, "location.street.number", 1e308)
@example({**PERSON}, "schema", [True])
def test_both_decide_alike_about_one_odd_value(
    record: dict[str, Json], dotted: str, value: Json
) -> None:
    agree(text(put(record, dotted.split("."), value)))


def as_the_api_writes(records: list[dict[str, Json]]) -> bytes:
    """Write a response without blanks, and not one letter escaped."""
    return json.dumps({"results": records}, ensure_ascii=False, separators=(",", ":")).encode()


@given(st.lists(api_records(), max_size=3))
def test_the_fast_way_is_taken_for_what_the_api_sends(records: list[dict[str, Json]]) -> None:
    read = codec.decode(as_the_api_writes(records))

    assert isinstance(read, Records)
    assert all(isinstance(item, Person) for item in read.items)


@given(st.lists(api_records(), min_size=1, max_size=3))
def test_what_is_only_decided_about_is_no_whole_person(records: list[dict[str, Json]]) -> None:
    read = codec.decode_for_deciding(as_the_api_writes(records))

    assert isinstance(read, Records)
    assert all(isinstance(item, PersonFields) for item in read.items)
    assert not any(isinstance(item, Person) for item in read.items)
    assert not any(map(gc.is_tracked, read.items))


@given(api_records(words=st.just("PRIVATE"), ids=st.just("PRIVATE")))
def test_nothing_of_what_is_only_decided_about_is_shown(record: dict[str, Json]) -> None:
    read = codec.decode_for_deciding(as_the_api_writes([record]))

    assert isinstance(read, Records)
    (filled,) = read.items
    assert isinstance(filled, PersonFields)
    parts = [filled, filled.login, filled.dob, filled.name, filled.location, filled.registered]
    assert "PRIVATE" not in f"{read} {read.items} {parts} {filled!s}"
    assert [f"{part}".split("(")[1] for part in parts] == ["...)"] * 6


# Writing -----------------------------------------------------------------------------------------


@given(persons())
def test_what_is_written_is_read_again(person: Person) -> None:
    minimal = minimise(person, DEFAULT_POLICY)

    message = codec.encode(minimal)

    for decode in DECODERS:
        assert people(decode(message)) == [minimal]
    assert json.loads(message)["schema"] == 1


@pytest.mark.parametrize("decode", FAST, ids=["the fast way", "the fastest"])
@given(persons())
def test_whichever_way_a_person_is_filled_the_log_carries_the_same(
    decode: Decode, person: Person
) -> None:
    for message in (codec.encode(person), codec.encode(person.for_the_log())):
        records = decode(message)
        assert isinstance(records, Records)
        (filled,) = records.items
        assert isinstance(filled, PersonFields)

        assert codec.encode(filled.for_the_log()) == codec.encode(person.for_the_log())


@given(api_records(), st.text(min_size=1))
def test_what_is_written_has_nothing_that_is_forbidden(record: dict[str, Json], key: str) -> None:
    marker = "FORBIDDEN"
    for place in ("login.password", "login.md5", "phone", "id.value", "picture.large", "dob.age"):
        record = put(record, place.split("."), marker)
    record = put(record, ["location", "coordinates", marker + key], marker)
    record = put(record, ["dob", "date"], f"1990-02-28T{marker}")
    (read,) = people(codec.decode(text(record)))

    message = codec.encode(minimise(cast("Person", read), DEFAULT_POLICY))

    assert marker.encode() not in message
    assert json.loads(message)["dob"] == {"date": date(1990, 2, 28).isoformat()}


def test_a_path_tells_which_record_of_a_response_it_leads_into() -> None:
    response = Records(items=[0] * 20, whole_response=True)

    assert index_in(response.path(17, "dob.date")) == index_in(response.path(17, "")) == 17
    assert index_in(Records(items=[0]).path(0, "location.city")) is None
    assert index_in("results") is None
