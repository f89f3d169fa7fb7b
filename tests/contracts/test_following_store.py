"""What every following store promises (see the port `FollowingStore`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from threading import Barrier, Event
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore, MemoryLedger
from profiles.application.following.outbox import Outbox
from profiles.application.ports.stores import Following, FollowingStore
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.strategies import profiles
from tests.support.histories import NOW, chunk, profile, version
from tests.support.patience import PATIENCE_S

NOTHING_KNOWN: dict[str, Any] = dict.fromkeys(
    "username gender title full_name full_address city country nationality email email_domain"
    " registered_on".split()
)

OLDER, OLD, NEW = version(1), version(2), version(3)


@dataclass
class ShiftedClock:
    """Goes as fast as a server's does, from any moment on."""

    shift: timedelta

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def set(self, moment: datetime) -> None:
        self.shift = moment - datetime.now(UTC)


class Opened(NamedTuple):
    """A store, and a way to reach the same content as another process does."""

    store: FollowingStore
    beside: Callable[[], AbstractContextManager[FollowingStore]]


@pytest.fixture(scope="module")
def running_clock() -> ShiftedClock:
    return ShiftedClock(NOW - datetime.now(UTC))


@pytest.fixture
def clock(running_clock: ShiftedClock) -> Iterator[ShiftedClock]:
    """Give the stores' clock, to be set; the next test finds it at `NOW` again."""
    yield running_clock
    running_clock.set(NOW)


@pytest.fixture(scope="module")
def memory(running_clock: ShiftedClock) -> Opened:
    store = MemoryFollowingStore(running_clock)
    return Opened(store, lambda: nullcontext(store))


@pytest.fixture(scope="module")
def cassandra(cassandra_address: str, running_clock: ShiftedClock) -> Iterator[Opened]:
    host, port = cassandra_address.rsplit(":", 1)
    place = CassandraSettings(
        hosts=(host,),
        port=int(port),
        keyspace=f"profiles_{uuid4().hex}",
        batch_rows=20,
        timeout_s=PATIENCE_S,
    )
    with CassandraFollowingStore.open(place, clock=running_clock) as store:
        yield Opened(store, lambda: CassandraFollowingStore.open(place, clock=running_clock))
    cluster, session = connect(place)
    session.execute(f"DROP KEYSPACE {place.keyspace}")
    cluster.shutdown()


@pytest.fixture(
    scope="module",
    params=["memory", pytest.param("cassandra", marks=pytest.mark.servers)],
)
def opened(request: pytest.FixtureRequest) -> Opened:
    made: Opened = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def store(opened: Opened) -> FollowingStore:
    """Give a store that holds others, too: each test has persons of its own."""
    return opened.store


def somebody() -> PersonId:
    return PersonId(str(uuid4()))


def hold(*held: tuple[Profile, int]) -> Following:
    return Following(held={pair[0].id: pair for pair in held}, absent={})


def drop(person: PersonId, at: int) -> Following:
    return Following(held={}, absent={person: at})


def test_what_is_held_is_written_with_its_version(store: FollowingStore) -> None:
    ada = profile(somebody())

    store.follow(hold((ada, NEW)))

    assert store.profile(ada.id) == (ada, NEW)
    assert (ada, NEW) in list(store.profiles())


def test_of_whom_was_never_heard_nothing_is_held(store: FollowingStore) -> None:
    assert store.profile(somebody()) is None


def test_some_persons_are_asked_about_at_once(store: FollowingStore) -> None:
    people = [profile(somebody()) for _ in range(150)]
    store.follow(hold(*((person, OLD) for person in people)))
    store.follow(Following(held={}, absent={people[0].id: NEW}))

    found = store.held([*(person.id for person in people[:100]), somebody()])

    assert found == {person.id: (person, OLD) for person in people[1:100]}
    assert store.held([]) == {}


def test_nothing_to_follow_changes_nothing(store: FollowingStore) -> None:
    before = sorted(store.profiles())

    store.follow(Following(held={}, absent={}))

    assert sorted(store.profiles()) == before


def test_a_replay_changes_nothing(store: FollowingStore) -> None:
    ada, bea, cleo = (profile(somebody()) for _ in range(3))
    following = Following(
        held={ada.id: (ada, OLD), bea.id: (bea, NEW)},
        absent={cleo.id: NEW},
    )

    store.follow(following)
    store.follow(following)

    assert [store.profile(who.id) for who in (ada, bea, cleo)] == [(ada, OLD), (bea, NEW), None]


