"""What every log of the embedded engine promises (see the port `Log`)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLog
from profiles.adapters.sqlite import SqliteLog
from profiles.application.errors import GapError, LogError
from profiles.application.log.records import LogRecord, Notice
from profiles.application.ports.logs import Appended, Log
from profiles.application.ports.sources import Fingerprint
from profiles.application.quarantine import embedded_log
from profiles.application.quarantine.embedded_log import EmbeddedLogReader
from profiles.domain.decision_dates import TOLERANCE
from profiles.domain.outcome import Rejected, RejectionReason, WithheldReason
from profiles.domain.person import Birth, Login, Name, Person, PersonId
from tests.contracts.conftest import NewLog
from tests.support.histories import ADA, BEA, CLEO, DAN, NOW

SOURCE = "jsonl:/persons.jsonl"
SILENCE = Notice()
NOTICE = Notice(
    withheld={WithheldReason.MINOR: 3, WithheldReason.RETENTION: 1},
    rejected=[
        Rejected(RejectionReason.JSON, "", "JSON in UTF-8 of reasonable depth"),
        Rejected(RejectionReason.TYPE, "results[2].name.first", "text or null"),
    ],
    places=["line 1", None],
    more={RejectionReason.TYPE: 7},
)


def person(identity: PersonId = ADA) -> Person:
    return Person(
        login=Login(uuid=identity, username="آدا"),
        dob=Birth(date="1985-03-14"),
        name=Name(first="Ada", last="O'Brien"),
        schema=1,
    )


def put(  # noqa: PLR0913 - what `append` takes, with what most tests want
    log: Log,
    *persons: PersonId,
    notice: Notice = SILENCE,
    at: datetime = NOW,
    source: str = SOURCE,
    expected: int = 0,
    position: int | None = None,
    fingerprint: Fingerprint | None = None,
) -> Appended:
    return log.append(
        [person(each) for each in persons],
        notice,
        logged_at=at,
        source=source,
        expected=expected,
        position=position,
        fingerprint=fingerprint,
    )


def keys(records: object) -> list[bytes | None]:
    assert isinstance(records, list)
    return [record.key for record in records]


def test_an_empty_log_has_nothing_to_read(log: Log) -> None:
    assert log.bounds() == (0, 0)
    assert list(log.read(0, limit=10)) == []
    assert log.source_position(SOURCE) == 0
    assert log.purge(before=NOW) == 0


def test_every_log_has_a_name_of_its_own_and_one_partition(new_log: NewLog) -> None:
    with new_log() as first, new_log() as second:
        assert first.partition.topic_id != second.partition.topic_id
        assert first.partition == first.partition
        assert (first.partition.number, first.partition.partitions) == (0, 1)


def test_records_come_back_in_order_with_key_value_and_time(log: Log) -> None:
    put(log, ADA, BEA)
    put(log, CLEO, at=NOW + timedelta(seconds=5))

    found = log.read(0, limit=10)

    assert list(found) == [
        LogRecord(offset=offset, logged_at=at, key=each.encode(), value=codec.encode(person(each)))
        for offset, (each, at) in enumerate(
            [(ADA, NOW), (BEA, NOW), (CLEO, NOW + timedelta(seconds=5))]
        )
    ]
    assert log.bounds() == (0, 3)


def test_what_was_kept_out_follows_as_one_record_without_a_key(log: Log) -> None:
    put(log, ADA, notice=NOTICE)
    put(log, notice=NOTICE)

    found = log.read(0, limit=10)

    assert [record.offset for record in found] == [0, 1, 2]
    assert keys(found) == [ADA.encode(), None, None]
    assert found[1].value == found[2].value == NOTICE


def test_an_append_tells_where_its_records_begin(log: Log) -> None:
    assert put(log, ADA, BEA) == (0, NOW)
    assert put(log, CLEO, notice=NOTICE) == (2, NOW)
    assert put(log) == put(log, ADA) == (4, NOW)


def test_an_append_of_nothing_makes_no_record(log: Log) -> None:
    put(log, position=70)

    assert log.bounds() == (0, 0)
    assert log.source_position(SOURCE) == 70


@pytest.mark.parametrize(
    ("start", "limit", "offsets"),
    [(0, 2, [0, 1]), (1, 2, [1, 2]), (2, 9, [2, 3]), (4, 9, []), (0, 9, [0, 1, 2, 3])],
)
def test_reading_begins_at_an_offset_and_ends_at_a_limit(
    log: Log, start: int, limit: int, offsets: list[int]
) -> None:
    put(log, ADA, BEA, CLEO, ADA)

    assert [record.offset for record in log.read(start, limit=limit)] == offsets


@given(
    microseconds=st.integers(0, 200 * 365 * 86_400 * 1_000_000),
    hours=st.integers(-12, 14),
)
def test_times_come_back_to_the_microsecond_in_utc(microseconds: int, hours: int) -> None:
    """Only SQLite's log keeps times in another form."""
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    at = moment.astimezone(timezone(timedelta(hours=hours)))
    with closing(SqliteLog.open(Path(":memory:"), encode=codec.encode)) as log:
        put(log, ADA, at=at)

        (found,) = log.read(0, limit=1)

    assert found.logged_at == at
    assert found.logged_at.tzinfo is UTC


