"""What other producers and the operator do meanwhile: late duplicates, deletions and erasures."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from threading import Event

from profiles.adapters.simulator import Simulator
from profiles.domain.person import PersonId
from tests.support.chaos.site import ErasingSite
from tests.support.cluster_site import PATIENCE_S
from tests.support.foreign_records import responses, tombstones

EVERY_S = 1.0
PERSONS = 2_000
TOLD_AGAIN = 60
DELETED = 4
RESPONSES_EACH = 3
"""In every third round there are responses of the API as well, without keys."""
ERASED_EACH = 4
ERASED = 2
KILLED = 0.4
"""The share of erasures that are killed, at any moment of their first seconds."""
KILLED_WITHIN_S = 3.0
CITIES = ("Ribe", "Varde", "Tønder", "Skive")


class Load:
    """Sends and erases until it is told to end.

    Attributes:
        erased: who was, or was about to be.
        killed: how many erasures were killed.
    """

    def __init__(
        self, site: ErasingSite, *, seed: int, over: Event, tell: Callable[[str], None]
    ) -> None:
        """Draw who there is; all are adults."""
        self.erased: set[PersonId] = set()
        self.killed = 0
        self._site, self._seed, self._over, self._tell = site, seed, over, tell
        self._draws = random.Random(seed)
        today = datetime.now(UTC).date()
        simulator = Simulator(seed=seed + 1_000_000, limit=PERSONS, domains=30, today=today)
        self._persons = {
            PersonId(person["login"]["uuid"]): person
            for each in simulator.deliveries()
            for person in map(json.loads, each.values)
        }

    def run(self) -> None:
        """Go on until it is over."""
        for number in count():
            self._send(number)
            if number % ERASED_EACH == ERASED_EACH - 1:
                self._erase()
            if self._over.wait(EVERY_S):
                return

    def _send(self, number: int) -> None:
        """Tell of persons again, some of whom have moved, and some of whom are erased."""
        ids = list(self._persons)
        records = []
        for person in self._draws.sample(ids, TOLD_AGAIN):
            content = self._persons[person]
            moved = {**content["location"], "city": self._draws.choice(CITIES)}
            content = self._draws.choice([content, content | {"location": moved}])
            records.append((person.encode(), json.dumps(content).encode()))
        self._site.send(*records, *tombstones(self._draws.sample(ids, DELETED)))
        if number % RESPONSES_EACH == 0:
            self._site.send(*responses(seed=self._seed + 2_000_000 + number, limit=100))

    def _erase(self) -> None:
        persons = self._draws.sample(list(self._persons), ERASED)
        kill, within_s = self._draws.random() < KILLED, self._draws.uniform(0, KILLED_WITHIN_S)
        self.erased.update(persons)
        running = self._site.erasure(*persons)
        if kill:
            self._over.wait(within_s)
            if running.kill():
                self.killed += 1
                self._tell("kill     erase")
            return
        code = running.process.wait(PATIENCE_S)
        # 1: a place did not answer; the same command completes it, at the end.
        assert code in {0, 1}, running.said
