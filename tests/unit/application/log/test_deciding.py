from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.log import messages
from profiles.application.log.deciding import Chunk, Entry, Rules, decide_chunk
from profiles.application.log.messages import NOT_JSON
from profiles.application.log.quarantine import quarantined_of
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.transaction.planning import plan_commit
from profiles.domain.assessing import decide
from profiles.domain.deciding_together import AT_ONCE
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.policy_settings import deciding_fingerprint_of, settings_of
from profiles.domain.profile import Profile
from profiles.domain.reading import readable_id
from tests.strategies import Json, api_records, json_values, mutated

PARTITION = LogPartition("topic")
RULES = Rules(policy=DEFAULT_POLICY, decode=messages.decode)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BO = PersonId("00000000-0000-4000-8000-00000000000b")
MINOR = Withheld(WithheldReason.MINOR)
BROKEN = Rejected(RejectionReason.MISSING, "dob", "object")


def record(person: str = ADA, born: str = "1990-02-28") -> dict[str, Json]:
    return {"login": {"uuid": person}, "dob": {"date": born}}


def logged(
    offset: int,
    value: Json | Notice = None,
    *,
    at: datetime = NOON,
    key: bytes | None = None,
    raw: bytes | None = None,
) -> LogRecord:
    """Make a record of the log; a value of None is a tombstone unless `raw` is given."""
    if isinstance(value, Notice) or value is None:
        return LogRecord(offset=offset, logged_at=at, key=key, value=value or raw)
    return LogRecord(offset=offset, logged_at=at, key=key, value=json.dumps(value).encode())


def chunk(*records: LogRecord, rules: Rules = RULES, read_at: datetime = NOON) -> Chunk:
    start = records[0].offset if records else 0
    end = records[-1].offset + 1 if records else 0
    return decide_chunk(PARTITION, records, start=start, end=end, rules=rules, read_at=read_at)


def told(of: Chunk) -> list[tuple[int, PersonId | None, str]]:
    return [(one.offset, one.person, type(one.outcome).__name__) for one in of.entries]


def test_a_run_of_the_log_is_decided_in_its_order() -> None:
    decided = chunk(
        logged(5, record()),
        logged(6, record(BO, "2015-01-01")),
        logged(7, {"login": {"uuid": BO}}),
        logged(9, raw=b"no json"),
        logged(10, key=ADA.encode()),
    )

    assert told(decided) == [
        (5, ADA, "Profile"),
        (6, BO, "Withheld"),
        (7, BO, "Rejected"),
        (9, None, "Rejected"),
        (10, ADA, "Erased"),
    ]
    assert [one.outcome for one in decided.entries[1:]] == [MINOR, BROKEN, NOT_JSON, Erased()]
    assert decided.read == 5
    assert (decided.partition, decided.start, decided.end) == (PARTITION, 5, 11)
    assert {one.logged_at for one in decided.entries} == {NOON}


def test_more_records_than_are_decided_at_once_keep_their_order_and_their_times() -> None:
    count = 2 * AT_ONCE + 50
    children = {7, AT_ONCE - 1, AT_ONCE, count - 1}
    of_each = [
        logged(
            number,
            record(born="2015-01-01" if number in children else "1990-02-28"),
            at=NOON - timedelta(seconds=count - number),
        )
        for number in range(count)
    ]

    decided = chunk(*of_each)

    assert told(decided) == [
        (number, ADA, "Withheld" if number in children else "Profile") for number in range(count)
    ]
    assert [one.logged_at for one in decided.entries] == [one.logged_at for one in of_each]
    assert decided.read == count


def test_a_whole_response_is_as_many_persons_and_its_paths_say_which() -> None:
    results = [record(), 5, record(BO, "2015-01-01"), {"login": {"uuid": BO}}, record(BO)]

    decided = chunk(logged(5, {"results": results}))

    assert told(decided) == [
        (5, ADA, "Profile"),
        (5, None, "Rejected"),
        (5, BO, "Withheld"),
        (5, BO, "Rejected"),
        (5, BO, "Profile"),
    ]
    assert decided.entries[1].outcome == Rejected(RejectionReason.TYPE, "results[1]", "object")
    assert decided.entries[3].outcome == Rejected(
        RejectionReason.MISSING, "results[3].dob", "object"
    )
    assert decided.read == 5


def test_a_response_without_users_is_nobody() -> None:
    decided = chunk(logged(5, {"results": []}))

    assert (decided.read, decided.entries) == (0, [])


def test_an_empty_run_is_an_empty_chunk() -> None:
    assert chunk() == Chunk(
        partition=PARTITION, start=0, end=0, entries=[], read=0, policy=RULES.fingerprint
    )


def test_a_chunk_says_by_which_policy_it_was_decided() -> None:
    assert RULES.fingerprint == deciding_fingerprint_of(settings_of(DEFAULT_POLICY))
    assert replace(
        RULES, policy=PrivacyPolicy(minimum_age=21)
    ).fingerprint == deciding_fingerprint_of(settings_of(PrivacyPolicy(minimum_age=21)))


def test_a_notice_counts_what_was_kept_out_and_names_nobody() -> None:
    notice = Notice(
        withheld={WithheldReason.MINOR: 2, WithheldReason.RETENTION: 1}, rejected=[BROKEN]
    )

    decided = chunk(logged(5, notice))

    assert [one.person for one in decided.entries] == [None] * 4
    assert [one.outcome for one in decided.entries] == [
        MINOR,
        MINOR,
        Withheld(WithheldReason.RETENTION),
        BROKEN,
    ]
    assert decided.read == 4


