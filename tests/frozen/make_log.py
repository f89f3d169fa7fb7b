"""Freeze the embedded engine's log in the schema of the checkout that runs this; see README.md."""

from __future__ import annotations

import gzip
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from profiles.adapters import codec
from profiles.adapters.simulator import Simulator
from profiles.adapters.sqlite import SqliteLog
from profiles.application.ingest.admission import admit_batch
from tests.frozen.log import FOLDER, NOW, RULES

SOURCE = "jsonl:/persons.jsonl:1:2"
PERSONS = 120
EACH = 20
AHEAD_AT = 2
"""The append for which the clock was ten years ahead."""
AHEAD = timedelta(days=3_653)


def main() -> None:
    """Freeze a log of six appends, the third in the future, with a source read up to somewhere."""
    source = Simulator(seed=26, limit=PERSONS, minors=0.1, hostile=0.1, today=NOW.date())
    (delivery,) = source.deliveries()
    runs = [delivery.values[start : start + EACH] for start in range(0, PERSONS, EACH)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite"
        with closing(SqliteLog.open(path, encode=codec.encode)) as log:
            for number, values in enumerate(runs):
                at = NOW + timedelta(minutes=number) + AHEAD * (number == AHEAD_AT)
                admitted = admit_batch(values, RULES, now=NOW)
                log.append(
                    admitted.persons,
                    admitted.notice,
                    logged_at=at,
                    source=SOURCE,
                    expected=number * EACH,
                    position=(number + 1) * EACH,
                )
        (FOLDER / "log.sqlite.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