def test_the_newer_of_two_stays_whichever_comes_last(store: FollowingStore) -> None:
    for order in permutations([OLDER, OLD, NEW]):
        ada = profile(somebody())
        for at in order:
            store.follow(hold((ada._replace(city=f"city {at}"), at)))

        assert store.profile(ada.id) == (ada._replace(city=f"city {NEW}"), NEW)


def test_a_newer_one_that_knows_less_leaves_nothing_of_the_older(store: FollowingStore) -> None:
    ada = profile(somebody())
    less = ada._replace(**NOTHING_KNOWN)

    store.follow(hold((ada, OLD)))
    store.follow(hold((less, NEW)))

    assert store.profile(ada.id) == (less, NEW)


def test_an_older_one_that_knows_more_adds_nothing_to_the_newer(store: FollowingStore) -> None:
    ada = profile(somebody())
    less = ada._replace(**NOTHING_KNOWN)

    store.follow(hold((less, NEW)))
    store.follow(hold((ada, OLD)))

    assert store.profile(ada.id) == (less, NEW)


def test_a_person_goes_and_may_come_back_newer(store: FollowingStore) -> None:
    ada = profile(somebody())
    store.follow(hold((ada, OLDER)))

    store.follow(drop(ada.id, OLD))
    gone = store.profile(ada.id)
    store.follow(hold((ada, NEW)))

    assert gone is None
    assert store.profile(ada.id) == (ada, NEW)


def test_a_deletion_beats_what_is_as_new(store: FollowingStore) -> None:
    for first, second in permutations([OLD, OLD]):
        ada, bea = profile(somebody()), profile(somebody())
        store.follow(hold((ada, first)))
        store.follow(drop(ada.id, second))
        store.follow(drop(bea.id, first))
        store.follow(hold((bea, second)))

        assert (store.profile(ada.id), store.profile(bea.id)) == (None, None)


def test_a_deletion_beats_what_is_older_and_comes_later(store: FollowingStore) -> None:
    ada = profile(somebody())
    store.follow(drop(ada.id, OLD))

    store.follow(hold((ada, OLDER)))

    assert store.profile(ada.id) is None
    assert ada.id not in {held.id for held, _ in store.profiles()}


def test_an_older_deletion_has_no_effect(store: FollowingStore) -> None:
    ada = profile(somebody())
    store.follow(hold((ada, NEW)))

    store.follow(drop(ada.id, OLD))

    assert store.profile(ada.id) == (ada, NEW)


def test_deleting_an_unknown_person_is_nothing_special(store: FollowingStore) -> None:
    unknown = somebody()

    store.follow(drop(unknown, NEW))

    assert store.profile(unknown) is None


def test_a_new_row_inherits_no_cell_of_an_older_one(store: FollowingStore) -> None:
    """A crash between the two stores, and what came next in the same chunk the second time.

    The deciding store has deleted her and the following one was never told; read again, her
    deletion and her return are one chunk, and nothing was held before it.
    """
    ada = profile(somebody())
    store.follow(hold((ada, OLDER)))
    returned = ada._replace(**NOTHING_KNOWN)

    store.follow(hold((returned, NEW)))

    assert store.profile(ada.id) == (returned, NEW)


def test_a_late_deletion_does_not_delete_a_newer_row(store: FollowingStore) -> None:
    ada = profile(somebody())
    returned = ada._replace(**NOTHING_KNOWN)
    store.follow(hold((ada, OLDER)))

    store.follow(hold((returned, NEW)))
    store.follow(drop(ada.id, OLD))

    assert store.profile(ada.id) == (returned, NEW)


@settings(max_examples=40)
@given(data=st.data(), contents=st.lists(st.none() | profiles(), min_size=1, max_size=4))
def test_the_newest_of_all_that_came_is_what_stays(
    store: FollowingStore, data: st.DataObject, contents: list[Profile | None]
) -> None:
    """In any order, any number of times, whether or not they are known to be new."""
    person = somebody()
    last = len(contents) - 1
    arrivals = data.draw(st.lists(st.integers(0, last), min_size=1, max_size=8))
    for number in arrivals:
        content = contents[number]
        if content is None:
            store.follow(drop(person, version(number)))
        else:
            mine = content._replace(id=person)
            store.follow(hold((mine, version(number))))

    newest = contents[max(arrivals)]
    expected = None if newest is None else (newest._replace(id=person), version(max(arrivals)))
    assert store.profile(person) == expected


