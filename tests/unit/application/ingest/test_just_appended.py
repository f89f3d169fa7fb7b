"""What was just appended is decided as the log's own records would be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLog
from profiles.application.ingest import just_appended
from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.just_appended import JustAppended
from profiles.application.log import messages
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.messages import Decode
from profiles.application.log.records import Notice
from profiles.domain.policy import DEFAULT_LOG_RULES, DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from profiles.domain.profile import Profile
from tests.strategies import Json, api_records, json_values, mutated, policies

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAME_DAY = timedelta(minutes=1)
DECODERS: list[Decode] = [messages.decode, codec.decode, codec.decode_for_deciding]
POLICIES = [
    DEFAULT_POLICY,
    PrivacyPolicy(email=EmailTreatment.DROP),
    PrivacyPolicy(log_rules={n: r for n, r in DEFAULT_LOG_RULES.items() if n != "location.city"}),
]


def text(document: Json) -> bytes:
    return json.dumps(document).encode()


def person(number: int = 1, **changes: Json) -> bytes:
    complete: dict[str, Json] = {
        "login": {"uuid": f"0b54cf1e-89a6-4c3b-8f0a-{number:012}", "username": "goldenfox"},
        "dob": {"date": "1990-02-28T10:00:00.000Z"},
        "name": {"title": "Ms", "first": "Åse", "last": "Lund"},
        "location": {
            "street": {"number": 12, "name": "Storgata"},
            "city": "Oslo",
            "state": "Oslo",
            "country": "Norway",
            "postcode": "0150",
        },
        "gender": "female",
        "email": "ase.lund@example.com",
        "registered": {"date": "2010-05-04T00:00:00.000Z"},
        "nat": "NO",
    }
    return text({**complete, **changes})


def both_ways(
    values: Sequence[bytes],
    rules: Rules,
    *,
    read_after: timedelta = SAME_DAY,
    log_ahead: timedelta = timedelta(0),
    size: int = 99,
) -> tuple[Sequence[Chunk], Sequence[Chunk]]:
    """Decide what is appended at noon as just appended, and as the log's records.

    log_ahead: by how much the record before is later than noon.
    """
    admitted = admit_batch(values, rules, now=NOON)
    log = MemoryLog("a-topic", encode=codec.encode)
    at_noon = {"source": "", "expected": 0, "position": None}
    earlier = admit_batch([person()], replace(rules, policy=DEFAULT_POLICY), now=NOON)
    log.append(earlier.persons, Notice(), logged_at=NOON + log_ahead, **at_noon)  # type: ignore[arg-type] # by name
    appended = log.append(admitted.persons, admitted.notice, logged_at=NOON, **at_noon)  # type: ignore[arg-type] # by name
    read_at = max(NOON + read_after, appended.logged_at)
    just = JustAppended(partition=log.partition, admitted=admitted, appended=appended)

    straight = list(just.chunks(rules, clock=lambda: NOON + read_after, size=size))
    read = [
        decide_chunk(
            log.partition,
            [r for r in log.read(chunk.start, limit=999) if r.offset < chunk.end],
            start=chunk.start,
            end=chunk.end,
            rules=rules,
            read_at=read_at,
        )
        for chunk in straight
    ]
    assert just.end == log.bounds()[1]
    assert [chunk.start for chunk in straight] == [just.first, *(c.end for c in straight)][:-1]
    assert not straight or straight[-1].end == just.end
    return straight, read


deliveries = st.lists(
    st.one_of(
        st.binary(max_size=10),
        st.integers(1, 4).map(person),
        (json_values | mutated() | api_records()).map(text),
        st.lists(mutated() | api_records(), max_size=3).map(lambda many: text({"results": many})),
    ),
    max_size=5,
)
lapses = st.sampled_from([timedelta(0), SAME_DAY, timedelta(hours=13), timedelta(days=366)])
any_rules = st.builds(
    Rules, decode=st.sampled_from(DECODERS), policy=policies() | st.sampled_from(POLICIES)
)


@given(deliveries, any_rules, lapses, lapses, st.integers(1, 6))
def test_what_was_appended_is_decided_as_the_log_tells_it(
    values: list[bytes], rules: Rules, read_after: timedelta, log_ahead: timedelta, size: int
) -> None:
    straight, read = both_ways(values, rules, read_after=read_after, log_ahead=log_ahead, size=size)

    assert straight == read


@pytest.mark.parametrize("policy", POLICIES, ids=["usual", "no e-mail", "no city in the log"])
@pytest.mark.parametrize("decode", DECODERS, ids=["the rule", "fast", "fastest"])
def test_the_usual_and_the_unusual_keep_their_order(decode: Decode, policy: PrivacyPolicy) -> None:
    values = [person(1), person(2, name=None), person(3), b"{", person(4, nat=" NO ")]

    (straight,), (read,) = both_ways(values, Rules(policy=policy, decode=decode))

    assert straight == read
    assert straight.read == len(straight.entries) == 5
    assert [entry.offset for entry in straight.entries] == [1, 2, 3, 4, 5]
    assert [entry.person and entry.person[-1] for entry in straight.entries] == [*"1234", None]


def test_chunks_are_as_large_as_they_are_meant_to_be() -> None:
    rules = Rules(policy=DEFAULT_POLICY, decode=messages.decode)

    straight, read = both_ways([*map(person, range(1, 6)), b"{"], rules, size=2)

    assert straight == read
    assert [chunk.read for chunk in straight] == [2, 2, 2]


def test_what_was_only_kept_out_is_a_chunk_and_nothing_is_none() -> None:
    rules = Rules(policy=DEFAULT_POLICY, decode=messages.decode)

    (straight,), read = both_ways([b"{"], rules)

    assert [straight] == read
    assert straight.read == 1
    assert both_ways([], rules) == ([], [])


def decided_anew(monkeypatch: pytest.MonkeyPatch, *, read_after: timedelta) -> int:
    """Count the records that are decided after they were appended: all, or none of two."""
    counted = []

    def counting(partition: object, records: Sequence[object], **named: object) -> Chunk:
        counted.append(len(records))
        return decide_chunk(partition, records, **named)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(just_appended, "decide_chunk", counting)
    rules = Rules(policy=DEFAULT_POLICY, decode=codec.decode_for_deciding)
    (straight,), (read,) = both_ways([person(1), person(2)], rules, read_after=read_after)
    assert straight == read
    assert all(isinstance(entry.outcome, Profile) for entry in straight.entries)
    return sum(counted)


def test_what_the_gate_has_decided_is_decided_anew_on_another_day_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert decided_anew(monkeypatch, read_after=SAME_DAY) == 0
    assert decided_anew(monkeypatch, read_after=timedelta(hours=13)) == 2
