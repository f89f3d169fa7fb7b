"""What is sent meanwhile: late duplicates, changes, corrections, deletions, whole responses."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from threading import Event

from profiles.adapters.simulator import Simulator
from profiles.domain.correcting import correction_of
from profiles.domain.person import PersonId
from tests.support.chaos.site import StormSite
from tests.support.foreign_records import responses, tombstones

EVERY_S = 1.0
PERSONS = 2_000
TOLD_AGAIN = 60
DELETED = 4
CORRECTED = 5
CORRECTIONS: Sequence[tuple[Mapping[str, str | None], Sequence[str]]] = (
    ({"city": "Skagen"}, []),
    ({"city": "Esbjerg", "title": None}, []),
    ({"full_name": "Åse Lund"}, ["city"]),
    ({}, ["title"]),
)
"""What is set, and what is released."""
RESPONSES_EACH = 3
"""In every third round there are responses of the API as well, without keys."""
CITIES = ("Ribe", "Varde", "Tønder", "Skive")


class Load:
    """Sends until it is told to end.

    Attributes:
        persons: who there is; all are adults.
    """

    def __init__(self, site: StormSite, *, seed: int, over: Event) -> None:
        """Draw who there is."""
        self._site, self._seed, self._over = site, seed, over
        self._draws = random.Random(seed)
        today = datetime.now(UTC).date()
        simulator = Simulator(seed=seed + 1_000_000, limit=PERSONS, domains=30, today=today)
        self._records = {
            PersonId(person["login"]["uuid"]): person
            for each in simulator.deliveries()
            for person in map(json.loads, each.values)
        }
        self.persons = list(self._records)

    def begin(self, persons: Iterable[PersonId]) -> None:
        """Tell of persons once, who can then be asked about."""
        self._site.send(*(self._record(person, moved=False) for person in persons))

    def end(self, persons: Iterable[PersonId]) -> None:
        """Tell of persons once more, as they are from now on."""
        self._site.send(*(self._record(person, moved=True) for person in persons))

    def run(self, correctable: Sequence[PersonId]) -> None:
        """Go on until it is over.

        correctable: persons of whom there are corrections.
        """
        for number in count():
            self._send(number)
            corrected = self._draws.sample(correctable, CORRECTED)
            self._site.send(*(self._correction(person) for person in corrected))
            if self._over.wait(EVERY_S):
                return

    def _send(self, number: int) -> None:
        """Tell of persons again, some of whom have moved, and some of whom are erased."""
        again = self._draws.sample(self.persons, TOLD_AGAIN)
        records = [self._record(each, moved=self._draws.random() < 1 / 2) for each in again]
        self._site.send(*records, *tombstones(self._draws.sample(self.persons, DELETED)))
        if number % RESPONSES_EACH == 0:
            self._site.send(*responses(seed=self._seed + 2_000_000 + number, limit=100))

    def _correction(self, person: PersonId) -> tuple[bytes, bytes]:
        fields, release = self._draws.choice(CORRECTIONS)
        return person.encode(), json.dumps(correction_of(person, fields, release)).encode()

    def _record(self, person: PersonId, *, moved: bool) -> tuple[bytes, bytes]:
        content = self._records[person]
        if moved:
            location = {**content["location"], "city": self._draws.choice(CITIES)}
            content = content | {"location": location}
        return person.encode(), json.dumps(content).encode()
