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
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.transaction.planning import plan_commit
from profiles.domain.assessing import decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import readable_id
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally, UnbalancedTallyError
from profiles.domain.version import OFFSET_STEP, Version, VersionRangeError
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


# Deciding ----------------------------------------------------------------------------------------


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
    assert chunk() == Chunk(partition=PARTITION, start=0, end=0, entries=[], read=0)


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


@pytest.mark.parametrize(
    ("notice", "says"),
    [
        (Notice(), False),
        (Notice(withheld={WithheldReason.MINOR: 1}), True),
        (Notice(rejected=[BROKEN]), True),
    ],
)
def test_a_notice_that_says_nothing_is_false(notice: Notice, *, says: bool) -> None:
    assert bool(notice) is says


@pytest.mark.parametrize(
    "key", [None, b"", b"\xff", ADA.encode()[:-1], ADA.replace("-", "").encode()]
)
def test_a_tombstone_has_to_name_a_person(key: bytes | None) -> None:
    decided = chunk(logged(5, key=key))

    assert [one[2:] for one in decided.entries] == [
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


def test_the_day_of_the_age_can_be_overridden() -> None:
    decided = chunk(logged(5, record()), rules=replace(RULES, as_of=date(2008, 2, 27)))

    assert decided.entries[0].outcome == MINOR


def test_the_zone_of_the_day_can_be_chosen() -> None:
    ahead = replace(RULES, zone=timezone(timedelta(hours=14)))

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


# Settling ----------------------------------------------------------------------------------------


def version(offset: int, *, epoch: int = 1, partition: int = 0) -> int:
    return Version(epoch, offset, partition).number()


def held(*chunks: Chunk) -> dict[PersonId, Held]:
    """Tell what is held after some chunks, as of epoch 1."""
    found: dict[PersonId, Held] = {}
    for one in chunks:
        changes = plan_commit(one, found, epoch=1, position=one.start).changes
        for person in changes.deletions:
            found.pop(person, None)
        found |= {person: Held.of(*pair) for person, pair in changes.upserts.items()}
    return found


def test_a_record_gets_its_place_in_the_log_as_version() -> None:
    fresh = replace(chunk(logged(5, record())), partition=LogPartition("topic", 3, 4))

    changes = plan_commit(fresh, {}, epoch=2, position=0).changes

    assert [pair[1] for pair in changes.upserts.values()] == [
        Version(epoch=2, offset=5, partition=3).number()
    ]
    assert changes.tally == Tally(read=1, stored=1)


def test_the_ledger_is_honoured() -> None:
    both = chunk(logged(5, record()), logged(6, record(BO)))

    changes = plan_commit(both, {}, epoch=1, position=5, suppressed={ADA}, restricted={BO}).changes

    assert changes.upserts == {}
    assert changes.deletions == {ADA: version(5)}
    assert changes.tally == Tally(read=2, suppressed=1, restricted=1)


def test_what_lies_below_the_position_changes_nothing() -> None:
    seen = chunk(
        logged(5, record()),
        logged(6, record(BO)),
        logged(7, record(BO)),
        logged(8, raw=b"no json"),
        logged(9, key=ADA.encode()),
    )
    holding = held(chunk(logged(5, record()), logged(6, record(BO)), logged(7, record(BO))))

    plan = plan_commit(seen, holding, epoch=1, position=10, suppressed={ADA, BO})

    assert plan.changes.upserts == {}
    assert plan.changes.deletions == {}
    assert plan.changes.difference == Statistics()
    assert plan.quarantined == []
    assert plan.arrivals == {}
    # Stored is what is held in exactly this version.
    assert plan.changes.tally == Tally(read=5, stored=2, superseded=3)


def test_a_chunk_may_begin_below_the_position_and_end_above_it() -> None:
    before = chunk(logged(5, record()), logged(6, record(BO)))
    overlapping = chunk(
        logged(5, record()), logged(6, record(BO)), logged(7, record(born="1980-01-01"))
    )

    plan = plan_commit(overlapping, held(before), epoch=1, position=7)

    assert [pair[1] for pair in plan.changes.upserts.values()] == [version(7)]
    assert plan.changes.newcomers == []
    assert plan.arrivals == {}
    assert plan.changes.tally == Tally(read=3, stored=3)


def test_the_same_offset_of_another_epoch_or_partition_is_another_version() -> None:
    seen = chunk(logged(5, record()))
    holding = held(seen)

    elsewhere = replace(seen, partition=LogPartition("topic", 1, 2))
    assert plan_commit(seen, holding, epoch=2, position=6).changes.tally.superseded == 1
    assert plan_commit(elsewhere, holding, epoch=1, position=6).changes.tally.superseded == 1
    assert plan_commit(seen, holding, epoch=1, position=6).changes.tally.stored == 1


def test_a_record_lost_on_the_way_is_noticed() -> None:
    lossy = replace(chunk(logged(5, record())), read=2)

    with pytest.raises(UnbalancedTallyError):
        plan_commit(lossy, {}, epoch=1, position=5)
    with pytest.raises(UnbalancedTallyError):
        plan_commit(lossy, {}, epoch=1, position=6)


@pytest.mark.parametrize(
    ("end", "number", "epoch"), [(2**37, 0, 1), (6, 2**11, 1), (6, 0, 2**10), (6, 0, -1)]
)
def test_a_place_that_fits_into_no_version_is_refused(end: int, number: int, epoch: int) -> None:
    far = replace(
        chunk(logged(5, record())), end=end, partition=LogPartition("topic", number, number + 1)
    )

    with pytest.raises(VersionRangeError):
        plan_commit(far, {}, epoch=epoch, position=0)


def test_the_last_offset_that_fits_is_settled() -> None:
    last = 2**37 - 2
    changes = plan_commit(chunk(logged(last, record())), {}, epoch=1, position=0).changes

    assert changes.upserts[ADA][1] == version(last) == version(0) + last * OFFSET_STEP


def test_newcomers_arrive_in_the_minute_of_the_record_that_is_held_of_them() -> None:
    in_oslo = datetime(2026, 11, 23, 12, 58, 59, 5, tzinfo=timezone(timedelta(hours=1)))
    arriving = chunk(
        logged(5, record(BO), at=NOON - timedelta(minutes=7)),
        logged(6, record(), at=NOON - timedelta(minutes=5)),
        logged(7, record(), at=in_oslo),
        logged(8, {"login": {"uuid": ADA}}, at=NOON),
    )

    plan = plan_commit(arriving, {}, epoch=1, position=5)

    assert plan.arrivals == {
        datetime(2026, 11, 23, 11, 53, tzinfo=UTC): 1,
        datetime(2026, 11, 23, 11, 58, tzinfo=UTC): 1,
    }


def test_who_was_held_or_is_gone_again_does_not_arrive() -> None:
    first = chunk(logged(5, record()))
    second = chunk(logged(6, record()), logged(7, record(BO)), logged(8, record(BO, "2015-01-01")))

    assert plan_commit(first, {}, epoch=1, position=5).arrivals == {NOON: 1}
    assert plan_commit(second, held(first), epoch=1, position=6).arrivals == {}


def test_two_who_arrive_in_one_minute_are_counted_together() -> None:
    two = chunk(logged(5, record()), logged(6, record(BO), at=NOON + timedelta(seconds=59)))

    assert plan_commit(two, {}, epoch=1, position=5).arrivals == {NOON: 2}


def test_the_rejected_are_told_apart_by_their_place_in_the_log() -> None:
    later = NOON + timedelta(minutes=1)
    broken = chunk(
        logged(5, {"results": [{}, record(), 5]}),
        logged(6, raw=b"no json", at=later),
        logged(7, raw=b"no json", at=later),
    )

    plan = plan_commit(broken, {}, epoch=1, position=6)

    no_json = Quarantined(
        partition=PARTITION, offset=6, ordinal=0, logged_at=later, rejected=NOT_JSON
    )
    assert plan.quarantined == [no_json, replace(no_json, offset=7)]
    everything = plan_commit(broken, {}, epoch=1, position=5).quarantined
    assert [(one.offset, one.ordinal, one.rejected.path) for one in everything] == [
        (5, 0, "results[0].login"),
        (5, 1, "results[2]"),
        (6, 0, ""),
        (7, 0, ""),
    ]


def test_a_policy_decides_for_the_chunk() -> None:
    rules = replace(RULES, policy=PrivacyPolicy(minimum_age=0))

    assert told(chunk(logged(5, record(born="2015-01-01")), rules=rules)) == [(5, ADA, "Profile")]


@given(st.lists(st.sampled_from([ADA, BO]), max_size=8), st.integers(0, 8))
def test_wherever_a_crash_fell_the_end_is_the_same(whom: list[PersonId], position: int) -> None:
    """A chunk applied again from any position leaves what one clean run leaves."""
    records = [logged(offset, record(person)) for offset, person in enumerate(whom)]
    position = min(position, len(records))
    clean = held(chunk(*records))
    before = held(chunk(*records[:position])) if position else {}

    changes = plan_commit(chunk(*records), before, epoch=1, position=position).changes

    after = before | {person: Held.of(*pair) for person, pair in changes.upserts.items()}
    assert after == clean
    assert changes.tally.stored + changes.tally.superseded == len(records)


def test_an_entry_is_a_tuple_of_its_parts() -> None:
    assert Entry(5, NOON, None, MINOR) == (5, NOON, None, MINOR)
