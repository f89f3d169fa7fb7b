"""The embedded engine, on adapters in memory: order, crashes, stops, and the clean-up."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryLedger,
    MemoryLog,
    MemoryMetrics,
)
from profiles.application.errors import GapError, LedgerError, LogError, SourceError, StoreError
from profiles.application.ingest import embedded, erasing
from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.log import messages
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogRecord
from profiles.application.ports.logs import Appended
from profiles.application.ports.sources import Delivery, Fingerprint
from profiles.domain.correcting import correction_of
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.outcome import Rejected
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.tally import Tally
from tests.support.patience import PATIENCE_S

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = PersonId("0a0a0a0a-0000-4000-8000-00000000a001")
BEA = PersonId("0b0b0b0b-0000-4000-8000-00000000b002")
CLEO = PersonId("0c0c0c0c-0000-4000-8000-00000000c003")

BROKEN = b'{"login":'


def person(identity: PersonId, *, born: str = "1985-03-14", city: str = "Ribe") -> bytes:
    return json.dumps(
        {"login": {"uuid": identity}, "dob": {"date": born}, "location": {"city": city}}
    ).encode()


def minor(identity: PersonId) -> bytes:
    return person(identity, born="2015-03-14")


def fingerprint_at(position: int) -> Fingerprint:
    return Fingerprint(b"what is before it", f"state {position}")


@dataclass
class ListedSource:
    """A source of listed deliveries; it counts them as its position, or has none."""

    listed: Sequence[Sequence[bytes]]
    resumable: bool = True
    error: Exception | None = None
    name: str = "a list"
    started_at: list[int] = field(default_factory=list)
    fingerprints: list[Fingerprint | None] = field(default_factory=list)

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        self.started_at.append(start)
        self.fingerprints.append(fingerprint)
        for number, values in enumerate(self.listed[start:], start + 1):
            if self.resumable:
                yield Delivery(values=values, position=number, fingerprint=fingerprint_at(number))
            else:
                yield Delivery(values=values)
        if self.error is not None:
            raise self.error


class Failing:
    """Passes everything on to an adapter, but for one method that fails once, after or before."""

    def __init__(self, adapter: object, method: str, *, done: bool, after: int = 0) -> None:
        self._adapter, self._method, self._done, self._calls = adapter, method, done, after

    def __getattr__(self, name: str) -> object:
        found = getattr(self._adapter, name)
        if name != self._method:
            return found

        def call(*args: object, **kwargs: object) -> object:
            self._calls -= 1
            if self._calls >= 0:
                return found(*args, **kwargs)
            if self._done:
                found(*args, **kwargs)
            self._method = ""
            raise StoreError("It", "broke", "Run the same command again.")

        return call


@dataclass
class Bench:
    """An engine's parts, which outlive the engine as files do."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog("a-topic", encode=codec.encode))
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: datetime = NOW
    as_of: date | None = None
    told: list[Tally] = field(default_factory=list)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)

    def engine(self, **parts: object) -> EmbeddedEngine:
        rules = Rules(policy=PrivacyPolicy(), decode=messages.decode, as_of=self.as_of)
        known = {"log": self.log, "store": self.store, "ledger": self.ledger}
        return EmbeddedEngine(
            **(known | parts),  # type: ignore[arg-type]  # some pass through `Failing`
            rules=rules,
            clock=lambda: self.now,
            progress=self.told.append,
            metrics=self.metrics,
        )

    def cities(self) -> dict[PersonId, str | None]:
        return {profile.id: profile.city for profile, _ in self.store.profiles()}

    def state(self) -> dict[str, object]:
        return {
            "profiles": list(self.store.profiles()),
            "statistics": self.store.statistics(),
            "counts": self.store.counts(),
            "quarantine": list(self.store.quarantine()),
            "position": self.store.position(self.log.partition),
            "log": self.log.bounds(),
        }


@pytest.fixture
def bench() -> Bench:
    return Bench()


