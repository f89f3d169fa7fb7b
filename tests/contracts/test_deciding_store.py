"""What every deciding store promises (see the port `DecidingStore`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.errors import GapError, LedgerError
from profiles.application.log import messages
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.stores import DecidingStore, StoreProgress, StoreSnapshot
from profiles.domain.corrections import CorrectedValue, Corrections
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.statistics import Cell, Cohort, Statistics
from profiles.domain.tally import Tally, UnbalancedTallyError
from profiles.domain.version import OFFSET_BITS, Version, VersionRangeError
from tests.contracts.conftest import NewStore
from tests.support.histories import (
    ADA,
    BEA,
    BROKEN,
    CLEO,
    DAN,
    ERASED,
    EVE,
    EXPIRED,
    MINOR,
    NOW,
    OTHER_TOPIC,
    TOPIC,
    About,
    Enter,
    Step,
    Sweep,
    chunk,
    chunk_of,
    chunks_of,
    correcting,
    corrections,
    held,
    histories,
    profile,
    split,
    state,
    stored,
    version,
)

WEEK_BEFORE = NOW - timedelta(days=7)


@pytest.fixture
def empty_ledger() -> MemoryLedger:
    return MemoryLedger()


class UnreadableLedger:
    """A ledger whose file is gone."""

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        raise LedgerError("the-ledger", f"can't be read ({at_least.number})", "Restore it.")


class CrashingLedger:
    """Something that nobody foresaw, in the middle of a chunk."""

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        raise ZeroDivisionError(at_least)


def side(number: int, *, partitions: int = 3) -> LogPartition:
    return LogPartition(TOPIC.topic_id, number, partitions)


# --- Empty ---------------------------------------------------------------------------------


def test_an_empty_store_holds_nothing(store: DecidingStore) -> None:
    assert list(store.profiles()) == []
    assert store.profile(ADA) is None
    assert store.statistics() == Statistics()
    assert store.counts() == Tally()
    assert store.arrivals() == {}
    assert list(store.quarantine()) == []
    assert store.position(TOPIC) is None


def test_an_empty_chunk_moves_the_position_only(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    nothing = Chunk(partition=TOPIC, start=0, end=5, entries=(), read=0)
    tally = store.apply(nothing, empty_ledger).tally

    assert tally == Tally()
    assert store.position(TOPIC) == 5
    assert store.counts() == Tally()


def test_it_tells_how_far_it_is_in_every_topic(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    assert store.progress() == StoreProgress()

    empty_ledger.suppress(BEA)
    grown = LogPartition(TOPIC.topic_id, 1, 2)
    store.apply(chunk(stored(ADA), start=4), empty_ledger)
    store.apply(chunk(stored(ADA), partition=OTHER_TOPIC), empty_ledger)
    store.apply(chunk(partition=grown, start=0), empty_ledger)
    told = store.progress()

    assert told.ledger.head.number == 1
    assert [tuple(topic) for topic in told.topics] == [
        (TOPIC.topic_id, 1),
        (OTHER_TOPIC.topic_id, 1),
        (TOPIC.topic_id, 2),
    ]
    assert told.positions == {
        (TOPIC.topic_id, 0): 5,
        (OTHER_TOPIC.topic_id, 0): 1,
        (TOPIC.topic_id, 1): 0,
    }


# --- One moment ----------------------------------------------------------------------------


def everything_in(snapshot: StoreSnapshot) -> tuple[object, ...]:
    return (
        snapshot.progress(),
        list(snapshot.profiles()),
        snapshot.statistics(),
        snapshot.counts(),
    )


def test_a_snapshot_has_what_was_held_when_it_was_opened_whatever_is_written_since(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO, email_domain="a.org")), empty_ledger)
    before = (
        store.progress(),
        list(store.profiles()),
        store.statistics(),
        store.counts(),
    )

    with store.snapshot() as snapshot:
        first, *_ = profiles = snapshot.profiles(), snapshot.profiles()
        next(first)
        store.apply(chunk(stored(DAN), (BEA, ERASED), start=3), empty_ledger, followed=True)
        store.apply(chunk(stored(ADA, city="Elsewhere"), partition=OTHER_TOPIC), empty_ledger)
        empty_ledger.suppress(CLEO)
        store.apply_ledger(empty_ledger, followed=True)
        store.sweep(read_on=NOW.date() + timedelta(days=1_000), quarantined_before=NOW)
        inside = everything_in(snapshot)

        assert inside == before
        assert [len(list(each)) for each in profiles] == [2, 3]
        assert list(store.profiles()) == []

    assert store.counts().read == before[3].read + 3


def test_two_snapshots_have_each_its_own_moment(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    with store.snapshot() as empty:
        store.apply(chunk(stored(ADA)), empty_ledger)
        with store.snapshot() as later:
            store.apply(chunk(stored(BEA), start=1), empty_ledger)

            assert [profile.id for profile, _ in later.profiles()] == [ADA]
            assert everything_in(empty) == (StoreProgress(), [], Statistics(), Tally())


def test_all_that_is_held_can_be_written_to_while_it_is_gone_through(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)
    for found, _ in store.profiles():
        position = store.position(TOPIC)
        assert position is not None
        store.apply(chunk(stored(found.id, city="Elsewhere"), start=position), empty_ledger)

        assert store.held([found.id])[found.id][0].city == "Elsewhere"


# --- What is stored ------------------------------------------------------------------------


def test_a_person_is_held_as_decided_with_the_version_of_the_record(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    tally = store.apply(chunk(stored(ADA), start=41), empty_ledger).tally

    assert tally == Tally(read=1, stored=1)
    assert store.profile(ADA) == (profile(ADA), version(41))
    assert store.position(TOPIC) == 42
    assert store.statistics() == Statistics(
        cells={Cell("DK", "female", "1985-03"): 1}, email_domains={"example.com": 1}
    )


texts = st.none() | st.text(
    # Whatever `read_person` lets through: no control characters, no halves of surrogate pairs.
    st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=256,
)
days = st.dates(date(1900, 1, 1), date(2400, 1, 1))
any_profile = st.builds(
    profile,
    st.just(ADA),
    **dict.fromkeys(
        "username gender title full_name full_address city country nationality email".split(), texts
    ),
    email_domain=st.none() | st.sampled_from(["example.com", "例え.テスト"]),
    age=st.integers(18, 130),
    birth_month=st.sampled_from(["1899-12", "2008-11"]),
    registered_on=st.none() | days,
    as_of=days,
    expires_at=days,
)


@given(made=any_profile)
def test_every_field_comes_back_as_it_was(new_store: NewStore, made: object) -> None:
    assert isinstance(made, type(profile()))
    with new_store() as store:
        store.apply(chunk((ADA, made)), MemoryLedger())

        found = store.profile(ADA)

        assert found == (made, version(0))
        assert found is not None
        assert list(map(type, found[0])) == list(map(type, made))
        assert store.statistics() == Statistics.recount([made])


def test_profiles_come_in_the_order_of_ids(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(CLEO), stored(ADA), stored(BEA)), empty_ledger)

    assert [pair[0].id for pair in store.profiles()] == [ADA, BEA, CLEO]


def test_a_newer_record_takes_the_place_of_what_is_held(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    moved = profile(ADA, city="Ribe", nationality=None, email_domain="example.org")

    tally = store.apply(chunk((ADA, moved), start=1), empty_ledger).tally

    assert tally == Tally(read=1, stored=1)
    assert held(store) == {ADA: (moved, version(1))}
    assert store.statistics() == Statistics.recount([moved])


def test_of_one_persons_records_in_a_chunk_the_last_is_held(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    last = profile(ADA, city="Ribe")

    tally = store.apply(chunk(stored(ADA), stored(BEA), (ADA, last)), empty_ledger).tally

    assert tally == Tally(read=3, stored=2, superseded=1)
    assert store.profile(ADA) == (last, version(2))
    assert store.statistics() == Statistics.recount([last, profile(BEA)])


def test_of_one_persons_records_in_a_message_the_last_is_held(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    last = profile(ADA, city="Ribe")

    tally = store.apply(chunk_of([[stored(ADA), (ADA, last)]]), empty_ledger).tally

    assert tally == Tally(read=2, stored=1, superseded=1)
    assert store.profile(ADA) == (last, version(0))


def test_an_older_record_from_another_partition_is_superseded(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    first, second = (LogPartition("two", number, 2) for number in (0, 1))
    store.apply(chunk(stored(ADA), start=10, partition=first), empty_ledger)

    later = chunk(stored(ADA, city="Ribe"), start=3, partition=second)
    tally = store.apply(later, empty_ledger).tally

    assert tally == Tally(read=1, superseded=1)
    assert store.profile(ADA) == (profile(ADA), version(10))


# --- Replays -------------------------------------------------------------------------------


def test_a_replayed_chunk_changes_nothing_and_says_stored_or_superseded(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    abouts: list[About] = [stored(ADA), (BEA, MINOR), stored(ADA, city="Ribe"), (None, BROKEN)]
    store.apply(chunk(*abouts), empty_ledger)
    before = state(store)

    tally = store.apply(chunk(*abouts), empty_ledger).tally

    assert tally == Tally(read=4, stored=1, superseded=3)
    assert state(store) == before


def test_a_chunk_that_overlaps_what_was_decided_adds_the_rest(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), (BEA, MINOR)), empty_ledger)

    tally = store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO)), empty_ledger).tally

    assert tally == Tally(read=3, stored=2, superseded=1)
    assert held(store).keys() == {ADA, CLEO}
    assert store.position(TOPIC) == 3


def test_a_late_redelivery_of_an_older_record_changes_nothing(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    store.apply(chunk(stored(ADA, city="Ribe"), start=1), empty_ledger)
    before = state(store)

    tally = store.apply(chunk(stored(ADA)), empty_ledger).tally

    assert tally == Tally(read=1, superseded=1)
    assert state(store) == before
    assert store.position(TOPIC) == 2


@pytest.mark.parametrize("gone", [MINOR, EXPIRED, ERASED], ids=["minor", "expired", "erased"])
def test_a_replay_does_not_bring_back_who_is_gone(
    store: DecidingStore, empty_ledger: MemoryLedger, gone: object
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    store.apply(chunk((ADA, gone), start=1), empty_ledger)  # type: ignore[arg-type]  # an outcome
    before = state(store)

    store.apply(chunk(stored(ADA)), empty_ledger)

    assert held(store) == {}
    assert state(store) == before


def test_nothing_below_the_position_is_decided_anew_whatever_the_rules_say_now(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    records = [
        LogRecord(offset=0, logged_at=NOW, value=_message(ADA, born="1990-05-17")),
        LogRecord(offset=1, logged_at=NOW, value=_message(BEA, born="2009-05-17")),
    ]

    def decided(policy: PrivacyPolicy, as_of: date | None, read_at: datetime) -> Chunk:
        rules = Rules(policy=policy, decode=messages.decode, as_of=as_of)
        return decide_chunk(TOPIC, records, start=0, end=2, rules=rules, read_at=read_at)

    first = store.apply(decided(PrivacyPolicy(), None, NOW), empty_ledger).tally
    before = state(store)
    stricter = decided(PrivacyPolicy(minimum_age=60), None, NOW)
    laxer = decided(PrivacyPolicy(minimum_age=0), date(2050, 1, 1), NOW)
    expired = decided(PrivacyPolicy(), None, NOW + timedelta(days=999))

    assert first == Tally(read=2, stored=1, withheld=1, reasons={"minor": 1})
    for again in (stricter, laxer, expired):
        assert store.apply(again, empty_ledger).tally == Tally(read=2, stored=1, superseded=1)
        assert state(store) == before


def _message(person: str, *, born: str) -> bytes:
    return json.dumps({"login": {"uuid": person}, "dob": {"date": born}}).encode()


# --- What deletes, and what does not -------------------------------------------------------


@pytest.mark.parametrize("reason", [MINOR, EXPIRED], ids=["minor", "retention"])
def test_a_newer_withheld_record_deletes_profile_and_counts(
    store: DecidingStore, empty_ledger: MemoryLedger, reason: object
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)

    tally = store.apply(chunk((ADA, reason), start=2), empty_ledger).tally  # type: ignore[arg-type]

    assert tally.withheld == 1
    assert held(store).keys() == {BEA}
    assert store.statistics() == Statistics.recount([profile(BEA)])


def test_a_withheld_person_leaves_a_count_and_nothing_else(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk((ADA, MINOR)), empty_ledger)

    assert state(store) == {**state(MemoryDecidingStore()), "positions": [1, None]}
    assert store.counts() == Tally(read=1, withheld=1, reasons={"minor": 1})


def test_a_newer_rejected_record_leaves_the_held_profile(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)

    tally = store.apply(chunk((ADA, BROKEN), start=1), empty_ledger).tally

    assert tally == Tally(read=1, rejected=1, reasons={"type": 1})
    assert store.profile(ADA) == (profile(ADA), version(0))


def test_a_tombstone_deletes_what_is_held_and_suppresses_nobody(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)

    assert store.apply(chunk((ADA, ERASED), start=1), empty_ledger).tally == Tally(read=1, erased=1)
    assert held(store) == {}
    assert store.statistics() == Statistics()

    store.apply(chunk(stored(ADA), start=2), empty_ledger)
    assert store.profile(ADA) == (profile(ADA), version(2))


def test_a_tombstone_of_an_unknown_person_counts_only(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    assert store.apply(chunk((ADA, ERASED)), empty_ledger).tally == Tally(read=1, erased=1)
    assert store.statistics() == Statistics()


def test_records_without_a_readable_id_touch_nobody(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)

    tally = store.apply(chunk((None, MINOR), (None, BROKEN), start=1), empty_ledger).tally

    assert tally == Tally(read=2, withheld=1, rejected=1, reasons={"minor": 1, "type": 1})
    assert held(store).keys() == {ADA}


# --- The erasure ledger --------------------------------------------------------------------


def test_a_suppressed_person_is_not_stored(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    empty_ledger.suppress(ADA)

    tally = store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger).tally

    assert tally == Tally(read=2, stored=1, suppressed=1)
    assert held(store).keys() == {BEA}


def test_who_is_erased_while_a_chunk_is_in_flight_is_deleted_and_never_comes_back(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)
    empty_ledger.suppress(ADA)

    tally = store.apply(chunk(stored(ADA), start=2), empty_ledger).tally

    assert tally == Tally(read=1, suppressed=1)
    assert held(store).keys() == {BEA}
    assert store.statistics() == Statistics.recount([profile(BEA)])
    store.apply(chunk(stored(ADA), stored(BEA), stored(ADA)), empty_ledger)
    store.apply(chunk(stored(ADA), partition=OTHER_TOPIC), empty_ledger)
    assert held(store).keys() == {BEA}


def test_a_store_that_has_applied_an_erasure_holds_nothing_of_the_person(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    """A store restored from a copy is behind its ledger: the next chunk makes up for it."""
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)
    empty_ledger.suppress(ADA)

    store.apply(chunk(stored(CLEO), start=2), empty_ledger)

    assert held(store).keys() == {BEA, CLEO}
    assert store.statistics() == Statistics.recount([profile(BEA), profile(CLEO)])


def test_an_erasure_waits_for_no_record(store: DecidingStore, empty_ledger: MemoryLedger) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)
    assert store.apply_ledger(empty_ledger) == 0
    empty_ledger.suppress(ADA)
    empty_ledger.suppress(CLEO)

    assert store.apply_ledger(empty_ledger) == 1

    assert held(store).keys() == {BEA}
    assert store.statistics() == Statistics.recount([profile(BEA)])
    assert store.ledger().head.number == 2
    assert store.apply_ledger(empty_ledger) == 0


def test_a_store_without_a_writer_applies_the_ledger_too(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    empty_ledger.suppress(ADA)

    assert store.apply_ledger(empty_ledger) == 0

    assert store.ledger().head.number == 1
    with pytest.raises(LedgerError, match="ends at entry 0"):
        store.apply_ledger(MemoryLedger())


def test_a_suppressed_person_goes_even_if_a_newer_record_is_held(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    first, second = (LogPartition("two", number, 2) for number in (0, 1))
    store.apply(chunk(stored(ADA), start=10, partition=first), empty_ledger)
    empty_ledger.suppress(ADA)

    store.apply(chunk(stored(ADA), start=3, partition=second), empty_ledger)

    assert held(store) == {}


@pytest.mark.parametrize("newer", [stored(ADA, city="Ribe"), (ADA, MINOR)], ids=["adult", "minor"])
def test_what_is_held_of_a_restricted_person_stays_as_it_is(
    store: DecidingStore, empty_ledger: MemoryLedger, newer: About
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    empty_ledger.restrict(ADA)

    assert store.apply(chunk(newer, start=1), empty_ledger).tally == Tally(read=1, restricted=1)
    assert store.profile(ADA) is None
    assert restricted(store) == {ADA: (profile(ADA), version(0))}
    assert store.statistics() == Statistics()

    empty_ledger.unrestrict(ADA)
    store.apply_ledger(empty_ledger)
    assert store.profile(ADA) == (profile(ADA), version(0) + 1)
    assert restricted(store) == {}
    assert store.statistics() == Statistics.recount([profile(ADA)])
    store.apply(chunk(stored(ADA, city="Ribe"), start=2), empty_ledger)
    assert store.profile(ADA) == (profile(ADA, city="Ribe"), version(2))


def restricted(store: DecidingStore) -> Mapping[PersonId, tuple[Profile, int]]:
    """Return what is kept apart."""
    return store.transactions.run(lambda unit: unit.restricted_after(None, limit=99))


def test_corrections_are_kept_apart_with_the_profile_and_come_back_with_it(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), correcting(ADA, city="Ribe")), empty_ledger)
    empty_ledger.restrict(ADA)
    store.apply_ledger(empty_ledger)
    kept = store.transactions.run(lambda unit: unit.corrections([ADA, BEA]))
    assert kept.keys() == {ADA}
    empty_ledger.unrestrict(ADA)
    store.apply_ledger(empty_ledger)

    store.apply(chunk(stored(ADA, city="Ringsted"), start=2), empty_ledger)

    assert store.profile(ADA) == (profile(ADA, city="Ribe"), version(2))


def test_who_is_erased_while_restricted_is_gone(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), correcting(ADA, city="Ribe"), stored(BEA)), empty_ledger)
    empty_ledger.restrict(ADA, BEA)
    store.apply_ledger(empty_ledger)
    empty_ledger.suppress(ADA)
    store.apply(chunk((BEA, Erased()), start=3), empty_ledger)

    assert restricted(store) == {}
    empty_ledger.readmit(ADA)
    empty_ledger.unrestrict(ADA, BEA)
    store.apply(chunk(stored(ADA), stored(BEA), start=4), empty_ledger)
    assert held(store).keys() == {ADA, BEA}
    assert store.profile(ADA) == (profile(ADA), version(4))


def test_a_ledger_behind_the_store_stops_it(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    empty_ledger.suppress(ADA)
    store.apply(chunk(stored(BEA)), empty_ledger)
    before, counts = state(store), store.counts()

    with pytest.raises(LedgerError, match="ends at entry 0, before 1"):
        store.apply(chunk(stored(CLEO), start=1), MemoryLedger())
    with pytest.raises(LedgerError):
        store.apply(chunk(stored(CLEO), partition=OTHER_TOPIC), MemoryLedger())

    assert state(store) == before
    assert store.ledger().head.number == 1
    assert store.counts() == counts


# --- All or nothing ------------------------------------------------------------------------


def test_a_gap_stops_the_store(store: DecidingStore, empty_ledger: MemoryLedger) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    before, counts = state(store), store.counts()

    with pytest.raises(GapError) as raised:
        store.apply(chunk(stored(BEA), start=3), empty_ledger)

    assert (raised.value.position, raised.value.first) == (1, 3)
    assert state(store) == before
    assert store.counts() == counts


@pytest.mark.parametrize(
    ("ledger", "error"), [(UnreadableLedger(), LedgerError), (CrashingLedger(), ZeroDivisionError)]
)
def test_a_failure_in_a_chunk_leaves_everything_as_before(
    store: DecidingStore,
    empty_ledger: MemoryLedger,
    ledger: UnreadableLedger | CrashingLedger,
    error: type[Exception],
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    before, counts = state(store), store.counts()

    for failing in (
        chunk(stored(ADA, city="Ribe"), stored(BEA), (None, BROKEN), start=1),
        chunk(stored(BEA), partition=OTHER_TOPIC),
    ):
        with pytest.raises(error):
            store.apply(failing, ledger)

    assert state(store) == before
    assert store.counts() == counts


def test_a_topic_that_failed_at_its_first_chunk_takes_no_epoch(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    with pytest.raises(LedgerError):
        store.apply(chunk(stored(ADA), partition=OTHER_TOPIC), UnreadableLedger())

    store.apply(chunk(stored(ADA)), empty_ledger)

    assert store.profile(ADA) == (profile(ADA), version(0, epoch=1))


def test_a_chunk_that_lost_a_record_is_not_kept(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    with pytest.raises(UnbalancedTallyError):
        store.apply(replace(chunk(stored(ADA)), read=2), empty_ledger)

    assert state(store) == state(MemoryDecidingStore())


def test_an_offset_beyond_a_version_is_not_kept(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    with pytest.raises(VersionRangeError):
        store.apply(chunk(stored(ADA), start=1 << OFFSET_BITS), empty_ledger)

    assert state(store) == state(MemoryDecidingStore())


# --- Epochs --------------------------------------------------------------------------------


def test_a_topic_made_anew_has_higher_versions_than_all_before(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), start=1_000_000), empty_ledger)

    store.apply(chunk(stored(ADA, city="Ribe"), partition=OTHER_TOPIC), empty_ledger)

    assert store.profile(ADA) == (profile(ADA, city="Ribe"), version(0, epoch=2))
    assert store.position(TOPIC) == 1_000_001
    assert store.position(OTHER_TOPIC) == 1


def test_who_moved_to_another_writer_leaves_no_count_behind(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    """Not even counts that add up to none: an e-mail domain can name a person."""
    ada = stored(ADA, email_domain="ada.example")
    store.apply(chunk(ada, stored(BEA)), empty_ledger)
    store.apply(chunk(ada, (BEA, ERASED), partition=OTHER_TOPIC), empty_ledger)
    store.apply(chunk(ada, start=2), empty_ledger)
    assert store.statistics() == Statistics.recount([profile(ADA, email_domain="ada.example")])

    empty_ledger.suppress(ADA)
    store.apply(chunk(start=3), empty_ledger)

    for partition in (TOPIC, OTHER_TOPIC):
        domains = store.transactions.run(lambda unit, p=partition: unit.email_domains(p.writer))  # type: ignore[misc]  # a default
        assert dict(domains) == {}


def test_a_topic_with_more_partitions_has_higher_versions_and_keeps_its_positions(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    wider = TOPIC._replace(partitions=2)

    store.apply(chunk(stored(BEA), start=1, partition=wider), empty_ledger)
    store.apply(chunk(stored(CLEO), partition=wider._replace(number=1)), empty_ledger)

    assert held(store) == {
        ADA: (profile(ADA), version(0)),
        BEA: (profile(BEA), version(1, epoch=2)),
        CLEO: (profile(CLEO), version(0, epoch=2, partition=1)),
    }
    assert store.position(wider) == store.position(TOPIC) == 2
    assert store.sweep(read_on=date(2030, 1, 1), quarantined_before=NOW) == 3
    assert store.statistics() == Statistics()


def test_what_is_read_again_keeps_its_version_where_the_topic_has_grown_since(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    before = (stored(ADA), stored(BEA), (BEA, ERASED))
    wide, wider = TOPIC._replace(partitions=2), TOPIC._replace(partitions=3)
    store.apply(chunk(*before), empty_ledger)
    store.apply(chunk(stored(CLEO), start=3, partition=wide), empty_ledger)
    store.apply(chunk(stored(DAN), partition=wide._replace(number=1)), empty_ledger)
    store.apply(chunk(stored(EVE), start=4, partition=wider), empty_ledger)
    kept = held(store)

    again = store.apply(chunk(*before, stored(CLEO), stored(EVE), partition=wider), empty_ledger)
    beside = store.apply(chunk(stored(DAN), partition=wider._replace(number=1)), empty_ledger)

    assert again.untouched == {
        ADA: version(0),
        BEA: Version.last_revision(version(2)),
        CLEO: version(3, epoch=2),
        EVE: version(4, epoch=3),
    }
    assert again.tally.stored == 3
    assert beside.untouched == {DAN: version(0, epoch=2, partition=1)}
    assert held(store) == kept


def test_a_partition_that_came_with_an_epoch_has_no_record_of_an_earlier_one(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    """Whichever partition it is whose chunk enters the epoch."""
    grown = [LogPartition("a-topic", number, 3) for number in range(3)]
    store.apply(chunk(stored(ADA)), empty_ledger)
    for partition in grown[1:]:
        store.apply(chunk((BEA, MINOR), start=5, partition=partition), empty_ledger)

    read_again = [
        store.apply(chunk((BEA, MINOR), (BEA, MINOR), start=4, partition=partition), empty_ledger)
        for partition in grown[1:]
    ]

    assert [dict(applied.untouched) for applied in read_again] == [
        {BEA: Version.last_revision(version(5, epoch=2, partition=number))} for number in (1, 2)
    ]
    again = store.apply(chunk((BEA, MINOR), start=4, partition=grown[1]), empty_ledger)
    assert again.untouched == {BEA: Version.last_revision(version(4, epoch=2, partition=1))}


def test_who_does_not_know_yet_that_the_topic_has_grown_gets_its_epoch(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    store.apply(chunk(stored(BEA), partition=TOPIC._replace(number=1, partitions=2)), empty_ledger)

    store.apply(chunk(stored(CLEO), start=1), empty_ledger)

    assert store.profile(CLEO) == (profile(CLEO), version(1, epoch=2))


# --- Counts --------------------------------------------------------------------------------


def test_counts_are_the_sum_of_all_tallies(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    empty_ledger.suppress(BEA)
    applied = [
        store.apply(chunk(stored(ADA), stored(BEA), (CLEO, MINOR), (None, BROKEN)), empty_ledger),
        store.apply(chunk((CLEO, EXPIRED), (ADA, ERASED), start=4), empty_ledger),
        store.apply(chunk(stored(CLEO), partition=OTHER_TOPIC), empty_ledger),
    ]

    assert store.counts() == sum((each.tally for each in applied), Tally())
    store.counts().check()


# --- Quarantine ----------------------------------------------------------------------------


def test_quarantine_says_where_and_what_and_nothing_else(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    second = Rejected(RejectionReason.DATE, "results[1].dob.date", "date YYYY-MM-DD")

    store.apply(chunk_of([[stored(BEA)], [(ADA, BROKEN), (None, second)]], start=7), empty_ledger)

    found = store.quarantine()
    assert [(q.partition, q.offset, q.ordinal, q.logged_at, q.rejected) for q in found] == [
        (TOPIC, 8, 0, NOW, BROKEN),
        (TOPIC, 8, 1, NOW, second),
    ]
    assert ADA not in repr(found)


def test_quarantine_is_listed_oldest_first(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    for minutes, partition in ((2, TOPIC), (1, OTHER_TOPIC)):
        at = NOW + timedelta(minutes=minutes)
        store.apply(chunk((None, BROKEN), partition=partition, at=at), empty_ledger)

    assert [found.partition for found in store.quarantine()] == [OTHER_TOPIC, TOPIC]


def test_quarantine_is_deleted_after_its_time(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    instant = timedelta(microseconds=1)
    east = timezone(timedelta(hours=9))
    for offset, at in enumerate((WEEK_BEFORE - instant, WEEK_BEFORE.astimezone(east), NOW)):
        store.apply(chunk((None, BROKEN), start=offset, at=at), empty_ledger)

    deleted = store.sweep(read_on=NOW.date(), quarantined_before=WEEK_BEFORE)

    assert deleted == 0
    assert [found.offset for found in store.quarantine()] == [1, 2]


# --- Retention -----------------------------------------------------------------------------


def test_what_expires_today_is_swept_with_its_counts(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    today, tomorrow = NOW.date(), NOW.date() + timedelta(days=1)
    kept = profile(BEA, expires_at=tomorrow)
    store.apply(
        chunk(stored(ADA, expires_at=today, email_domain="gone.example"), (BEA, kept)), empty_ledger
    )
    store.apply(
        chunk(stored(CLEO, expires_at=date(2020, 1, 1)), partition=OTHER_TOPIC), empty_ledger
    )

    assert store.sweep(read_on=today, quarantined_before=WEEK_BEFORE) == 2

    assert held(store) == {BEA: (kept, version(1))}
    assert store.statistics() == Statistics.recount([kept])
    assert store.sweep(read_on=today, quarantined_before=WEEK_BEFORE) == 0


def test_a_replay_does_not_bring_back_what_was_swept(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), empty_ledger)
    store.sweep(read_on=date(2028, 1, 1), quarantined_before=WEEK_BEFORE)

    store.apply(chunk(stored(ADA)), empty_ledger)

    assert held(store) == {}


# --- Arrivals ------------------------------------------------------------------------------


def test_arrivals_count_the_newly_held_by_minute_of_log_time(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    west = timezone(timedelta(hours=-5))
    store.apply(chunk(stored(ADA), stored(BEA), (None, BROKEN)), empty_ledger)
    at = (NOW + timedelta(minutes=1)).astimezone(west)
    store.apply(chunk(stored(ADA), stored(CLEO), (CLEO, BROKEN), start=3, at=at), empty_ledger)
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)

    assert store.arrivals() == {
        NOW.replace(second=0): 2,
        NOW.replace(minute=1, second=0): 1,
    }
    assert all(minute.utcoffset() == timedelta(0) for minute in store.arrivals())


def test_arrivals_are_kept_for_24_hours_of_log_time(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    for offset, (person, hours) in enumerate([(ADA, 0), (BEA, 1), (CLEO, 24)]):
        at = NOW + timedelta(hours=hours)
        store.apply(chunk(stored(person), start=offset, at=at), empty_ledger)

    minutes = [NOW.replace(second=0) + timedelta(hours=hours) for hours in (1, 24)]
    assert store.arrivals() == dict.fromkeys(minutes, 1)


# --- Overview ------------------------------------------------------------------------------


def test_an_overview_tells_statistics_arrivals_and_counts(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    nobody = store.overview()
    store.apply(
        chunk(stored(ADA, birth_month="1899-12"), (BEA, MINOR), (None, BROKEN)), empty_ledger
    )
    store.apply(chunk(stored(CLEO, nationality=None), partition=OTHER_TOPIC), empty_ledger)

    overview = store.overview()

    assert (nobody.statistics, nobody.arrivals, nobody.counts) == (Statistics(), {}, Tally())
    assert overview.statistics == store.statistics()
    assert overview.cohorts[Cohort("DK", "female", "1899")] == [0] * 11 + [1]
    assert overview.arrivals == store.arrivals() == {NOW.replace(second=0): 2}
    assert overview.counts == store.counts()


# --- Whole histories -----------------------------------------------------------------------


def run(steps: list[Step], store: DecidingStore, *, cut: bool = False) -> None:
    """Let a store live through a history; check what holds after every step."""
    ledger = MemoryLedger()
    for step in chunks_of(steps):
        if isinstance(step, Enter):
            getattr(ledger, step.action)(step.person)
        elif isinstance(step, Sweep):
            read_on = NOW.date() + timedelta(days=step.days)
            store.sweep(read_on=read_on, quarantined_before=NOW)
        else:
            for part in split(step) if cut else [step]:
                tally = store.apply(part, ledger).tally
                tally.check()
                assert tally.read == part.read
        recount = Statistics.recount(p for p, _ in store.profiles())
        assert store.statistics() == store.overview().statistics == recount
        assert all(p.expires_at > NOW.date() for p, _ in store.profiles())
    counts = store.counts()
    counts.check()


@given(steps=histories)
def test_statistics_equal_a_recount_after_any_history(
    new_store: NewStore, steps: list[Step]
) -> None:
    with new_store() as store:
        run(steps, store)


@given(steps=histories)
def test_every_store_ends_as_the_one_in_memory(new_store: NewStore, steps: list[Step]) -> None:
    with new_store() as store:
        in_memory = MemoryDecidingStore()
        run(steps, in_memory)
        run(steps, store)

        assert state(store) == state(in_memory)
        assert store.counts() == in_memory.counts()


@given(steps=histories)
def test_how_the_log_is_cut_into_chunks_changes_neither_state_nor_sums(
    new_store: NewStore, steps: list[Step]
) -> None:
    with new_store() as store:
        whole = MemoryDecidingStore()
        run(steps, whole)
        run(steps, store, cut=True)

        left, right = (
            (
                list(s.profiles()),
                corrections(s),
                s.statistics(),
                list(s.quarantine()),
                summed(s.counts()),
            )
            for s in (store, whole)
        )
        assert left == right


def summed(tally: Tally) -> Tally:
    """Add up what may divide in different ways."""
    return replace(tally, stored=tally.stored + tally.superseded, superseded=0)


# --- Corrections ---------------------------------------------------------------------------


def test_what_was_corrected_stays_so_until_it_is_released(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    city: dict[str, CorrectedValue] = {"city": "تهران"}
    of_birth: dict[str, CorrectedValue] = {"birth_month": "1990-02", "age": 36, "as_of": NOW.date()}
    store.apply(chunk(stored(ADA), stored(BEA)), empty_ledger)

    done = store.apply(chunk(correcting(ADA, **city, **of_birth), start=2), empty_ledger)

    assert done.tally == Tally(read=1, stored=1)
    held = profile(ADA, city="تهران", birth_month="1990-02", age=36)
    assert done.stored == {ADA: (held, version(2))}
    assert store.profile(ADA) == (held, version(2))
    assert corrections(store) == {ADA: Corrections(fields={**city, **of_birth})}

    store.apply(chunk(stored(ADA, title="Dr"), start=3), empty_ledger)
    assert store.profile(ADA) == (held._replace(title="Dr"), version(3))
    assert corrections(store) == {ADA: Corrections(fields={**city, **of_birth})}

    store.apply(chunk(correcting(ADA, "city", "birth_date"), start=4), empty_ledger)
    assert store.profile(ADA) == (held._replace(title="Dr"), version(4))
    assert corrections(store) == {}

    store.apply(chunk(stored(ADA), start=5), empty_ledger)
    assert store.profile(ADA) == (profile(ADA), version(5))
    assert store.statistics() == Statistics.recount(one for one, _ in store.profiles())


@pytest.mark.parametrize("gone", [MINOR, EXPIRED, ERASED], ids=["minor", "expired", "erased"])
def test_corrections_go_with_the_profile(
    store: DecidingStore, empty_ledger: MemoryLedger, gone: Withheld | Erased
) -> None:
    store.apply(chunk(stored(ADA), correcting(ADA, city="Ribe")), empty_ledger)

    store.apply(chunk((ADA, gone), start=2), empty_ledger)
    assert corrections(store) == {}

    store.apply(chunk(stored(ADA), start=3), empty_ledger)
    assert store.profile(ADA) == (profile(ADA), version(3))


def test_corrections_go_with_who_is_erased_or_swept(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    for start, person in enumerate((ADA, BEA)):
        about = correcting(person, city="Ribe")
        store.apply(chunk(stored(person), about, start=2 * start), empty_ledger)
    empty_ledger.suppress(ADA)
    store.apply_ledger(empty_ledger)
    assert set(corrections(store)) == {BEA}

    store.sweep(read_on=profile().expires_at, quarantined_before=NOW)
    assert corrections(store) == {}


def test_a_replayed_correction_changes_nothing(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    all_of_it = chunk(stored(ADA), correcting(ADA, city="Ribe"), stored(ADA, title="Dr"))
    store.apply(all_of_it, empty_ledger)
    before = state(store)

    replayed = store.apply(all_of_it, empty_ledger)

    assert replayed.tally == Tally(read=3, stored=1, superseded=2)
    assert state(store) == before


# --- Chunks of several partitions together --------------------------------------------------


def test_chunks_of_several_partitions_are_applied_together(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(CLEO), stored(DAN), partition=side(0)), empty_ledger)
    moved = profile(CLEO, city="Ribe", email_domain="example.org")

    applied = store.apply_together(
        [
            chunk(stored(ADA), (DAN, MINOR), start=2, partition=side(0)),
            chunk((CLEO, moved), (None, BROKEN), partition=side(1)),
            chunk(stored(BEA, nationality="FR"), partition=side(2)),
        ],
        empty_ledger,
        followed=True,
    )

    assert held(store) == {
        ADA: (profile(ADA), version(2)),
        BEA: (profile(BEA, nationality="FR"), version(0, partition=2)),
        CLEO: (moved, version(0, partition=1)),
    }
    assert applied.stored == held(store)
    assert applied.deleted == {DAN: version(3)}
    assert applied.owed == 1
    assert applied.tally == Tally(
        read=5, stored=3, withheld=1, rejected=1, reasons={"minor": 1, "type": 1}
    )
    assert store.counts() == applied.tally + Tally(read=2, stored=2)
    assert store.statistics() == Statistics.recount(pair[0] for pair in held(store).values())
    assert [store.position(side(number)) for number in range(3)] == [4, 2, 1]
    assert [place.partition.number for place in store.quarantine()] == [1]
    assert sum(store.arrivals().values()) == 4


def test_of_a_person_in_two_chunks_the_later_one_counts(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    """So it is where a topic has got more partitions, or foreign producers write to it."""
    applied = store.apply_together(
        [
            chunk(stored(ADA), stored(BEA), partition=side(0)),
            chunk(stored(ADA, city="Ribe"), (BEA, ERASED), partition=side(1)),
        ],
        empty_ledger,
    )

    assert held(store) == {ADA: (profile(ADA, city="Ribe"), version(0, partition=1))}
    assert applied.stored == held(store)
    assert applied.deleted == {BEA: version(1, partition=1)}
    assert store.statistics() == Statistics.recount([profile(ADA)])


def test_chunks_that_know_the_topic_with_other_partitions_are_applied_in_turn(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply_together(
        [
            chunk(stored(ADA), partition=side(0, partitions=1)),
            chunk(stored(BEA), partition=side(1, partitions=2)),
        ],
        empty_ledger,
    )

    assert held(store) == {
        ADA: (profile(ADA), version(0)),
        BEA: (profile(BEA), version(0, epoch=2, partition=1)),
    }


def test_two_chunks_of_one_partition_are_applied_in_turn(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply_together([chunk(stored(ADA)), chunk(stored(BEA), start=1)], empty_ledger)

    assert held(store) == {ADA: (profile(ADA), version(0)), BEA: (profile(BEA), version(1))}


def test_chunks_applied_together_again_change_nothing(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    parts = [
        chunk(stored(ADA), (None, BROKEN), partition=side(0)),
        chunk(stored(BEA), partition=side(1)),
    ]
    store.apply_together(parts, empty_ledger)
    before = state(store)

    again = store.apply_together(parts, empty_ledger)

    assert state(store) == before
    assert again.tally == Tally(read=3, stored=2, superseded=1)
    assert again.untouched == {ADA: version(0), BEA: version(0, partition=1)}


def test_of_chunks_together_none_is_written_if_one_begins_beyond_its_position(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(partition=side(1), start=0), empty_ledger)
    before = state(store)

    with pytest.raises(GapError):
        store.apply_together(
            [
                chunk(stored(ADA), partition=side(0)),
                chunk(stored(BEA), start=7, partition=side(1)),
            ],
            empty_ledger,
        )

    assert state(store) == before


def test_who_is_suppressed_or_restricted_is_so_in_chunks_together(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(BEA), stored(CLEO), partition=side(0)), empty_ledger)
    empty_ledger.suppress(BEA)
    empty_ledger.restrict(CLEO)

    applied = store.apply_together(
        [
            chunk(stored(ADA), start=2, partition=side(0)),
            chunk(stored(BEA), stored(CLEO), partition=side(1)),
        ],
        empty_ledger,
        followed=True,
    )

    assert held(store) == {ADA: (profile(ADA), version(2))}
    assert applied.restricted == {CLEO}
    assert applied.tally == Tally(read=3, stored=1, suppressed=1, restricted=1)


def test_corrections_are_made_in_chunks_together(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), partition=side(0)), empty_ledger)

    store.apply_together(
        [
            chunk(correcting(ADA, city="Ribe"), start=1, partition=side(0)),
            chunk(stored(BEA), partition=side(1)),
        ],
        empty_ledger,
    )

    assert {person: pair[0].city for person, pair in held(store).items()} == {
        ADA: "Ribe",
        BEA: profile(BEA).city,
    }


# --- Threads -------------------------------------------------------------------------------


def test_several_threads_read_while_one_writes(
    store: DecidingStore, empty_ledger: MemoryLedger
) -> None:
    persons = [profile()._replace(id=type(ADA)(f"{n:036}")) for n in range(200)]

    def write() -> None:
        for start in range(0, 200, 10):
            batch = [(made.id, made) for made in persons[start : start + 10]]
            store.apply(chunk(*batch, start=start), empty_ledger)

    with ThreadPoolExecutor(5) as pool:
        writing = pool.submit(write)

        def read() -> None:
            while not writing.done():
                seen = store.statistics()
                assert seen.total % 10 == 0
                assert sum(seen.email_domains.values()) == seen.total
                assert store.counts().read % 10 == 0
                overview = store.overview()
                arrived, read = sum(overview.arrivals.values()), overview.counts.read
                assert overview.statistics.total == arrived == read
                assert arrived % 10 == 0
                assert store.position(TOPIC) in {None, *range(10, 201, 10)}

        readers = [pool.submit(read) for _ in range(4)]
        writing.result()
        for reader in readers:
            reader.result()

    assert store.statistics().total == 200
