"""What persons ask for meanwhile, and the operator does: each command may be killed at any moment.

Who is erased, restricted or corrected is another one each time: what is left of somebody who was
restricted and corrected at once depends on the moment, and could not be worked out from the log.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count
from threading import Event

from profiles.domain.person import PersonId
from tests.support.chaos.site import StormSite
from tests.support.cluster_site import Running
from tests.support.patience import PATIENCE_S

EVERY_S = 3.0
ERASED_AT_ONCE = 2
READMITTED_EACH = 3
"""In every third round somebody is readmitted whose erasure was confirmed."""
RESTRICTED = 6
"""So many persons are restricted and held again in turn."""
CORRECTED = 200
KILLED = 0.4
"""The share of commands that are killed, at any moment of their first seconds."""
KILLED_WITHIN_S = 3.0
ANSWERED_S = 600.0
"""A correction waits for as long as one server after the other is broken."""
CORRECTIONS = (
    ("city=Skagen",),
    ("city=Esbjerg", "title="),
    ("full_name=Åse Lund", "--release=city"),
    ("--release=title",),
)
NOT_ERASED = "does not suppress this person"


class Rights:
    """Asks until it is told to end.

    Attributes:
        erased: who was, or was about to be, and was not readmitted since.
        readmitted: who was, or was about to be.
        wanted: of those who were restricted or held again, which of both they asked for last.
        killed: how many commands were killed.
        correctable: who may be corrected.
    """

    def __init__(
        self,
        site: StormSite,
        persons: Sequence[PersonId],
        *,
        seed: int,
        over: Event,
        tell: Callable[[str], None],
    ) -> None:
        """Divide persons, all of them adults, into those who will ask for this or that."""
        self._site, self._over, self._tell = site, over, tell
        self._seed = seed
        self._restrictable = persons[:RESTRICTED]
        self.correctable = persons[RESTRICTED : RESTRICTED + CORRECTED]
        self._erasable = persons[RESTRICTED + CORRECTED :]
        self.erased: set[PersonId] = set()
        self.readmitted: set[PersonId] = set()
        self.wanted: dict[PersonId, bool] = {}
        self.killed = 0
        self._confirmed: list[PersonId] = []
        self._unconfirmed: set[PersonId] = set()
        self._restricted: dict[PersonId, bool] = {}

    @property
    def asking(self) -> Sequence[PersonId]:
        """Return who is restricted or corrected, and has to be held before."""
        return [*self._restrictable, *self.correctable]

    def erase_and_readmit(self) -> None:
        """Erase persons and readmit some, until it is over."""
        draws = random.Random(self._seed + 1)
        for number in count():
            persons = draws.sample(self._erasable, ERASED_AT_ONCE)
            again = [each for each in persons if each not in self.readmitted]
            self.erased.update(again)
            self._confirmed = [each for each in self._confirmed if each not in again]
            if again and self._ended(draws, "erase", self._site.erasure(*again)) == 0:
                self._confirmed += again
            if number % READMITTED_EACH == 0 and self._confirmed:
                self._readmit(draws, self._confirmed.pop(0))
            if self._over.wait(EVERY_S):
                return

    def _readmit(self, draws: random.Random, person: PersonId) -> None:
        self.erased.remove(person)
        self.readmitted.add(person)
        if self._ended(draws, "readmit", self._site.readmission(person)) != 0:
            self._unconfirmed.add(person)

    def restrict(self) -> None:
        """Restrict persons and end that, until it is over."""
        draws = random.Random(self._seed + 2)
        for number in count():
            person = self._restrictable[number % RESTRICTED]
            self.wanted[person] = not self.wanted.get(person, False)
            command = self._site.restriction if self.wanted[person] else self._site.release
            self._restricted.pop(person, None)
            running = command(person)
            if self._ended(draws, "restrict", running) == 0:
                self._restricted[person] = running.document()["restricted"]
            if self._over.wait(EVERY_S):
                return

    def correct(self) -> None:
        """Correct persons, and release what was corrected, until it is over."""
        draws = random.Random(self._seed + 3)
        while not self._over.wait(EVERY_S):
            person, what = draws.choice(self.correctable), draws.choice(CORRECTIONS)
            self._ended(draws, "rectify", self._site.correction(person, *what))

    def _ended(self, draws: random.Random, name: str, running: Running) -> int | None:
        """Wait for a command, and return its exit code; None where it was killed.

        1: a place did not answer, or nothing is held of the person. The same is done at the end.
        """
        kill, within_s = draws.random() < KILLED, draws.uniform(0, KILLED_WITHIN_S)
        if kill:
            self._over.wait(within_s)
            if running.kill():
                self.killed += 1
                self._tell(f"kill     {name}")
                return None
        code = running.process.wait(ANSWERED_S)
        assert code in {0, 1}, running.said
        return code

    def settle(self) -> None:
        """Complete what was interrupted, so that nothing is left to do."""
        self._erase()
        for person in self._unconfirmed:
            again = self._site.readmission(person)
            if again.process.wait(PATIENCE_S) != 0:
                assert NOT_ERASED in " ".join(again.said.split()), again.said
        if not self.readmitted:
            person = min(self.erased)
            assert self._site.readmission(person).document()["entry"]
            self.erased.remove(person)
            self.readmitted.add(person)
        for person in self.wanted.keys() - self._restricted.keys():
            command = self._site.restriction if self.wanted[person] else self._site.release
            done = command(person).document()
            assert done["complete"]
            self._restricted[person] = done["restricted"]
        self._erase()  # and so every store has applied all that the ledger says

    def _erase(self) -> None:
        assert self._site.erasure(*sorted(self.erased)).document()["complete"]

    @property
    def restricted(self) -> set[PersonId]:
        """Return whom the ledger restricts, once all is settled."""
        return {person for person, restricted in self._restricted.items() if restricted}

    @property
    def back(self) -> set[PersonId]:
        """Return who was erased or restricted, and is taken in again, once all is settled."""
        return self.readmitted | self._restricted.keys() - self.restricted
