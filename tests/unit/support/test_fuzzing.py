"""Some mutations through both readers, and the proof that a fault would be found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from profiles.adapters import codec
from profiles.application.log.messages import Records
from profiles.domain.outcome import Rejected, RejectionReason
from tests.support.fuzzing import MARKER, Failure, Mutations, examine

ROOT = Path(__file__).parents[3]
SOME = 1_200


def test_both_readers_agree_on_mutations_and_all_persons_are_counted() -> None:
    mutations = Mutations(seed=7)

    findings = examine(mutations.make(number) for number in range(SOME))

    assert findings.mutations == SOME
    assert set(findings.kinds) == {
        *("person", "response", "connect", "debezium", "another envelope", "text", "value", "bytes")
    }
    assert {"stored", "minor", "json", "type", "envelope", "missing"} <= set(findings.outcomes)


def test_a_mutation_is_made_of_seed_and_number_alone() -> None:
    first, again, others = Mutations(1), Mutations(1), Mutations(2)
    made = [first.make(number) for number in range(100)]

    assert [again.make(number) for number in reversed(range(100))] == made[::-1]
    assert [others.make(number).message for number in range(100)] != [m.message for m in made]


def fails(_message: bytes) -> Records | Rejected:
    raise ValueError(MARKER)


def loses_persons(message: bytes) -> Records | Rejected:
    records = codec.decode(message)
    if isinstance(records, Records) and len(records.items) > 1:
        return records._replace(items=records.items[1:])
    return records


def shows_a_value(_message: bytes) -> Records | Rejected:
    return Rejected(RejectionReason.TYPE, MARKER, "text")


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (fails, r"Mutation \d+: a reader failed \(ValueError\)"),
        (loses_persons, r"Mutation \d+: the fast reader and the rule disagree"),
        (shows_a_value, r"Mutation \d+: the fast reader and the rule disagree"),
    ],
)
def test_a_fault_of_a_reader_is_found(
    reader: Callable[[bytes], Records | Rejected], said: str
) -> None:
    mutations = Mutations(1)

    with pytest.raises(Failure, match=said):
        examine((mutations.make(number) for number in range(200)), fast=[reader])


def test_a_value_that_both_readers_show_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profiles.application.log.messages.decode", shows_a_value)

    with pytest.raises(Failure, match="a rejection shows a value"):
        examine([Mutations(1).make(0)], fast=[shows_a_value])


def test_the_command_says_what_it_has_seen() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzzing", "--count=30", "--seed=3", "--first=5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert '"seed": 3' in done.stdout
    assert '"mutations": 30' in done.stdout
