"""How fast a record is read and decided about, on one core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from figures import Figure, best_of
from people import TODAY, records

from profiles.adapters import codec
from profiles.application.log import messages
from profiles.domain.assessing import decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.person import Person
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.reading import read_person

AIM = 250_000
_TIMES = DecisionDates.of(logged_at=TODAY, read_at=TODAY)


def measure(count: int) -> Iterator[Figure]:
    """Read and decide `count` persons, in three forms."""
    sent = records(count)
    logged = [codec.encode(_minimised(value)) for value in sent]
    for what, values, decode, aim in (
        ("read + assess, as the log holds them", logged, codec.decode, AIM),
        ("read + assess, as the API sends them", sent, codec.decode, None),
        ("read + assess, standard library alone", logged, messages.decode, None),
    ):

        def work(values: Sequence[bytes] = values, decode: messages.Decode = decode) -> None:
            _decide_all(values, decode)

        seconds = best_of(5, work)
        yield Figure(what=what, value=count / seconds, unit="persons/s", aim=aim)


def _minimised(value: bytes) -> Person:
    person = read_person(messages.decode(value).items[0])  # type: ignore[union-attr] # well formed
    assert isinstance(person, Person)
    return minimise(person, DEFAULT_POLICY)


def _decide_all(values: Sequence[bytes], decode: messages.Decode) -> None:
    admitted = 0
    for value in values:
        read = decode(value)
        assert isinstance(read, messages.Records)
        for item in read.items:
            admitted += isinstance(decide(item, DEFAULT_POLICY, _TIMES), Profile)
    assert admitted == len(values)