# --- Where a source goes on ----------------------------------------------------------------


def test_a_sources_position_moves_with_what_it_delivered(log: Log) -> None:
    put(log, ADA, position=100)
    put(log, BEA, source="another", position=7)
    put(log, CLEO, expected=100, position=250)

    assert log.source_position(SOURCE) == 250
    assert log.source_position("another") == 7


def test_a_source_that_cannot_go_on_has_no_position(log: Log) -> None:
    put(log, ADA, expected=0, position=None)
    put(log, BEA, expected=0, position=None)

    assert log.source_position(SOURCE) == 0
    assert log.bounds() == (0, 2)


def test_of_two_readers_of_one_source_the_second_is_refused(log: Log) -> None:
    put(log, ADA, position=100)

    with pytest.raises(LogError, match="source"):
        put(log, ADA, BEA, notice=NOTICE, expected=0, position=100)

    assert log.bounds() == (0, 1)
    assert log.source_position(SOURCE) == 100


def test_a_source_read_to_its_end_starts_over(log: Log) -> None:
    put(log, ADA, position=100)

    log.finish(SOURCE)
    log.finish("never seen")

    assert log.source_position(SOURCE) == 0
    put(log, BEA, expected=0, position=50)
    assert log.source_position(SOURCE) == 50


def test_a_record_is_appended_beside_whoever_claims_the_log(log: Log) -> None:
    put(log, BEA, at=NOW + timedelta(seconds=5))

    with log.claim():
        appended = log.append_record(ADA, b'{"a": 1}', logged_at=NOW)

    assert appended == Appended(1, NOW + timedelta(seconds=5))
    assert log.bounds() == (0, 2)
    (record,) = log.records_of(ADA)
    assert (record.offset, record.logged_at, record.value) == (1, appended.logged_at, b'{"a": 1}')
    assert log.append_record(ADA, b"{}", logged_at=NOW + timedelta(hours=1)).first == 2
    assert log.forget([ADA]) == 2


def test_an_empty_log_takes_a_record(log: Log) -> None:
    assert log.append_record(ADA, b"{}", logged_at=NOW) == Appended(0, NOW)


def test_one_at_a_time_works_with_a_log(new_log: NewLog) -> None:
    with new_log() as log, new_log() as another:
        with log.claim():
            with pytest.raises(LogError, match="works with it"), log.claim():
                pytest.fail("It has the claim.")
            with another.claim():
                pass

        with log.claim():
            pass


FINGERPRINT = Fingerprint(b"key and digest", "4:5:6")


def test_a_fingerprint_is_kept_with_a_sources_position(log: Log) -> None:
    assert log.fingerprint(SOURCE) is None

    put(log, ADA, position=100, fingerprint=FINGERPRINT)
    assert log.fingerprint(SOURCE) == FINGERPRINT
    put(log, source="another", position=7)
    assert log.fingerprint("another") is None

    put(log, expected=100, position=120, fingerprint=FINGERPRINT._replace(state="7:8:9"))
    assert log.fingerprint(SOURCE) == (b"key and digest", "7:8:9")
    log.finish(SOURCE)
    assert log.fingerprint(SOURCE) is None


def test_a_digest_of_content_goes_with_the_records_that_it_was_made_of(log: Log) -> None:
    put(log, ADA, position=100, fingerprint=FINGERPRINT)
    put(log, BEA, source="later", position=9, fingerprint=FINGERPRINT, at=NOW + timedelta(hours=1))

    log.purge(before=NOW)
    assert log.fingerprint(SOURCE) == FINGERPRINT
    log.purge(before=NOW + timedelta(hours=1))

    assert log.fingerprint(SOURCE) == (None, "4:5:6")
    assert log.fingerprint("later") == FINGERPRINT
    assert log.source_position(SOURCE) == 100


# --- Retention -----------------------------------------------------------------------------


def test_records_before_a_time_are_purged_and_offsets_continue(log: Log) -> None:
    for minutes, each in enumerate((ADA, BEA, CLEO)):
        put(log, each, at=NOW + timedelta(minutes=minutes))

    assert log.purge(before=NOW + timedelta(minutes=2)) == 2

    assert log.bounds() == (2, 3)
    assert keys(log.read(2, limit=9)) == [CLEO.encode()]
    assert log.purge(before=NOW + timedelta(days=1)) == 1
    assert log.bounds() == (3, 3)
    put(log, ADA)
    assert [record.offset for record in log.read(3, limit=9)] == [3]