def test_a_notice_tells_where_in_the_source_the_rejected_were() -> None:
    notice = Notice(
        withheld={WithheldReason.MINOR: 1},
        rejected=[BROKEN, BROKEN, BROKEN],
        places=["line 3", None],
    )

    decided = chunk(logged(5, notice))

    assert [one.place for one in decided.entries] == [None, "line 3", None, None]
    assert [one.place for one in quarantined_of(decided)] == ["line 3", None, None]


def test_rejections_of_which_a_notice_has_no_place_are_counted_and_not_quarantined() -> None:
    notice = Notice(rejected=[BROKEN], more={BROKEN.reason: 2, RejectionReason.JSON: 1})

    decided = chunk(logged(5, notice))

    outcomes = [one.outcome for one in decided.entries]
    assert [one.reason for one in outcomes if isinstance(one, Rejected)] == [
        *[BROKEN.reason] * 3,
        RejectionReason.JSON,
    ]
    assert decided.read == 4
    assert [one.rejected for one in quarantined_of(decided)] == [BROKEN]


@pytest.mark.parametrize(
    "key", [None, b"", b"\xff", ADA.encode()[:-1], ADA.replace("-", "").encode()]
)
def test_a_tombstone_has_to_name_a_person(key: bytes | None) -> None:
    decided = chunk(logged(5, key=key))

    assert [one[2:4] for one in decided.entries] == [
        (None, Rejected(RejectionReason.ID, "key", "UUID of 36 characters"))
    ]
    assert decided.read == 1


def test_a_tombstone_names_a_person_in_any_case() -> None:
    assert told(chunk(logged(5, key=ADA.upper().encode()))) == [(5, ADA, "Erased")]


def test_each_record_is_decided_as_of_its_own_time_in_the_log() -> None:
    eighteen = record(born="2008-11-23")

    decided = chunk(
        logged(5, eighteen, at=NOON - timedelta(microseconds=1)),
        logged(6, eighteen, at=NOON),
        logged(7, eighteen, at=NOON),
        logged(8, eighteen, at=NOON - timedelta(days=1)),
    )

    assert [type(one.outcome) for one in decided.entries] == [Withheld, Profile, Profile, Withheld]


def test_a_record_from_the_future_is_rejected_alone() -> None:
    late = NOON + timedelta(minutes=5)

    decided = chunk(logged(5, record(), at=late), logged(6, record(), at=late + timedelta(0, 1)))

    assert [type(one.outcome) for one in decided.entries] == [Profile, Rejected]


def test_what_is_rejected_as_from_the_future_is_entered_when_it_was_read() -> None:
    """Else the quarantine would keep it until seven days after a wrong time."""
    decided = chunk(
        logged(5, record(), at=NOON + timedelta(days=3_653)), logged(6, record(), at=NOON)
    )

    assert [one.logged_at for one in decided.entries] == [NOON, NOON]
    assert isinstance(decided.entries[0].outcome, Rejected)


def test_the_day_of_the_age_can_be_overridden() -> None:
    decided = chunk(logged(5, record()), rules=replace(RULES, as_of=date(2008, 2, 27)))

    assert decided.entries[0].outcome == MINOR


def test_the_zone_of_the_day_can_be_chosen() -> None:
    policy = PrivacyPolicy(zone=timezone(timedelta(hours=14)))
    ahead = replace(RULES, policy=policy)

    decided = chunk(logged(5, record(born="2008-11-24")), rules=ahead)

    assert isinstance(decided.entries[0].outcome, Profile)


def test_rules_derive_dates_as_the_domain_does() -> None:
    rules = Rules(policy=DEFAULT_POLICY, decode=messages.decode, as_of=date(2020, 1, 1))

    assert rules.dates(logged_at=NOON, read_at=NOON) == DecisionDates.of(
        logged_at=NOON, read_at=NOON, as_of=date(2020, 1, 1)
    )


@given(st.lists(json_values | mutated() | api_records(), max_size=4))
def test_every_record_of_a_chunk_is_decided_as_if_it_were_alone(documents: list[Json]) -> None:
    results = {"results": documents}

    decided = chunk(logged(5, results))

    dates = RULES.dates(logged_at=NOON, read_at=NOON)
    assert decided.read == len(documents)
    for index, (document, entry) in enumerate(zip(documents, decided.entries, strict=True)):
        alone = decide(document, DEFAULT_POLICY, dates)
        if isinstance(alone, Rejected):
            path = f"results[{index}].{alone.path}".rstrip(".")
            assert entry.outcome == replace(alone, path=path)
        else:
            assert entry.outcome == alone
        assert entry.person == readable_id(document)


def test_what_is_decided_and_logged_shows_nobody() -> None:
    decided = chunk(logged(5, record(), key=ADA.encode()))

    assert repr(decided.entries[0]) == "Entry(offset=5, ...)"
    assert ADA not in repr(decided)
    assert ADA not in repr(logged(5, record(), key=ADA.encode()))
    assert ADA not in repr(plan_commit(decided, {}, epoch=1, position=5))


def test_a_policy_decides_for_the_chunk() -> None:
    rules = replace(RULES, policy=PrivacyPolicy(minimum_age=0))

    assert told(chunk(logged(5, record(born="2015-01-01")), rules=rules)) == [(5, ADA, "Profile")]


def test_an_entry_is_a_tuple_of_its_parts() -> None:
    assert Entry(5, NOON, None, MINOR) == (5, NOON, None, MINOR, True, None)