DELIVERIES = [
    [person(ADA), minor(CLEO), BROKEN],
    [person(BEA), person(ADA, city="Odense")],
    [minor(BEA), person(CLEO)],
]


def test_persons_go_through_the_log_into_the_store(bench: Bench) -> None:
    engine = bench.engine()

    assert engine.run(ListedSource(DELIVERIES)) is True

    assert bench.cities() == {ADA: "Odense", BEA: "Ribe", CLEO: "Ribe"}
    assert engine.tally == bench.store.counts() == sum(bench.told, Tally())
    assert engine.tally == Tally(
        read=7, stored=4, withheld=2, rejected=1, reasons={"minor": 2, "json": 1}
    )
    assert bench.store.position(bench.log.partition) == bench.log.bounds()[1] == 6


def test_the_log_holds_minimised_adults_and_no_trace_of_others(bench: Bench) -> None:
    bench.engine().run(ListedSource(DELIVERIES))

    records = bench.log.read(0, limit=99)
    content = b"".join(record.value for record in records if isinstance(record.value, bytes))
    assert b"2015-03-14" not in content
    assert [record.key for record in records if record.key] == [
        each.encode() for each in (ADA, BEA, ADA, CLEO)
    ]
    assert len(bench.log.records_of(BEA)) == 1


def test_a_source_of_something_else_is_told_of_at_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    told_before: list[str] = []

    def deliveries() -> Iterator[list[bytes]]:
        yield [BROKEN, b"5", person(ADA)]
        told_before.extend(caplog.messages)
        yield [BROKEN]

    class Source(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            assert (start, fingerprint) == (0, None)
            return (Delivery(values=values) for values in deliveries())

    bench.engine().run(Source([]))

    (line,) = caplog.messages
    assert line.startswith("2 of the first 3 records can't be read as persons")
    assert told_before == [line]


def test_an_empty_source_ends_at_once(bench: Bench) -> None:
    engine = bench.engine()

    assert engine.run(ListedSource([])) is True
    assert engine.tally == Tally()
    assert bench.told == []


def test_a_delivery_of_nothing_moves_the_position_only(bench: Bench) -> None:
    source = ListedSource([[], []], error=SourceError("It", "broke", "Try again."))

    with pytest.raises(SourceError):
        bench.engine().run(source)

    assert bench.log.source_position(source.name) == 2
    assert bench.log.bounds() == (0, 0)


def test_large_deliveries_are_decided_in_several_chunks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "CHUNK_RECORDS", 2)

    bench.engine().run(ListedSource([[person(ADA)] * 5]))

    assert [tally.read for tally in bench.told] == [2, 2, 1]


def test_what_was_just_appended_is_not_decoded_again(bench: Bench) -> None:
    decoded: list[bytes] = []

    def decode(value: bytes) -> messages.Records | Rejected:
        decoded.append(value)
        return messages.decode(value)

    engine = bench.engine()
    engine.rules = replace(engine.rules, decode=decode)

    engine.run(ListedSource(DELIVERIES))

    assert decoded == [value for delivery in DELIVERIES for value in delivery]


