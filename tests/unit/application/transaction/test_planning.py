from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.log import messages
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.messages import NOT_JSON
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.transaction.planning import plan_commit
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally, UnbalancedTallyError
from profiles.domain.version import OFFSET_STEP, Version, VersionRangeError
from tests.strategies import Json

PARTITION = LogPartition("topic")
RULES = Rules(policy=DEFAULT_POLICY, decode=messages.decode)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BO = PersonId("00000000-0000-4000-8000-00000000000b")


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
    assert changes.deletions == {ADA: Version.last_revision(version(5))}
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


def test_who_is_told_of_and_not_held_is_deleted_by_what_follows_in_any_revision() -> None:
    seen = chunk(logged(5, record()), logged(6, record(BO)))
    holding = held(chunk(logged(5, record())))

    plan = plan_commit(seen, holding, epoch=1, position=7)

    assert plan.untouched == {ADA: version(5), BO: Version.last_revision(version(6))}


def test_of_the_restricted_what_follows_is_told_nothing() -> None:
    seen = chunk(logged(7, record()), logged(8, record(BO)))

    assert plan_commit(seen, {}, epoch=1, position=7, restricted={ADA, BO}).untouched == {}


def test_who_is_suppressed_and_restricted_is_deleted_by_what_follows() -> None:
    seen = chunk(logged(5, record()))

    plan = plan_commit(seen, {}, epoch=1, position=7, suppressed={ADA}, restricted={ADA})

    assert plan.untouched == {ADA: Version.last_revision(version(5))}


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


def test_the_last_offset_that_fits_into_a_version_is_accepted() -> None:
    last = 2**37 - 2
    changes = plan_commit(chunk(logged(last, record())), {}, epoch=1, position=0).changes

    assert changes.upserts[ADA][1] == version(last) == version(0) + last * OFFSET_STEP


def test_a_new_person_arrives_in_the_minute_of_the_record_that_is_held() -> None:
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


def test_a_person_already_held_or_deleted_in_the_same_chunk_is_no_arrival() -> None:
    first = chunk(logged(5, record()))
    second = chunk(logged(6, record()), logged(7, record(BO)), logged(8, record(BO, "2015-01-01")))

    assert plan_commit(first, {}, epoch=1, position=5).arrivals == {NOON: 1}
    assert plan_commit(second, held(first), epoch=1, position=6).arrivals == {}


def test_two_arrivals_of_one_minute_are_counted_together() -> None:
    two = chunk(logged(5, record()), logged(6, record(BO), at=NOON + timedelta(seconds=59)))

    assert plan_commit(two, {}, epoch=1, position=5).arrivals == {NOON: 2}


def test_each_rejection_has_a_position_in_the_log_of_its_own() -> None:
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