@settings(max_examples=40)
@given(known=profiles(), number=st.integers(0, 2**63 - 1))
@example(known=profile(**NOTHING_KNOWN), number=0)
@example(known=profile(registered_on=date.min, expires_at=date.max), number=2**63 - 1)
@example(known=profile(full_name="Жанна 花子 \N{PILE OF POO} \0 'x' --", username=""), number=1)
def test_every_field_comes_back_as_it_was(
    store: FollowingStore, known: Profile, number: int
) -> None:
    mine = known._replace(id=somebody())

    store.follow(hold((mine, number)))

    assert store.profile(mine.id) == (mine, number)


def test_what_has_expired_already_is_not_written_and_takes_the_older_with_it(
    store: FollowingStore, clock: ShiftedClock
) -> None:
    ada = profile(somebody())
    store.follow(hold((ada, OLD)))
    clock.set(datetime.combine(ada.expires_at, time(), UTC))

    store.follow(hold((ada, NEW)))

    assert store.profile(ada.id) is None


def test_what_expires_later_goes_by_itself(store: FollowingStore, clock: ShiftedClock) -> None:
    ada, bea = profile(somebody()), profile(somebody())
    expiry = datetime.combine(ada.expires_at, time(), UTC)
    clock.set(expiry - timedelta(seconds=4))
    longer = bea._replace(expires_at=bea.expires_at + timedelta(days=1))

    store.follow(hold((ada, OLD), (longer, OLD)))

    found = store.profile(ada.id)
    assert found == (ada, OLD) or clock() >= expiry - timedelta(seconds=2)  # on a busy machine
    assert goes_in_the_end(store, ada.id)
    assert ada.id not in {held.id for held, _ in store.profiles()}
    assert store.profile(bea.id) == (longer, OLD)


def test_a_row_that_expires_later_than_a_server_can_count_goes_with_the_sweep(
    store: FollowingStore,
) -> None:
    ada = profile(somebody(), expires_at=date(2039, 5, 1))
    bea = profile(somebody(), expires_at=date(2039, 5, 2))
    deciding = MemoryDecidingStore()
    about_both = chunk((ada.id, ada), (bea.id, bea))
    store.follow(hold(*deciding.apply(about_both, MemoryLedger(), followed=True).stored.values()))

    deciding.sweep(read_on=date(2039, 5, 1), quarantined_before=NOW, followed=True)
    Outbox(store=deciding, following=store).deliver()

    assert store.profile(ada.id) is None
    assert store.profile(bea.id) == (bea, version(1))


def goes_in_the_end(store: FollowingStore, person: PersonId) -> bool:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        if store.profile(person) is None:
            return True
        Event().wait(0.05)
    return False


def test_ten_thousand_at_once_all_arrive(store: FollowingStore) -> None:
    start = uuid4().int & ~0xFFFF
    persons = [PersonId(str(UUID(int=start + number))) for number in range(10_000)]
    some, others = persons[:9_000], persons[9_000:]
    store.follow(hold(*((profile(person), OLD) for person in others)))

    following = Following(
        held={
            person: (profile(person, username=f"user {number}"), version(number))
            for number, person in enumerate(some)
        },
        absent=dict.fromkeys(others, NEW),
    )
    store.follow(following)

    assert of(persons, store.profiles()) == dict(following.held)


def of(
    persons: Iterable[PersonId], held: Iterable[tuple[Profile, int]]
) -> dict[PersonId, tuple[Profile, int]]:
    mine = set(persons)
    return {pair[0].id: pair for pair in held if pair[0].id in mine}


def test_two_at_once_agree_on_the_newest(opened: Opened, store: FollowingStore) -> None:
    persons = [somebody() for _ in range(200)]
    together = Barrier(2)

    def follow(into: FollowingStore, numbers: range) -> None:
        together.wait(PATIENCE_S)
        for number in numbers:
            held = [(profile(p, city=f"city {number}"), version(number)) for p in persons]
            into.follow(hold(*held))

    with opened.beside() as beside, ThreadPoolExecutor(2) as threads:
        for done in [
            threads.submit(follow, store, range(0, 10, 2)),
            threads.submit(follow, beside, range(1, 10, 2)),
        ]:
            done.result()

    expected = {p: (profile(p, city="city 9"), version(9)) for p in persons}
    assert of(persons, store.profiles()) == expected


def test_a_following_shows_nobody() -> None:
    assert "Ada" not in repr(hold((profile(), NEW)))
