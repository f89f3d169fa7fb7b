"""The simulator as a source of persons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from threading import Event

from profiles.adapters.simulator.records import Records, response
from profiles.adapters.simulator.settings import Simulation
from profiles.application.ports.sources import Delivery, Fingerprint
from profiles.domain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator(Simulation):
    """A source in the shape of the Random User Generator API, version 1.4.

    The same settings and `today` give the same bytes, in any process and from any start. A
    position is the number of records before it. The other settings are those of `Simulation`.

    today: the UTC date from whose noon the API's ages are counted; there is no clock here.
    batch: records a delivery, and a response; it does not change the records.
    pace: seconds from one delivery to the next.
    stop: set it to end the stream before its next delivery, also in the middle of a wait.
    as_responses: deliver whole responses instead of single persons. A hostile record that could
        make a reader refuse the response is delivered on its own, in its place.
    marker: put before every text that may never be kept (passwords, hashes, pictures, telephone
        numbers, government ids, coordinates, and whatever a minor has) but for fixed forms such
        as ids and dates, so that a test can look for it in a store.

    Raises:
        UsageError: a value is out of its range.
    """

    today: date
    batch: int = 500
    pace: float = 0.0
    stop: Event = field(default_factory=Event, repr=False, compare=False)
    as_responses: bool = False
    marker: str | None = None

    def __post_init__(self) -> None:
        Simulation.__post_init__(self)  # super() is of no use in a class remade for its slots
        if self.batch < 1:
            raise UsageError(f"simulator: batch is {self.batch}; give 1 or more.")
        if not 0 <= self.pace < float("inf"):
            raise UsageError(f"simulator: pace is {self.pace:g}; give seconds, 0 or more.")
        self._records()

    @property
    def name(self) -> str:
        """Return the settings that decide which person comes at which position."""
        return self.identity

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        """Yield the records from index `start` on, up to `limit` or until `stop` is set."""
        del fingerprint  # settings that make other records make another name
        records = self._records()
        begin = start
        while self.limit is None or begin < self.limit:
            if self._stopped(first=begin == start):
                return
            # Deliveries end at multiples of `batch` from wherever they start, so that responses
            # after a restart are those of a run from the beginning.
            number = begin // self.batch + 1
            end = (
                number * self.batch if self.limit is None else min(number * self.batch, self.limit)
            )
            indices = range(begin, end)
            if self.as_responses:
                values = self._responses(records, indices, page=number)
            else:
                values = [records.record(index) for index in indices]
            yield Delivery(values=values, position=end)
            begin = end

    def _records(self) -> Records:
        return Records(self, today=self.today, marker=self.marker)

    def _stopped(self, *, first: bool) -> bool:
        return self.stop.is_set() if first or not self.pace else self.stop.wait(self.pace)

    def _responses(self, records: Records, indices: range, *, page: int) -> list[bytes]:
        values: list[bytes] = []
        together: list[bytes] = []
        for index in indices:
            record = records.record(index)
            if not records.breaks_a_response(index):
                together.append(record)
                continue
            if together:
                values.append(response(self.seed, page, together))
                together = []
            values.append(record)
        if together:
            values.append(response(self.seed, page, together))
        return values