def test_only_a_beginning_is_purged_when_a_clock_was_set_back(log: Log) -> None:
    for hours, each in ((0, ADA), (5, BEA), (1, CLEO), (6, ADA)):
        put(log, each, at=NOW + timedelta(hours=hours))

    assert log.purge(before=NOW + timedelta(hours=2)) == 1

    assert [record.offset for record in log.read(1, limit=9)] == [1, 2, 3]


def test_reading_what_was_purged_is_a_gap(log: Log) -> None:
    put(log, ADA, BEA)
    put(log, CLEO, at=NOW + timedelta(days=1))
    log.purge(before=NOW + timedelta(hours=1))

    with pytest.raises(GapError) as raised:
        log.read(1, limit=9)

    assert (raised.value.position, raised.value.first) == (1, 2)


def test_reading_from_a_log_purged_to_its_end_is_a_gap(log: Log) -> None:
    put(log, ADA, BEA)
    log.purge(before=NOW + timedelta(days=1))

    with pytest.raises(GapError):
        log.read(1, limit=9)
    assert list(log.read(2, limit=9)) == []


def test_reading_beyond_the_end_means_that_the_log_is_an_older_copy(log: Log) -> None:
    put(log, ADA)

    with pytest.raises(LogError, match="ends at offset 1"):
        log.read(2, limit=9)


# --- Times that went back ------------------------------------------------------------------

HOUR = timedelta(hours=1)
DECADE = timedelta(days=3_653)


def times(log: Log) -> list[datetime]:
    return [record.logged_at for record in log.read(log.bounds()[0], limit=999)]


def test_time_in_a_log_never_goes_back(log: Log) -> None:
    put(log, ADA, at=NOW)

    assert put(log, BEA, at=NOW - HOUR) == (1, NOW)

    assert times(log) == [NOW, NOW]
    assert put(log, CLEO, at=NOW + HOUR) == (2, NOW + HOUR)


def test_records_from_the_future_get_the_present_time(log: Log) -> None:
    put(log, ADA, at=NOW)
    put(log, BEA, CLEO, notice=NOTICE, at=NOW + DECADE)

    assert log.correct_times(now=NOW + HOUR) == 3
    assert log.correct_times(now=NOW + HOUR) == 0

    assert times(log) == [NOW, *[NOW + HOUR] * 3]
    assert put(log, ADA, at=NOW + 2 * HOUR) == (4, NOW + 2 * HOUR)
    assert log.read(3, limit=1)[0].value == NOTICE


def test_clocks_may_differ_by_a_little(log: Log) -> None:
    put(log, ADA, at=NOW + TOLERANCE)
    put(log, BEA, at=NOW + DECADE)

    assert log.correct_times(now=NOW) == 1

    assert times(log) == [NOW + TOLERANCE] * 2


def test_a_digest_from_the_future_goes_with_its_records(log: Log) -> None:
    put(log, at=NOW + DECADE, position=100, fingerprint=FINGERPRINT)

    assert log.correct_times(now=NOW) == 0
    log.purge(before=NOW + HOUR)

    assert log.fingerprint(SOURCE) == (None, "4:5:6")


@given(
    appends=st.lists(st.integers(-20, 20).map(lambda hours: NOW + hours * HOUR), max_size=12),
    corrected=st.lists(st.integers(-20, 20).map(lambda hours: NOW + hours * HOUR), max_size=4),
)
def test_times_rise_whatever_the_clock_did(
    appends: list[datetime], corrected: list[datetime]
) -> None:
    logs: list[Log] = [MemoryLog("a-topic", encode=codec.encode)]
    with closing(SqliteLog.open(Path(":memory:"), encode=codec.encode)) as in_file:
        logs.append(in_file)
        for log in logs:
            for number, at in enumerate(appends):
                put(log, ADA, at=at)
                for now in corrected[number : number + 1]:
                    log.correct_times(now=now)
                    assert times(log)[-1] <= now + TOLERANCE
            assert times(log) == sorted(times(log))
        assert times(logs[0]) == times(logs[1])


# --- One person ----------------------------------------------------------------------------


def test_the_records_of_a_person_are_found(log: Log) -> None:
    put(log, ADA, BEA, notice=NOTICE)
    put(log, ADA)

    assert [record.offset for record in log.records_of(ADA)] == [0, 3]
    assert list(log.records_of(CLEO)) == []


