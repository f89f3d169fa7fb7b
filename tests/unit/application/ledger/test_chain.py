"""A ledger as it is read on: each entry follows the one before, or nothing is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from profiles.adapters.memory import MemoryKeyring
from profiles.application.errors import LedgerError
from profiles.application.ledger import chain as reading
from profiles.application.ledger.chain import Chain
from profiles.domain.ledger_entry import START, Action, Draft, LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from tests.support.histories import ADA, BEA, CLEO

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
K1 = PseudonymKey(id="k1", secret=b"1" * 32)
K2 = PseudonymKey(id="k2", secret=b"2" * 32)


def suppressing(*persons: PersonId) -> list[Draft]:
    return [Draft(action=Action.SUPPRESS, person=person) for person in persons]


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring(K1)


@pytest.fixture
def chain(keyring: MemoryKeyring) -> Chain:
    return Chain("of the test", keyring)


def enter(chain: Chain, *persons: PersonId) -> list[bytes]:
    """Enter persons, and read them."""
    values = list(chain.seal(suppressing(*persons), at=NOON))
    chain.read(values)
    return values


def refused(chain: Chain, *values: bytes | None) -> str:
    with pytest.raises(LedgerError) as raised:
        chain.read(values)
    text = str(raised.value)
    assert text.startswith("The erasure ledger of the test ")
    assert "Nothing was stored" in text
    assert not any(person in text for person in (ADA, BEA, CLEO))
    return text


def test_entries_follow_each_other_over_several_readings(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AT_ONCE", 2)

    enter(chain, ADA)
    enter(chain, BEA, CLEO, ADA)

    assert chain.view.position == 4
    assert chain.view.named([ADA, BEA, CLEO]).suppressed == {ADA, BEA, CLEO}


def test_what_was_sealed_counts_once_it_is_read(chain: Chain) -> None:
    values = chain.seal(suppressing(ADA), at=NOON)

    assert chain.view.position == 0
    assert chain.entries(values)[0].number == 1
    assert chain.view.position == 0


def test_a_missing_changed_or_moved_entry_stops_everything(
    chain: Chain, keyring: MemoryKeyring
) -> None:
    first, second, third = enter(chain, ADA, BEA, CLEO)

    for wrong in ([second], [first, third], [first, third, second], [first, first]):
        assert "that can't be trusted" in refused(Chain("of the test", keyring), *wrong)
    changed = first.replace(b"suppress", b"readmit")
    assert "has an entry 1 that can't be trusted" in refused(
        Chain("of the test", keyring), changed, second
    )
    assert "restore the ledger" in refused(Chain("of the test", keyring), None)


def test_what_was_read_before_what_is_wrong_stays_read(
    chain: Chain, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AT_ONCE", 1)
    first, _ = enter(chain, ADA, BEA)
    again = Chain("of the test", keyring)

    refused(again, first, b"?")

    assert again.view.position == 1


def test_a_ledger_of_an_earlier_release_is_told_as_that(chain: Chain) -> None:
    entry = {"schema": 1, "action": "suppress", "person": ADA, "entered_at": NOON.isoformat()}

    assert "by an earlier release" in refused(chain, json.dumps(entry).encode())


# --- Keys ----------------------------------------------------------------------------------


def test_a_key_that_is_not_there_stops_everything_and_says_which(
    chain: Chain, keyring: MemoryKeyring
) -> None:
    values = enter(chain, ADA)
    keyring.keys[:] = [K2]

    text = refused(Chain("of the test", keyring), *values)

    assert "has an entry 1 under the key k1, which is not in memory" in text


def test_a_key_that_came_meanwhile_is_read_when_it_is_needed(keyring: MemoryKeyring) -> None:
    reader, writer = Chain("of the test", keyring), Chain("of the test", MemoryKeyring(K1, K2))
    keyring.keys[:] = []
    values = enter(writer, ADA)
    keyring.keys[:] = [K1, K2]

    assert reader.read(values).named([ADA]).suppressed == {ADA}
    assert writer.view.key == "k2"


def test_the_last_key_is_written_with_and_earlier_ones_are_read(
    chain: Chain, keyring: MemoryKeyring
) -> None:
    first = enter(chain, ADA)
    keyring.keys.append(K2)
    second = enter(chain, BEA)

    assert [chain.view.key, chain.view.position] == ["k2", 2]
    again = Chain("of the test", keyring)
    assert again.read(first + second).named([ADA, BEA, CLEO]).suppressed == {ADA, BEA}


def test_nothing_is_written_under_a_key_that_was_replaced(
    chain: Chain, keyring: MemoryKeyring
) -> None:
    enter(chain, ADA)
    keyring.keys.append(K2)
    enter(chain, BEA)
    keyring.keys.pop()

    with pytest.raises(LedgerError, match="the last one in memory is k1, which is older"):
        chain.seal(suppressing(CLEO), at=NOON)


class MadeOnDemand(MemoryKeyring):
    """Has no key until one is made."""

    def __init__(self) -> None:
        super().__init__(K1)
        self.keys.clear()

    def make(self) -> None:
        self.keys.append(K1)


def test_a_first_key_is_made_for_the_first_entry_and_for_no_later_one() -> None:
    keyring = MadeOnDemand()
    chain = Chain("of the test", keyring)

    enter(chain, ADA)
    keyring.keys.clear()

    with pytest.raises(LedgerError, match="has no key to be written with in memory"):
        chain.seal(suppressing(BEA), at=NOON)


def test_where_none_can_be_made_nothing_is_entered(chain: Chain, keyring: MemoryKeyring) -> None:
    keyring.keys.clear()

    with pytest.raises(LedgerError, match="--ledger-keys"):
        chain.seal(suppressing(ADA), at=NOON)


# --- Compared with what a store has applied -------------------------------------------------


def test_a_store_that_is_behind_is_no_trouble(chain: Chain) -> None:
    values = enter(chain, ADA, BEA)
    first = chain.entries(values)[0].head

    for applied in (START, LedgerHead(), first, LedgerHead(2, None), chain.view.head):
        assert chain.check(applied) is chain.view


def test_a_ledger_that_ends_before_what_a_store_has_applied_is_not_believed(chain: Chain) -> None:
    enter(chain, ADA)

    with pytest.raises(LedgerError, match="ends at entry 1, before 2"):
        chain.check(LedgerHead(2, None))


def test_another_ledger_than_the_store_has_applied_is_not_believed(
    chain: Chain, keyring: MemoryKeyring
) -> None:
    other = Chain("another", keyring)
    enter(other, BEA)
    enter(chain, ADA, BEA)

    with pytest.raises(LedgerError, match="its entry 1 is different"):
        chain.check(other.view.head)
