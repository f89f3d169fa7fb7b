from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.mongo import counting
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, Statistics
from profiles.domain.tally import Tally
from tests import strategies

MINUTE = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)


def through_bson(document: Mapping[str, Any]) -> dict[str, Any]:
    return bson.decode(bson.encode(document))


def applied(
    held: dict[str, dict[str, Any]], writer: str, difference: Statistics
) -> dict[str, dict[str, Any]]:
    """Do what MongoDB does with the updates."""
    for key, fields in counting.changes_by_document(writer, difference).items():
        update = counting.update_of(fields, held[key])
        assert update.keys() <= {"$inc", "$unset"}
        for field, change in update.get("$inc", {}).items():
            inner, name = inside(held[key], field)
            if isinstance(inner, list):
                inner[int(name)] += change
            else:
                inner[name] = inner.get(name, 0) + change
        for field in update.get("$unset", {}):
            inner, name = inside(held[key], field)
            del inner[name]
    return held


def inside(document: dict[str, Any], field: str) -> tuple[Any, str]:
    """Find what holds a field; make the levels above it where they are missing."""
    *levels, name = field.split(".")
    inner: Any = document
    for level in levels:
        inner = inner.setdefault(level, {})
    return inner, name


def empty(writer: str) -> dict[str, dict[str, Any]]:
    made = map(through_bson, counting.empty_documents(writer))
    return {document["_id"]: document for document in made}


names = st.sampled_from(["a.example", "50%.example", "$x", "%2E", "例え.テスト", UNKNOWN, OTHER])
parts = st.builds(
    lambda cells, domains: Statistics(cells=cells.cells, email_domains=domains),
    strategies.statistics,
    st.dictionaries(names, st.integers(-3, 3).filter(bool)),
)


@given(mine=st.lists(parts, max_size=5), theirs=parts)
def test_stored_differences_of_all_writers_add_up(
    mine: list[Statistics], theirs: Statistics
) -> None:
    one, other = empty("t 0"), empty("t 1")
    for part in mine:
        applied(one, "t 0", part)
    applied(other, "t 1", theirs)

    summed = counting.statistics_of([*one.values(), *other.values()])

    assert summed == sum(mine, theirs)


@given(part=parts)
def test_counts_that_get_down_to_zero_leave_no_trace(part: Statistics) -> None:
    upwards = Statistics(
        cells={cell: abs(n) for cell, n in part.cells.items()},
        email_domains={domain: abs(n) for domain, n in part.email_domains.items()},
    )
    held = applied(applied(empty("t 0"), "t 0", upwards), "t 0", -upwards)

    assert not any(map(leaves, held.values()))


def leaves(document: Any) -> list[int]:  # noqa: ANN401 - whatever is in a document
    """List the numbers in a document, but for the zeros of which it is made."""
    if isinstance(document, dict):
        return [number for value in document.values() for number in leaves(value)]
    if isinstance(document, list):
        return [number for number in document if number]
    return [document] if isinstance(document, int) else []


@given(domain=strategies.email_domains | st.text())
def test_an_e_mail_domain_is_the_name_of_one_field(domain: str) -> None:
    field = counting.escaped(domain)

    assert not set(field) & {".", "$", "\0"}
    assert counting.domains_of([{"domains": {field: 1}}]) == {domain: 1}


@pytest.mark.parametrize(
    ("month", "months"),
    [("1985-03", [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ("1899-12", {"11": 2})],
    ids=["usual year", "other year"],
)
def test_cells_lie_by_nationality_and_then_by_gender_year_and_month(
    month: str, months: object
) -> None:
    held = applied(empty("t 0"), "t 0", Statistics(cells={Cell("DK", "female", month): 2}))

    assert held["t 0 cells-DK"]["nationality"] == "DK"
    assert held["t 0 cells-DK"]["cells"]["female"][month[:4]] == months


def test_a_writer_has_few_documents_whatever_it_counts() -> None:
    assert len(counting.empty_documents("t 0")) == 22 + counting.DOMAIN_GROUPS


@given(tallies=st.lists(strategies.tallies, max_size=4))
def test_counts_of_all_writers_add_up(tallies: list[Tally]) -> None:
    writers = []
    for tally in tallies:
        writer: dict[str, Any] = {"counts": {}, "reasons": {}}
        for field, count in counting.count_fields(tally).items():
            group, name = field.split(".")
            writer[group][name] = count
        writers.append(writer)

    assert counting.tally_of(writers) == sum(tallies, Tally())


def test_arrivals_of_nobody_are_none() -> None:
    assert counting.arrivals_of([]) == {}


def test_arrivals_of_all_writers_are_summed_as_of_the_newest() -> None:
    writers = [
        {"arrivals": {"2026-11-22T10:05": 1, "2026-11-22T10:06": 2}},
        {"arrivals": {"2026-11-23T10:05": 4, "2026-11-22T10:06": 8}},
    ]

    assert counting.arrivals_of(writers) == {MINUTE - timedelta(minutes=1439): 10, MINUTE: 4}