def test_records_with_a_content_are_counted_for_all_at_once(log: Log) -> None:
    put(log, ADA, BEA, CLEO, ADA)
    log.forget([BEA])

    assert log.counts_of([ADA, BEA, DAN, ADA]) == {ADA: 2}
    assert log.counts_of([]) == {}


def test_emptied_records_are_records_of_a_person_as_well(log: Log) -> None:
    put(log, ADA, BEA)
    log.forget([BEA])

    assert log.has_records_of([BEA])
    assert log.has_records_of([DAN, ADA])
    assert not log.has_records_of([DAN])
    assert not log.has_records_of([])


def test_a_person_is_forgotten_and_every_place_stays(log: Log) -> None:
    put(log, ADA, BEA, ADA)

    assert log.forget([ADA]) == 2

    assert log.bounds() == (0, 3)
    assert [record.value is None for record in log.read(0, limit=10)] == [True, False, True]
    assert keys(list(log.records_of(ADA))) == [ADA.encode()] * 2
    assert log.forget([ADA]) == 0
    assert log.forget([CLEO]) == 0


def test_several_persons_are_forgotten_at_once_and_nobody_else(log: Log) -> None:
    put(log, ADA, BEA, CLEO, ADA)

    assert log.forget([ADA, CLEO, ADA]) == 3

    assert [record.value is None for record in log.read(0, limit=10)] == [True, False, True, True]
    assert log.forget([]) == 0


def test_a_record_shows_no_value(log: Log) -> None:
    put(log, ADA)

    shown = repr(log.read(0, limit=1))

    assert ADA not in shown
    assert "Brien" not in shown


# --- The SQLite file -----------------------------------------------------------------------


def test_a_log_opened_again_is_the_same_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path, encode=codec.encode)) as log:
        partition = log.partition
        put(log, ADA, notice=NOTICE, position=9)

    with closing(SqliteLog.open(path, encode=codec.encode)) as log:
        assert log.partition == partition
        assert log.bounds() == (0, 2)
        assert log.source_position(SOURCE) == 9
        assert log.read(1, limit=1)[0].value == NOTICE


@pytest.mark.parametrize("write", ["INSERT ON records", "INSERT ON sources", "UPDATE ON topic"])
def test_an_append_that_fails_leaves_nothing(tmp_path: Path, write: str) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path, encode=codec.encode)) as log:
        put(log, ADA, position=10)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                f"CREATE TRIGGER failing BEFORE {write} BEGIN SELECT RAISE(ABORT, 'O''Brien'); END"
            )

        with pytest.raises(LogError) as raised:
            put(log, BEA, CLEO, notice=NOTICE, expected=10, position=20)

        assert "Brien" not in str(raised.value)
        assert log.bounds() == (0, 1)
        assert log.source_position(SOURCE) == 10


def test_no_byte_of_a_purged_person_is_left_beside_the_open_log(tmp_path: Path) -> None:
    with closing(SqliteLog.open(tmp_path / "log.sqlite", encode=codec.encode)) as log:
        put(log, ADA)

        log.purge(before=NOW + timedelta(days=1))

        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"O'Brien" not in content
        assert ADA.encode() not in content


def test_no_byte_of_a_forgotten_person_is_left_beside_the_open_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path, encode=codec.encode)) as log:
        put(log, ADA)
        log.forget([ADA])

        files = [file for file in tmp_path.iterdir() if not file.name.endswith("-shm")]
        assert not any(b"O'Brien" in file.read_bytes() for file in files)


def test_deletions_come_after_the_persons_and_before_the_notice(log: Log) -> None:
    first, _ = log.append(
        [person(ADA)],
        NOTICE,
        logged_at=NOW,
        source=SOURCE,
        expected=0,
        position=None,
        deleted=[BEA, CLEO],
    )

    records = log.read(first, limit=10)
    assert [(record.offset - first, record.key) for record in records] == [
        (0, ADA.encode()),
        (1, BEA.encode()),
        (2, CLEO.encode()),
        (3, None),
    ]
    assert [records[1].value, records[2].value, records[3].value] == [None, None, NOTICE]
    assert log.bounds()[1] == first + 4


def test_any_part_of_it_can_be_read_by_position(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_log, "_READ_AT_ONCE", 2)
    put(log, ADA, BEA, CLEO, ADA, BEA)
    reader = EmbeddedLogReader(log)
    (partition,) = reader.partitions()

    assert (partition, reader.bounds(partition)) == (log.partition, log.bounds())
    assert [r.offset for r in reader.records(partition, 0, 5)] == [0, 1, 2, 3, 4]
    assert [r.offset for r in reader.records(partition, 1, 4)] == [1, 2, 3]
    assert [r.offset for r in reader.records(partition, 4, 9)] == [4]
    assert list(reader.records(partition, 5, 5)) == []
