"""JSON over several lines and in arrays: every value is found, wherever the pieces are cut."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.jsonl import JsonlSource
from profiles.adapters.jsonl import source as jsonl
from profiles.adapters.jsonl.documents import Splitter
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Delivery
from tests.strategies import api_records, json_values

PERSON = {"login": {"uuid": "x"}, "name": {"first": 'A "}{][,\\'}, "tags": [[], [{}], "é"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "persons.json"


def source(path: Path, *, once: bool = True) -> JsonlSource:
    return JsonlSource(path, once=once, stop=Event())


def read(path: Path) -> list[Any]:
    return [json.loads(value) for value in raw(path)]


def raw(path: Path) -> list[bytes]:
    return [value for delivery in source(path).deliveries() for value in delivery.values]


def indented(document: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(document, indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (indented(PERSON), [PERSON]),
        (indented(PERSON) + "\n" + indented(PERSON), [PERSON] * 2),
        (indented([PERSON, PERSON]), [PERSON] * 2),
        (json.dumps([PERSON, PERSON]), [PERSON] * 2),
        (json.dumps([PERSON]) + "\n" + json.dumps([PERSON, PERSON]) + "\n", [PERSON] * 3),
        (json.dumps(PERSON) * 3, [PERSON] * 3),
        (indented({"results": [PERSON, PERSON]}), [{"results": [PERSON, PERSON]}]),
        (indented([{"results": [PERSON]}] * 2), [{"results": [PERSON]}] * 2),
        (indented([[PERSON], [[PERSON]]]), [PERSON] * 2),
        ("\ufeff\n\n " + indented([PERSON]), [PERSON]),
        ("\x1e" + indented(PERSON) + "\n\x1e" + indented(PERSON) + "\n", [PERSON] * 2),
        (indented([PERSON, 5, "text", None, PERSON]), [PERSON, 5, "text", None, PERSON]),
        ("[\n" + json.dumps(PERSON) + ",\n" + json.dumps(PERSON) + "\n]\n", [PERSON] * 2),
        ("[", []),
        ("[\n{}\n]", [{}]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_documents_and_arrays_are_read_as_what_they_are(
    path: Path, content: str, expected: list[Any], *, packed: bool
) -> None:
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())

    assert read(path) == expected


def test_windows_ends_of_lines_make_no_difference(path: Path) -> None:
    path.write_bytes(indented([PERSON, PERSON]).replace("\n", "\r\n").encode())

    assert read(path) == [PERSON, PERSON]


@pytest.mark.parametrize(
    "broken",
    [
        '{\n  "a": 1,\n}',
        '{\n  "a": 1',
        '{\n  "a": {"b": 1}',
        '{\n  "a": "x\n  "b": 2\n}',
        '{\n  "a" 1\n}',
        '{"a": 1,}',
        '{"a": {"b": 1}',
        '{"a": ' + "[" * 100_000 + "}",
        "garbage",
    ],
)
def test_a_broken_value_costs_itself_and_no_other(path: Path, broken: str) -> None:
    whole = indented(PERSON)
    path.write_bytes(f"[\n{whole},\n{broken},\n{whole},\n{whole}\n]".encode())

    values = raw(path)

    assert [json.loads(value) for value in (values[0], *values[-2:])] == [PERSON] * 3
    assert len(values) == 4


@pytest.mark.parametrize("broken", ['{"a":1,}', '{"a":{"b":1}', '{"a":nul}'])
def test_a_broken_value_on_a_line_of_many_costs_no_other(path: Path, broken: str) -> None:
    whole = json.dumps(PERSON)
    path.write_bytes(f"[{whole},{broken},{whole}]".encode())

    values = raw(path)

    assert [json.loads(value) for value in (values[0], values[-1])] == [PERSON] * 2
    assert len(values) == 3


@pytest.mark.parametrize("kept", [1, 30, -1, -5])
def test_a_value_that_is_cut_short_at_the_end_is_left_for_its_rejection(
    path: Path, kept: int
) -> None:
    whole = indented(PERSON)
    path.write_bytes(f"[\n{whole},\n{whole[:kept]}".encode())

    first, last = raw(path)

    assert json.loads(first) == PERSON
    assert last == whole[:kept].rstrip().encode()


def test_bytes_that_are_no_utf_8_stay_for_the_rejection_of_their_value(path: Path) -> None:
    path.write_bytes(b'[\n{"a": "\xff\xfe"},\n{"b": "\xed\xa0\x80"},\n{"c": "\xc3\xa9"}\n]')

    assert raw(path) == [b'{"a": "\xff\xfe"}', b'{"b": "\xed\xa0\x80"}', b'{"c": "\xc3\xa9"}']


@pytest.mark.parametrize(
    "first",
    [
        '{"a": 1,',
        '{"a": {"b": 1}',
        '{"a": "x',
        '{"a":',
        '{"a": [',
        '["a list of no persons", 1]',
        "[]",
        "not JSON",
        "",
    ],
)
def test_a_broken_first_line_leaves_lines_what_they_are(path: Path, first: str) -> None:
    line = json.dumps(PERSON)
    path.write_bytes(f"{first}\n{line}\n{line[:20]}\n{line}\n".encode())

    assert raw(path)[-3:] == [line.encode(), line[:20].encode(), line.encode()]


def test_a_document_that_is_followed_ends_at_its_end(path: Path) -> None:
    path.write_bytes(indented([PERSON]).encode())

    deliveries = list(source(path, once=False).deliveries())

    assert [len(delivery.values) for delivery in deliveries] == [1]


def test_a_document_without_end_stops_the_source_before_memory_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 100)
    monkeypatch.setattr(jsonl, "MAXIMUM_LINE", 500)
    path.write_bytes(indented([PERSON, {"a": "x" * 2_000}]).encode())
    deliveries = source(path).deliveries()

    assert [json.loads(value) for value in next(deliveries).values] == [PERSON]
    with pytest.raises(SourceError, match="a value of more than 500 bytes"):
        list(deliveries)


def test_of_a_packed_document_cut_short_whole_values_come_before_it_says_so(path: Path) -> None:
    many = [{"n": number, "s": str(number**40)} for number in range(3_000)]
    packed = gzip.compress(indented(many).encode())
    path.write_bytes(packed[: len(packed) // 2])
    delivered: list[Delivery] = []

    with pytest.raises(SourceError, match="damaged or cut short"):
        delivered.extend(source(path).deliveries())

    found = [json.loads(value) for delivery in delivered for value in delivery.values]
    assert found == many[: len(found)]
    assert len(found) > 1_000


@pytest.mark.parametrize("layout", ["array", "indented", "concatenated", "responses"])
@pytest.mark.parametrize("packed", [False, True])
def test_from_any_position_on_come_just_the_values_that_would_have_come(
    path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, *, packed: bool
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 1_000)
    persons = [PERSON | {"number": number, "name": "ü" * number} for number in range(60)]
    content = {
        "array": json.dumps(persons, ensure_ascii=False),
        "indented": indented(persons),
        "concatenated": "\n".join(map(indented, persons)),
        "responses": indented([{"results": persons[at : at + 3]} for at in range(0, 60, 3)]),
    }[layout]
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())

    whole = list(source(path).deliveries())

    assert len(whole) > 3
    for number, delivery in enumerate(whole, 1):
        assert delivery.position is not None
        assert list(source(path).deliveries(start=delivery.position)) == whole[number:]


@pytest.mark.parametrize("in_an_array", [False, True])
def test_values_are_told_with_the_lines_in_which_they_begin(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, in_an_array: bool
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 200)
    persons = [PERSON | {"number": number} for number in range(20)]
    content = indented(persons) if in_an_array else "\n\n".join(map(indented, persons))
    path.write_bytes(content.encode())
    first_line = "  {" if in_an_array else "{"
    starts = [at for at, line in enumerate(content.split("\n"), 1) if line == first_line]

    whole = list(source(path).deliveries())
    later = list(source(path).deliveries(start=whole[2].position or 0))

    for deliveries in (whole, later):
        told = [
            delivery.places.of(index)
            for delivery in deliveries
            if delivery.places is not None
            for index in range(len(delivery.values))
        ]
        assert told == [f"line {number}" for number in starts[-len(told) :]]
    assert len(starts) == 20


documents = st.lists(
    api_records() | json_values.filter(lambda one: isinstance(one, dict)), max_size=4
)


@given(documents, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 200))
def test_values_are_found_wherever_the_pieces_are_cut(
    values: list[Any],
    indent: int | None,
    in_an_array: bool,  # noqa: FBT001 - drawn
    size: int,
) -> None:
    text = (
        json.dumps(values, indent=indent)
        if in_an_array
        else "\n".join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values)
    )
    content = text.encode("utf-8", "surrogatepass")
    splitter = Splitter(0)
    found: list[bytes] = []
    for at in range(0, len(content), size):
        found += splitter.cut(content[at : at + size], ended=False)
    found += splitter.cut(b"", ended=True)

    assert [json.loads(value.decode("utf-8", "surrogatepass")) for value in found] == values
    assert splitter.position <= len(content)


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from('{}[]",:\\ \n1ea'), max_size=60).map(str.encode)
)
def test_any_bytes_are_cut_without_failing_and_none_but_separators_are_lost(content: bytes) -> None:
    splitter = Splitter(7)
    found = list(splitter.cut(content[:20], ended=False))
    found += splitter.cut(content[20:], ended=True)

    at = 0
    for value in found:
        at = content.index(value, at) + len(value)
    assert splitter.position <= 7 + len(content)
