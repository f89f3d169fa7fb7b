"""What the suites of the ports feed to adapters: profiles, chunks, and whole random histories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from profiles.application.log.deciding import Chunk, Entry
from profiles.application.log.records import LogPartition
from profiles.application.ports.stores import DecidingStore
from profiles.domain.corrections import FIELDS_OF, CorrectedValue, Correction, Corrections
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.version import Version

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
LATER = timedelta(days=365)
TOPIC = LogPartition("a-topic")
OTHER_TOPIC = LogPartition("another-topic")

IDS = [PersonId(f"{number:08x}-0000-4000-8000-{number:012x}") for number in range(1, 8)]
ADA, BEA, CLEO, DAN, EVE = IDS[:5]

MINOR = Withheld(WithheldReason.MINOR)
EXPIRED = Withheld(WithheldReason.RETENTION)
BROKEN = Rejected(RejectionReason.TYPE, "location.city", "text or null")
ERASED = Erased()

Outcome = Profile | Withheld | Rejected | Erased | Correction
About = tuple[PersonId | None, Outcome]


def profile(person: PersonId = ADA, **changes: Any) -> Profile:  # noqa: ANN401 - any field
    """Make a profile in which everything is known."""
    known = Profile(
        id=person,
        username="orangefrog42",
        gender="female",
        title="Ms",
        full_name="Ada Byron",
        full_address="12 Strandvejen, 2900 Hellerup, Hovedstaden, Denmark",
        city="Hellerup",
        country="Denmark",
        nationality="DK",
        email="ada.byron@example.com",
        email_domain="example.com",
        age=41,
        birth_month="1985-03",
        registered_on=date(2015, 2, 28),
        as_of=NOW.date(),
        expires_at=NOW.date() + LATER,
    )
    return known._replace(**changes)


def stored(person: PersonId, **changes: Any) -> About:  # noqa: ANN401 - any field
    return person, profile(person, **changes)


def correcting(person: PersonId, *released: str, **fields: CorrectedValue) -> About:
    """Correct fields of a profile, and release others of what may be corrected."""
    names = frozenset(of for name in released for of in FIELDS_OF[name])
    return person, Correction(person=person, fields=fields, released=names)


def corrections(store: DecidingStore) -> Mapping[PersonId, Corrections]:
    """Return what a store keeps of corrections."""
    return store.transactions.run(lambda unit: unit.corrections(IDS))


def chunk_of(
    messages: Sequence[Sequence[About]],
    *,
    start: int = 0,
    partition: LogPartition = TOPIC,
    at: datetime = NOW,
) -> Chunk:
    """Make a chunk of messages, each at an offset of its own and about any number of persons."""
    entries = [
        Entry(offset, at, person, outcome)
        for offset, message in enumerate(messages, start)
        for person, outcome in message
    ]
    return Chunk(
        partition=partition,
        start=start,
        end=start + len(messages),
        entries=entries,
        read=len(entries),
    )


def chunk(
    *abouts: About, start: int = 0, partition: LogPartition = TOPIC, at: datetime = NOW
) -> Chunk:
    """Make a chunk of messages about one person each."""
    return chunk_of([[about] for about in abouts], start=start, partition=partition, at=at)


def split(whole: Chunk) -> Iterable[Chunk]:
    """Cut a chunk into chunks of one message."""
    for offset in range(whole.start, whole.end):
        entries = [entry for entry in whole.entries if entry.offset == offset]
        yield Chunk(
            partition=whole.partition,
            start=offset,
            end=offset + 1,
            entries=entries,
            read=len(entries),
        )


def version(offset: int, *, epoch: int = 1, partition: int = 0) -> int:
    return Version(epoch, offset, partition).number()


def held(store: DecidingStore) -> dict[PersonId, tuple[Profile, int]]:
    return {pair[0].id: pair for pair in store.profiles()}


def state(store: DecidingStore) -> dict[str, object]:
    """Gather all that a store tells, but for how often it was asked."""
    return {
        "profiles": list(store.profiles()),
        "corrections": corrections(store),
        "statistics": store.statistics(),
        "arrivals": store.arrivals(),
        "quarantine": list(store.quarantine()),
        "positions": [store.position(partition) for partition in (TOPIC, OTHER_TOPIC)],
    }


@dataclass(frozen=True)
class Apply:
    """Decide the next messages of a topic; `again` of those before are sent once more."""

    partition: LogPartition
    messages: tuple[tuple[About, ...], ...]
    again: int = 0


@dataclass(frozen=True)
class Enter:
    """Write the next entry of the erasure ledger."""

    action: str
    person: PersonId


@dataclass(frozen=True)
class Sweep:
    """Delete what has expired after a number of days."""

    days: int


Step = Apply | Enter | Sweep

_persons = st.sampled_from(IDS)
_texts = st.none() | st.sampled_from(["København", "آمل", "‌ه", "Нови Сад", "O'Brien", "😀"])
_profiles = st.builds(
    profile,
    _persons,
    gender=st.sampled_from([None, "female", "male", "other"]),
    nationality=st.sampled_from([None, "DK", "IR", "XX"]),
    city=_texts,
    email_domain=st.sampled_from([None, "example.com", "example.org"]),
    birth_month=st.sampled_from(["1985-03", "2000-02"]),
    expires_at=st.integers(1, 400).map(lambda days: NOW.date() + timedelta(days=days)),
)
_corrections = st.builds(
    lambda person, fields, released: correcting(person, *released - fields.keys(), **fields),
    _persons,
    st.fixed_dictionaries(
        {},
        optional={
            "city": _texts,
            "nationality": st.sampled_from([None, "DK", "XX"]),
            "registered_on": st.sampled_from([None, date(2020, 5, 4)]),
        },
    ),
    st.sets(st.sampled_from(["city", "nationality", "registered_on"])),
)
_of_birth: st.SearchStrategy[About] = _persons.map(
    lambda person: correcting(person, birth_month="1990-02", age=36, as_of=NOW.date())
)
_abouts: st.SearchStrategy[About] = st.one_of(
    _profiles.map(lambda made: (made.id, made)),
    _profiles.map(lambda made: (made.id, made)),
    st.tuples(_persons, st.sampled_from([MINOR, EXPIRED, BROKEN, ERASED])),
    st.tuples(st.none(), st.sampled_from([MINOR, BROKEN])),
    _corrections,
    _of_birth,
)
_messages = st.lists(_abouts, min_size=0, max_size=3).map(tuple)
_steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Apply,
        partition=st.sampled_from([TOPIC, TOPIC, OTHER_TOPIC]),
        messages=st.lists(_messages, min_size=1, max_size=6).map(tuple),
        again=st.integers(0, 4),
    ),
    st.builds(
        Enter, action=st.sampled_from(["suppress", "restrict", "unrestrict"]), person=_persons
    ),
    st.builds(Sweep, days=st.sampled_from([0, 100, 200, 399])),
)
histories = st.lists(_steps, max_size=8)


def chunks_of(steps: Iterable[Step]) -> Iterable[Chunk | Enter | Sweep]:
    """Turn the applications of a history into chunks, each where the one before has ended."""
    logs: dict[LogPartition, list[tuple[About, ...]]] = {}
    for number, step in enumerate(steps):
        if not isinstance(step, Apply):
            yield step
            continue
        log = logs.setdefault(step.partition, [])
        start = max(0, len(log) - step.again)
        log.extend(step.messages)
        at = NOW + timedelta(minutes=number)
        yield chunk_of(log[start:], start=start, partition=step.partition, at=at)
