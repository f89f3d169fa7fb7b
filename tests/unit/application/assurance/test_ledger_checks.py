"""What `profiles doctor` takes for well with the erasure ledger and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.application.assurance.ledger_checks import keys_check, ledger_check
from profiles.application.ports.ledger import AppliedLedger
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

ADA = PersonId("00000001-0000-4000-8000-000000000000")
OLD = PseudonymKey(id="2025", secret=b"the key of 2025, which has 32 bytes or more")
NEW = PseudonymKey(id="2026", secret=b"the key of 2026, which has 32 bytes or more")


@dataclass
class Keys:
    keys: Sequence[PseudonymKey] = ()
    name: str = "ledger.keys"
    failure: UsageError | None = field(default=None)

    def read(self) -> Sequence[PseudonymKey]:
        if self.failure is not None:
            raise self.failure
        return self.keys

    def make(self) -> None:
        raise AssertionError


def ledger_under(*keys: PseudonymKey) -> MemoryLedger:
    """Give a ledger with an entry under each key."""
    keyring = MemoryKeyring(*keys[:1])
    ledger = MemoryLedger(keyring)
    for key in keys:
        keyring.keys = [*keys[: keys.index(key) + 1]]
        ledger.suppress(ADA)
    return ledger


def test_a_ledger_is_told_with_how_far_the_store_has_applied_it() -> None:
    view = ledger_under(OLD, NEW).view()

    assert ledger_check(view, None).found == "2 entries"
    check = ledger_check(view, AppliedLedger(view.head, 2))
    assert (check.ok, check.found) == (True, "2 entries, of which the store has applied 2")


def test_entries_that_are_not_carried_out_yet_are_told() -> None:
    view = ledger_under(OLD, NEW).view()

    check = ledger_check(view, AppliedLedger(view.head, 1))

    assert check.ok
    assert check.found == (
        "2 entries, of which the store has applied 2, and looked through what it holds up to 1"
    )


def test_the_key_that_is_written_with_is_told() -> None:
    check = keys_check(Keys([OLD, NEW]), ledger_under(OLD, NEW).view())

    assert (check.ok, check.found) == (True, "2 in ledger.keys; entries are made under 2026")
    assert check.remedy is None


def test_a_key_that_was_appended_is_written_with_from_the_next_entry_on() -> None:
    check = keys_check(Keys([OLD, NEW]), ledger_under(OLD).view())

    assert (check.ok, check.found) == (True, "2 in ledger.keys; entries are made under 2026")


def test_keys_in_another_order_than_they_were_used_in_are_a_finding() -> None:
    check = keys_check(Keys([NEW, OLD]), ledger_under(OLD, NEW).view())

    assert not check.ok
    assert "the last one in ledger.keys is 2025, and 2026 was taken into use after it" in (
        check.found
    )
    assert check.remedy == "Put them in the order in which they were made, the newest last."


def test_before_the_first_entry_a_file_need_not_be_there() -> None:
    check = keys_check(Keys(), MemoryLedger().view())

    assert (check.ok, check.found) == (True, "none yet in ledger.keys: the first entry makes one")


def test_a_file_that_was_lost_is_a_finding() -> None:
    check = keys_check(Keys(), ledger_under(OLD).view())

    assert (check.ok, check.found) == (False, "none in ledger.keys")
    assert check.remedy == "Put the file there from a copy; nobody can make the same keys again."


def test_where_no_file_is_named_that_is_a_finding() -> None:
    check = keys_check(None, None)

    assert (check.ok, check.found) == (False, "no file is named")
    assert "--ledger-keys" in str(check.remedy)


@pytest.mark.parametrize("keys", [[], [OLD]])
def test_where_the_ledger_cannot_be_read_the_keys_are_told_alone(
    keys: Sequence[PseudonymKey],
) -> None:
    check = keys_check(Keys(keys), None)

    assert check.ok == bool(keys)
    assert check.found == ("1 in ledger.keys, the last is 2025" if keys else "none in ledger.keys")


def test_where_no_ledger_is_yet_nobody_is_sent_for_a_copy_of_keys_that_never_were() -> None:
    assert keys_check(Keys(), None).remedy == (
        "The ledger's first entry makes one. Where there were entries, put the file there from a"
        " copy; nobody can make the same keys again."
    )


def test_a_file_that_cannot_be_read_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="chmod"):
        keys_check(Keys(failure=UsageError("run chmod 600 ledger.keys")), None)


def test_no_finding_has_a_secret_in_it() -> None:
    view = ledger_under(OLD, NEW).view()
    checks = [keys_check(Keys(keys), view) for keys in ([OLD, NEW], [NEW, OLD], [])]

    assert not any(key.secret.decode() in str(checks) for key in (OLD, NEW))


def test_a_head_of_an_earlier_release_is_told_like_any_other() -> None:
    view = ledger_under(OLD).view()

    assert ledger_check(view, AppliedLedger(LedgerHead(1), 1)).found == (
        "1 entries, of which the store has applied 1"
    )
