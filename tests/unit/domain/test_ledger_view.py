"""What a ledger adds up to, against the plainest account of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count, islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.ledger_entry import START, Action, Draft, Entry, LedgerHead, read_entry, seal
from profiles.domain.ledger_view import NOBODY, LedgerView, Named, merged
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

IDS = [PersonId(str(UUID(int=number))) for number in range(8)]
ADA, BEA, CLEO = IDS[:3]
KEYS = {name: PseudonymKey(id=name, secret=name.encode() * 16) for name in ("k1", "k2", "k3")}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Said = tuple[Action, PersonId | None]


def entries(said: Sequence[Said], *, after: LedgerHead = START, key: str = "k1") -> list[Entry]:
    """Seal entries and read them."""
    made: list[Entry] = []
    for action, person in said:
        value = seal(Draft(action=action, person=person), after=after, at=NOON, key=KEYS[key])
        entry = read_entry(value, after=after, keys=KEYS)
        assert isinstance(entry, Entry)
        made.append(entry)
        after = entry.head
    return made


def grown(view: LedgerView, *said: Said, key: str = "k1") -> LedgerView:
    return view.after(entries(said, after=view.head, key=key), KEYS)


def test_an_empty_ledger_names_nobody_and_hashes_nothing() -> None:
    def asked() -> PersonId:
        raise AssertionError

    view = LedgerView()

    assert (view.head, view.position, view.key, view.last_change) == (START, 0, None, 0)
    assert view.named(asked() for _ in range(1)) is NOBODY
    assert view.after([], KEYS) is view


def test_who_was_erased_is_suppressed_until_she_signs_up_anew() -> None:
    erased = grown(LedgerView(), (Action.SUPPRESS, ADA), (Action.SUPPRESS, BEA))
    back = grown(erased, (Action.READMIT, ADA))

    assert erased.named(IDS) == Named(frozenset({ADA, BEA}), frozenset())
    assert back.named(IDS) == Named(frozenset({BEA}), frozenset())
    assert erased.named([CLEO]) is NOBODY


def test_a_restriction_and_an_erasure_do_not_touch_each_other() -> None:
    view = grown(
        LedgerView(),
        (Action.RESTRICT, ADA),
        (Action.SUPPRESS, ADA),
        (Action.RESTRICT, BEA),
        (Action.SUPPRESS, CLEO),
        (Action.UNRESTRICT, CLEO),
        (Action.UNRESTRICT, BEA),
    )

    assert view.named(IDS) == Named(frozenset({ADA, CLEO}), frozenset({ADA}))
    assert grown(view, (Action.READMIT, ADA)).named(IDS) == Named(
        frozenset({CLEO}), frozenset({ADA})
    )


def test_what_is_said_of_an_entry_changes_nobody() -> None:
    erased = grown(LedgerView(), (Action.SUPPRESS, ADA))

    view = grown(erased, (Action.COMPLETE, None), (Action.NOTIFY, None), (Action.RECTIFY, BEA))

    assert (view.position, view.last_change) == (4, 1)
    assert view.named(IDS) == erased.named(IDS)
    assert view.key == "k1"
    assert (view.uses("k1"), view.uses("k2")) == (True, False)


def test_what_is_said_under_a_later_key_counts_of_each_of_both() -> None:
    under_one = grown(LedgerView(), (Action.RESTRICT, ADA), (Action.SUPPRESS, ADA))

    restricted_no_more = grown(under_one, (Action.UNRESTRICT, ADA), key="k2")
    readmitted = grown(under_one, (Action.READMIT, ADA), key="k2")

    assert restricted_no_more.named(IDS) == Named(frozenset({ADA}), frozenset())
    assert readmitted.named(IDS) == Named(frozenset(), frozenset({ADA}))


said = st.lists(
    st.tuples(
        st.sampled_from(
            [Action.SUPPRESS, Action.READMIT, Action.RESTRICT, Action.UNRESTRICT, Action.COMPLETE]
        ),
        st.sampled_from(IDS),
    ),
    max_size=20,
)


@given(under_keys=st.tuples(said, said, said), cuts=st.lists(st.integers(1, 5), max_size=20))
def test_a_view_says_what_the_entries_say_however_they_are_read_and_keys_change(
    under_keys: tuple[list[Said], list[Said], list[Said]], cuts: list[int]
) -> None:
    suppressed: set[PersonId] = set()
    restricted: set[PersonId] = set()
    all_of_them: list[Entry] = []
    views = [(LedgerView(), frozenset[PersonId](), frozenset[PersonId]())]
    for key, some in zip(KEYS, under_keys, strict=True):
        for action, person in some:
            after = all_of_them[-1].head if all_of_them else START
            all_of_them += entries([(action, person)], after=after, key=key)
            named: set[PersonId] = set() if person is None else {person}
            match action:
                case Action.SUPPRESS:
                    suppressed |= named
                case Action.READMIT:
                    suppressed -= named
                case Action.RESTRICT:
                    restricted |= named
                case Action.UNRESTRICT:
                    restricted -= named
                case _:
                    pass
            views.append((LedgerView(), frozenset(suppressed), frozenset(restricted)))

    view, rest = LedgerView(), iter(all_of_them)
    for size in [*cuts, len(all_of_them)]:
        view = view.after(list(islice(rest, size)), KEYS)
        _, erased, frozen = views[view.position]
        views[view.position] = view, erased, frozen

    for looked_at, erased, frozen in views:
        if looked_at.position:
            assert looked_at.named(IDS) == (erased, frozen)  # also of views from before
    assert all(view.continues(entry.head) for entry in all_of_them)


@pytest.mark.parametrize("read", [1, 2, 5])
def test_a_ledger_continues_what_it_has_and_nothing_else(read: int) -> None:
    mine = entries([(Action.SUPPRESS, person) for person in IDS])
    other = entries([(Action.SUPPRESS, person) for person in reversed(IDS)])
    view = LedgerView()
    for start in range(0, len(mine), read):
        view = view.after(mine[start : start + read], KEYS)

    assert view.continues(START)
    assert view.continues(LedgerHead(0, None))
    assert view.continues(LedgerHead(8, None))  # of a release that knew no seals
    assert not view.continues(LedgerHead(9, None))
    assert [view.continues(entry.head) for entry in mine] == [True] * 8
    assert [view.continues(entry.head) for entry in other] == [False] * 8
    assert not view.continues(LedgerHead(1, mine[1].seal))


def test_two_ledgers_that_part_ways_do_not_disturb_each_other() -> None:
    common = grown(LedgerView(), (Action.SUPPRESS, ADA))

    one = grown(common, (Action.SUPPRESS, BEA))
    other = grown(common, (Action.SUPPRESS, CLEO))

    assert one.named(IDS).suppressed == {ADA, BEA}
    assert other.named(IDS).suppressed == {ADA, CLEO}
    assert one.continues(one.head)
    assert not one.continues(other.head)
    assert other.continues(other.head)
    assert not common.continues(one.head)


def test_a_view_takes_some_hundred_bytes_an_entry() -> None:
    number = 20_000
    some = [
        Entry(
            number=n + 1,
            at=NOON,
            action=Action.SUPPRESS,
            key="k1",
            person=(n * 0x9E3779B97F4A7C15 % 2**256).to_bytes(32, "little"),
            reason=None,
            deadline=None,
            refers=None,
            digest=None,
            recipient=None,
            seal=f"{n:064x}",
        )
        for n in range(number)
    ]
    tracemalloc.start()
    try:
        view = LedgerView()
        for start in range(0, number, 500):
            view = view.after(some[start : start + 500], KEYS)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert view.position == number
    assert used / number < 200


def test_what_follows_is_added_without_a_copy_of_all_seals() -> None:
    number = 4_000
    before = grown(LedgerView(), *[(Action.COMPLETE, None)] * number)
    once = grown(before, (Action.COMPLETE, None))  # there is room for the next one behind it
    following = entries([(Action.COMPLETE, None)], after=once.head)
    tracemalloc.start()
    try:
        once.after(following, KEYS)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < number  # each has 8 bytes


def test_two_ledgers_that_go_on_from_the_same_entry_do_not_mix() -> None:
    before = grown(LedgerView(), (Action.SUPPRESS, ADA))
    one = grown(before, (Action.SUPPRESS, BEA))
    other = grown(before, (Action.RESTRICT, BEA))

    assert (one.continues(one.head), other.continues(other.head)) == (True, True)
    assert (one.continues(other.head), other.continues(one.head)) == (False, False)
    assert before.continues(before.head)


def test_who_was_named_in_between_stays_named_when_what_follows_is_merged() -> None:
    view = LedgerView()
    for some in (IDS[:5], IDS[5:7], IDS[7:]):
        view = grown(view, *((Action.SUPPRESS, person) for person in some))

    assert view.named(IDS).suppressed == set(IDS)


@pytest.mark.parametrize(
    ("sizes", "then"),
    [
        ([1], [1]),
        ([1, 1], [2]),
        ([3, 2], [5]),
        ([2, 1], [3]),
        ([3, 1], [3, 1]),
        ([7, 2, 1], [7, 3]),
    ],
)
def test_layers_are_merged_until_each_has_more_than_twice_what_the_next_one_has(
    sizes: Sequence[int], then: Sequence[int]
) -> None:
    numbers = count()
    layers = tuple({next(numbers): number for number in range(size)} for size in sizes)

    assert [len(layer) for layer in merged(layers)] == then


def test_what_a_later_layer_says_counts() -> None:
    assert merged(({1: 1, 2: 1}, {2: 3})) == ({1: 1, 2: 3},)


def test_no_repr_shows_anybody() -> None:
    view = grown(LedgerView(), (Action.SUPPRESS, ADA))

    assert repr(view.named([ADA])) == "Named(1 suppressed, 0 restricted)"
    assert repr(view) == f"LedgerView(head={view.head!r}, last_change=1)"