def test_what_another_process_appended_comes_first(bench: Bench) -> None:
    engine = bench.engine()
    other = admit_batch([person(BEA, city="Ringsted")], engine.rules, now=NOW)

    class Interfering(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            for delivery in super().deliveries(start=start, fingerprint=fingerprint):
                yield delivery
                bench.log.append(
                    other.persons,
                    other.notice,
                    logged_at=NOW,
                    source="another",
                    expected=0,
                    position=None,
                )

    engine.run(Interfering([[person(BEA)], [person(ADA)], [person(CLEO)]]))

    assert bench.cities() == {ADA: "Ribe", BEA: "Ringsted", CLEO: "Ribe"}
    assert bench.store.position(bench.log.partition) == 5


# --- Crashes -------------------------------------------------------------------------------


def clean_state(listed: Sequence[Sequence[bytes]] = DELIVERIES) -> dict[str, object]:
    undisturbed = Bench()
    undisturbed.engine().run(ListedSource(listed))
    return undisturbed.state()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("method", ["append", "apply"])
def test_a_crash_around_any_step_costs_nothing(
    bench: Bench, method: str, after: int, *, done: bool
) -> None:
    source = ListedSource(DELIVERIES)
    parts: dict[str, object] = (
        {"log": Failing(bench.log, method, done=done, after=after)}
        if method == "append"
        else {"store": Failing(bench.store, method, done=done, after=after)}
    )
    with pytest.raises(StoreError):
        bench.engine(**parts).run(source)

    assert bench.engine().run(source) is True

    assert bench.state() == clean_state()
    committed = after + (done or method == "apply")
    assert source.started_at == [0, committed]


def test_a_source_that_fails_goes_on_where_it_was(bench: Bench) -> None:
    failing = ListedSource(DELIVERIES[:2], error=SourceError("It", "broke", "Try again."))
    with pytest.raises(SourceError):
        bench.engine().run(failing)
    assert bench.cities() == {ADA: "Odense", BEA: "Ribe"}

    source = ListedSource(DELIVERIES)
    bench.engine().run(source)

    assert source.started_at == [2]
    assert source.fingerprints == [fingerprint_at(2)]
    assert bench.state() == clean_state()


def test_a_source_without_positions_starts_where_it_likes(bench: Bench) -> None:
    source = ListedSource(DELIVERIES, resumable=False)

    bench.engine().run(source)
    bench.engine().run(source)

    assert source.started_at == [0, 0]
    assert bench.log.source_position(source.name) == 0
    assert bench.store.counts().read == 14


def test_a_source_read_to_its_end_starts_over(bench: Bench) -> None:
    source = ListedSource(DELIVERIES)

    bench.engine().run(source)
    before = bench.cities()
    bench.engine().run(source)

    assert source.started_at == [0, 0]
    assert bench.cities() == before


def test_a_run_that_dies_before_its_end_was_reported_is_resumed_at_the_end(bench: Bench) -> None:
    source = ListedSource(DELIVERIES)

    def died() -> None:
        assert bench.state() == clean_state()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.engine().run(source, ended=died)
    assert bench.log.source_position(source.name) == 3

    again = bench.engine()
    reported: list[Tally] = []
    assert again.run(source, ended=lambda: reported.append(again.tally)) is True

    assert reported == [Tally()]
    assert bench.state() == clean_state()
    assert bench.log.source_position(source.name) == 0


def test_a_stopped_run_has_no_end_to_report(bench: Bench) -> None:
    reported: list[str] = []

    bench.engine().run(
        ListedSource(DELIVERIES), stopped=stop_after(4), ended=lambda: reported.append("ended")
    )

    assert reported == []


def test_what_is_appended_beside_a_run_is_taken_in_while_it_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "IDLE_S", 0.01)
    correction = json.dumps(correction_of(ADA, {"city": "Ribe"}, [])).encode()

    class Correcting(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            yield from super().deliveries(start=start, fingerprint=fingerprint)
            bench.log.append_record(ADA, correction, logged_at=NOW)
            deadline = time.monotonic() + 30.0
            while (held := bench.store.profile(ADA)) is None or held[0].city != "Ribe":
                assert time.monotonic() < deadline

    engine = bench.engine()
    engine.run(Correcting([[person(ADA, city="Oslo")]]))

    assert engine.tally == Tally(read=2, stored=2)


def test_of_two_engines_on_one_log_the_second_is_refused_and_nothing_counts_twice(
    bench: Bench,
) -> None:
    class Interfering(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            for delivery in super().deliveries(start=start, fingerprint=fingerprint):
                yield delivery
                bench.engine().run(ListedSource(DELIVERIES), stopped=lambda: True)

    with pytest.raises(LogError, match="another one works with it"):
        bench.engine().run(Interfering(DELIVERIES))
    bench.engine().run(ListedSource(DELIVERIES))

    assert bench.state() == clean_state()


def test_what_the_log_no_longer_has_is_a_gap(bench: Bench) -> None:
    bench.engine().run(ListedSource(DELIVERIES[:1]))
    bench.engine(store=MemoryDecidingStore()).run(ListedSource(DELIVERIES))
    bench.log.purge(before=NOW + timedelta(days=2))

    with pytest.raises(GapError):
        bench.engine().run(ListedSource(DELIVERIES))


def test_a_new_store_begins_with_what_the_log_still_has_and_says_so(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.engine().run(ListedSource(DELIVERIES))
    bench.store = MemoryDecidingStore()
    caplog.set_level(logging.INFO)

    bench.engine().run(ListedSource([]))

    assert bench.cities().keys() == {ADA, BEA, CLEO}
    assert caplog.messages == ["The log holds 6 records new to this store; they come first."]


# --- Stops ---------------------------------------------------------------------------------


def stop_after(number: int) -> Callable[[], bool]:
    asked = iter([False] * (number - 1) + [True] * 9)
    return lambda: next(asked)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_stop_ends_after_a_delivery_and_the_next_run_goes_on_there(
    bench: Bench, number: int
) -> None:
    source = ListedSource(DELIVERIES)

    assert bench.engine().run(source, stopped=stop_after(number)) is False
    assert bench.log.source_position(source.name) == min(number, 3)
    assert bench.engine().run(source) is True

    assert bench.state() == clean_state()


# --- Ledger --------------------------------------------------------------------------------


def test_who_was_erased_is_not_stored_again(bench: Bench) -> None:
    bench.engine().run(ListedSource(DELIVERIES))
    bench.ledger.suppress(ADA)

    engine = bench.engine()
    engine.run(ListedSource(DELIVERIES))

    assert bench.cities().keys() == {BEA, CLEO}
    assert engine.tally.suppressed == 2


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "IDLE_S", 0.001)
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)


class WaitedFor(ListedSource):
    """A source that waits, after all that is listed, until something has happened."""

    def __init__(
        self,
        listed: Sequence[Sequence[bytes]],
        *,
        happens: Callable[[], None],
        until: Callable[[], bool],
    ) -> None:
        super().__init__(listed)
        self._happens, self._until = happens, until

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        yield from super().deliveries(start=start, fingerprint=fingerprint)
        self._happens()
        deadline = time.monotonic() + PATIENCE_S
        while not self._until():
            assert time.monotonic() < deadline, "nothing has come of it"


def test_each_chunk_is_told_with_its_time(bench: Bench) -> None:
    engine = bench.engine()

    engine.run(ListedSource(DELIVERIES))

    assert bench.metrics.tally == engine.tally
    assert len(bench.metrics.seconds) == len(bench.told) > 0
    assert min(bench.metrics.seconds) >= 0


@pytest.mark.usefixtures("quick_looks")
def test_an_engine_that_waits_for_its_source_shows_that_it_lives(bench: Bench) -> None:
    turns: list[int] = []
    source = WaitedFor(
        DELIVERIES,
        happens=lambda: turns.append(bench.metrics.turns),
        until=lambda: bench.metrics.turns > turns[0] + 1,
    )

    assert bench.engine().run(source)


@pytest.mark.usefixtures("quick_looks")
def test_who_is_erased_while_nothing_comes_is_deleted_within_seconds(bench: Bench) -> None:
    source = WaitedFor(
        DELIVERIES,
        happens=lambda: bench.ledger.suppress(ADA),
        until=lambda: bench.store.profile(ADA) is None,
    )

    bench.engine().run(source)

    assert bench.cities().keys() == {BEA, CLEO}


@pytest.mark.usefixtures("quick_looks")
def test_what_is_past_its_retention_goes_while_nothing_comes(bench: Bench) -> None:
    def a_day_passes() -> None:
        bench.now += timedelta(days=1, minutes=1)

    source = WaitedFor(DELIVERIES, happens=a_day_passes, until=lambda: bench.log.bounds() == (6, 6))

    assert bench.engine().run(source) is True


@pytest.mark.usefixtures("quick_looks")
def test_a_ledger_that_lost_entries_is_told_while_nothing_comes_and_stops_what_comes_next(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    class Replaceable:
        entries = MemoryLedger()

        def view(self, *, at_least: LedgerHead = START) -> LedgerView:
            return self.entries.view(at_least=at_least)

    class Replacing(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            first, second = super().deliveries(start=start, fingerprint=fingerprint)
            yield first
            ledger.entries = MemoryLedger()
            yield from WaitedFor(
                [], happens=lambda: None, until=lambda: "ends at entry 0" in caplog.text
            ).deliveries()
            yield second

    ledger = Replaceable()
    ledger.entries.suppress(BEA)

    with pytest.raises(LedgerError, match="ends at entry 0"):
        bench.engine(ledger=ledger).run(Replacing([[person(ADA)], [person(CLEO)]]))
    assert bench.cities().keys() == {ADA}


# --- Times ---------------------------------------------------------------------------------


def test_as_of_decides_at_admission_and_at_the_store(bench: Bench) -> None:
    bench.as_of = date(2033, 3, 14)

    bench.engine().run(ListedSource([[minor(ADA), person(BEA, born="2015-03-15")]]))

    assert bench.cities().keys() == {ADA}
    ((profile, _),) = bench.store.profiles()
    assert (profile.age, profile.as_of) == (18, bench.as_of)
    assert profile.expires_at == NOW.date() + timedelta(days=365)


def test_a_record_is_logged_at_the_time_of_its_delivery(bench: Bench) -> None:
    class Slow(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            for delivery in super().deliveries(start=start, fingerprint=fingerprint):
                bench.now += timedelta(minutes=1)
                yield delivery

    bench.engine().run(Slow([[person(ADA)], [person(BEA)]]))

    found: Sequence[LogRecord] = bench.log.read(0, limit=9)
    assert [record.logged_at for record in found] == [
        NOW + timedelta(minutes=1),
        NOW + timedelta(minutes=2),
    ]
    assert bench.store.arrivals() == {record.logged_at: 1 for record in found}


def test_what_is_past_its_retention_goes_at_the_start_of_a_run(bench: Bench) -> None:
    bench.engine().run(ListedSource(DELIVERIES))

    bench.now += timedelta(days=8)
    bench.engine().run(ListedSource([]))
    assert bench.log.bounds() == (6, 6)
    assert list(bench.store.quarantine()) == []
    assert len(bench.cities()) == 3

    bench.now += timedelta(days=357)
    bench.engine().run(ListedSource([]))
    assert bench.cities() == {}
    assert bench.store.statistics().total == 0


def test_what_the_store_has_not_seen_is_never_purged(bench: Bench) -> None:
    failing = Failing(bench.store, "apply", done=False)
    with pytest.raises(StoreError):
        bench.engine(store=failing).run(ListedSource(DELIVERIES))

    bench.now += timedelta(days=2)
    bench.engine().run(ListedSource(DELIVERIES))

    assert bench.cities().keys() == {ADA, BEA, CLEO}


def test_a_long_run_cleans_up_now_and_then(bench: Bench) -> None:
    class Hourly(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            for delivery in super().deliveries(start=start, fingerprint=fingerprint):
                bench.now += timedelta(hours=1)
                yield delivery

    bench.engine().run(Hourly([[person(ADA)]] * 30))

    first, following = bench.log.bounds()
    assert (first, following) == (5, 30)


HOUR = timedelta(hours=1)
DECADE = timedelta(days=3_653)


def test_a_clock_that_was_ahead_once_does_not_stop_the_purge(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.now = NOW + DECADE
    bench.engine().run(ListedSource([[person(ADA)]]))

    bench.now = NOW
    bench.engine().run(ListedSource([]))
    assert bench.log.bounds() == (0, 1)
    (line,) = caplog.messages
    assert line == (
        "Records of the log with a time in the future: 1. The clock was ahead when they were"
        " logged, or is behind now; they get the present time (2026-11-23T12:00:00+00:00), and"
        " leave the log in 24 hours."
    )

    bench.now = NOW + 25 * HOUR
    bench.engine().run(ListedSource([]))
    assert bench.log.bounds() == (1, 1)


def test_what_was_logged_before_the_clock_was_set_back_is_stored(bench: Bench) -> None:
    failing = Failing(bench.store, "apply", done=False)
    with pytest.raises(StoreError):
        bench.engine(store=failing).run(ListedSource([[person(ADA), person(BEA)]]))

    bench.now = NOW - 3 * HOUR
    bench.engine().run(ListedSource([]))

    assert bench.cities().keys() == {ADA, BEA}
    assert bench.store.counts().rejected == 0
    assert {profile.expires_at for profile, _ in bench.store.profiles()} == {
        bench.now.date() + timedelta(days=365)
    }


def test_who_is_of_age_by_a_clock_that_was_ahead_only_is_not_stored_by_one_that_is_right(
    bench: Bench,
) -> None:
    failing = Failing(bench.store, "apply", done=False)
    bench.now = NOW + DECADE
    with pytest.raises(StoreError):
        bench.engine(store=failing).run(ListedSource([[minor(ADA), person(BEA)]]))

    bench.now = NOW
    bench.engine().run(ListedSource([]))

    assert bench.cities().keys() == {BEA}
    assert bench.store.counts().withheld == 1


def test_a_clock_that_is_set_back_between_log_and_store_rejects_nobody(bench: Bench) -> None:
    class SettingBack(MemoryLog):
        def append(self, *args: Any, **kwargs: Any) -> Appended:  # noqa: ANN401 - passed on
            appended = super().append(*args, **kwargs)
            bench.now -= HOUR
            return appended

    bench.log = SettingBack("a-topic", encode=codec.encode)

    bench.engine().run(ListedSource([[person(ADA)], [person(BEA)]]))

    assert bench.cities().keys() == {ADA, BEA}


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([timedelta(minutes=1), HOUR, 5 * HOUR]),
            st.sampled_from([timedelta(0), timedelta(minutes=4), HOUR, -HOUR, DECADE, -DECADE]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_the_clock_did_the_log_keeps_its_retention_once_the_clock_is_right(
    steps: list[tuple[timedelta, timedelta, bool]],
) -> None:
    bench, passed = Bench(), NOW

    def run(listed: Sequence[Sequence[bytes]], *, error: timedelta = timedelta(0)) -> int:
        bench.now = passed + error
        bench.engine().run(ListedSource(listed, resumable=False))
        return len(listed)

    appended = 0
    for passes, error, delivers in steps:
        passed += passes
        appended += run([[person(ADA)]] if delivers else [], error=error)
    run([])
    for _ in range(25):
        passed += HOUR
        run([[person(BEA)]])

    assert bench.log.bounds() == (appended, appended + 25)
    assert bench.store.position(bench.log.partition) == appended + 25
    assert bench.store.counts().rejected == 0


def test_cleaning_up_is_not_done_at_every_chunk(bench: Bench) -> None:
    swept: list[datetime] = []

    class Counting(MemoryDecidingStore):
        def sweep(
            self, *, read_on: date, quarantined_before: datetime, followed: bool = False
        ) -> int:
            assert not followed
            swept.append(bench.now)
            return super().sweep(read_on=read_on, quarantined_before=quarantined_before)

    class EachMinute(ListedSource):
        def deliveries(
            self, *, start: int = 0, fingerprint: Fingerprint | None = None
        ) -> Iterator[Delivery]:
            for delivery in super().deliveries(start=start, fingerprint=fingerprint):
                bench.now += timedelta(minutes=1)
                yield delivery

    bench.engine(store=Counting()).run(EachMinute([[person(ADA)]] * 25))

    assert swept == [NOW, NOW + timedelta(minutes=10), NOW + timedelta(minutes=20)]
