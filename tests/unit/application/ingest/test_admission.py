from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.application.ingest.admission import admit_batch
from profiles.application.log import messages
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.messages import NOT_JSON, Decode
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.ports.sources import Places
from profiles.domain.outcome import Rejected, RejectionReason, WithheldReason
from profiles.domain.person import Birth, Login, Person
from profiles.domain.policy import DEFAULT_LOG_RULES, DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.profile import Profile
from tests.strategies import Json, api_records, json_values, mutated, put

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DECODERS: list[Decode] = [messages.decode, codec.decode, codec.decode_for_deciding]
RULES = Rules(policy=DEFAULT_POLICY, decode=messages.decode)
ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"


def record(born: str = "1990-02-28T10:00:00.000Z") -> dict[str, Json]:
    return {"login": {"uuid": ID, "password": "planted"}, "dob": {"date": born}, "nat": "NO"}


def text(document: Json) -> bytes:
    return json.dumps(document).encode()


ADMITTED = Person(login=Login(uuid=ID), dob=Birth(date="1990-02-28"), nat="NO", schema=1)


def test_an_adult_is_admitted_minimised() -> None:
    admitted = admit_batch([text(record())], RULES, now=NOON)

    assert admitted.persons == [ADMITTED]
    assert admitted.notice == Notice(withheld={}, rejected=[])


def test_nothing_delivered_is_nothing_admitted() -> None:
    admitted = admit_batch([], RULES, now=NOON)

    assert not admitted.persons
    assert not admitted.notice


def test_a_child_leaves_a_count_and_nothing_else() -> None:
    admitted = admit_batch([text(record("2015-01-01"))] * 2, RULES, now=NOON)

    assert admitted.persons == []
    assert admitted.notice == Notice(withheld={WithheldReason.MINOR: 2}, rejected=[])
    assert ID not in repr(admitted)
    assert ID.encode() not in pickle.dumps(admitted)


@pytest.mark.parametrize(("moment", "admitted"), [(NOON, 1), (NOON - timedelta(0, 1), 0)])
def test_ages_count_for_today_where_the_day_begins_last(moment: datetime, admitted: int) -> None:
    assert len(admit_batch([text(record("2008-11-23"))], RULES, now=moment).persons) == admitted


def test_the_day_of_the_age_can_be_overridden() -> None:
    rules = replace(RULES, as_of=date(2033, 1, 1))

    assert len(admit_batch([text(record("2015-01-01"))], rules, now=NOON).persons) == 1


def test_one_broken_value_does_not_sink_the_others() -> None:
    response = text({"results": [record(), {}, record("2015-01-01"), 5, record()]})

    admitted = admit_batch(
        [b"no json", response, text({"login": {}}), text(record())], RULES, now=NOON
    )

    assert admitted.persons == [ADMITTED] * 3
    assert admitted.notice == Notice(
        withheld={WithheldReason.MINOR: 1},
        rejected=[
            NOT_JSON,
            Rejected(RejectionReason.MISSING, "results[1].login", "object"),
            Rejected(RejectionReason.TYPE, "results[3]", "object"),
            Rejected(RejectionReason.MISSING, "login.uuid", "UUID of 36 characters"),
        ],
    )


def test_the_rejected_are_told_with_their_place_in_the_source() -> None:
    response = text({"results": [{}, record(), 5]})

    admitted = admit_batch(
        [text(record()), b"{", response],
        RULES,
        now=NOON,
        places=Places("line", [1, 3, 4]),
    )

    assert admitted.notice.places == ["line 3", "line 4", "line 4"]
    assert [one.path for one in admitted.notice.rejected] == ["", "results[0].login", "results[2]"]


def test_the_policy_says_what_the_log_carries() -> None:
    rules = {name: rule for name, rule in DEFAULT_LOG_RULES.items() if name != "nat"}

    (person,) = admit_batch(
        [text(record())], replace(RULES, policy=PrivacyPolicy(log_rules=rules)), now=NOON
    ).persons

    assert person.nat is None


deliveries = st.lists(
    st.one_of(
        st.binary(max_size=10),
        (json_values | mutated() | api_records()).map(text),
        st.lists(mutated() | api_records(), max_size=3).map(lambda many: text({"results": many})),
    ),
    max_size=4,
)


@given(deliveries, st.sampled_from(DECODERS))
def test_admission_decides_as_the_stores_do(values: list[bytes], decode: Decode) -> None:
    rules = replace(RULES, decode=decode)
    log = [LogRecord(offset=at, logged_at=NOON, value=value) for at, value in enumerate(values)]
    chunk = decide_chunk(
        LogPartition("topic"), log, start=0, end=len(log), rules=rules, read_at=NOON
    )

    admitted = admit_batch(values, rules, now=NOON)

    outcomes = [entry.outcome for entry in chunk.entries]
    stored = [one.id for one in outcomes if isinstance(one, Profile)]
    assert [person.login.uuid for person in admitted.persons] == stored
    assert list(admitted.notice.rejected) == [one for one in outcomes if isinstance(one, Rejected)]
    kept_out = sum(admitted.notice.withheld.values()) + len(admitted.notice.rejected)
    assert len(admitted.persons) + kept_out == chunk.read


@given(api_records(), st.sampled_from(DECODERS))
def test_admission_removes_every_forbidden_field(document: dict[str, Json], decode: Decode) -> None:
    for place in ("login.password", "login.salt", "phone", "cell", "id.value", "picture.large"):
        document = put(document, place.split("."), "FORBIDDEN")

    admitted = admit_batch([text(document)], replace(RULES, decode=decode), now=NOON)

    assert b"FORBIDDEN" not in pickle.dumps((admitted.notice, admitted.profiles))
    assert all(b"FORBIDDEN" not in codec.encode(person) for person in admitted.persons)


def test_what_was_admitted_shows_nobody() -> None:
    assert ID not in repr(admit_batch([text(record())], RULES, now=NOON))
