"""What may not be kept is in no byte of what a run leaves: files, output, error messages.

The real command runs as a process; then every file of its folder is read whole, whatever SQLite
means by its content.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from profiles.adapters.simulator import Simulator
from tests.support.patience import PATIENCE_S

AS_OF = date(2026, 11, 23)
MARKER = "Qz7plantedXk"

ADULT = "0a0a0a0a-0000-4000-8000-00000000a001"
MINOR = "0b0b0b0b-0000-4000-8000-00000000b002"
MALFORMED_MINOR = "0c0c0c0c-0000-4000-8000-00000000c003"
MALFORMED = "0d0d0d0d-0000-4000-8000-00000000d004"

FORBIDDEN = {
    "login.password": "correct-horse-battery",
    "login.salt": "Sa1tPl4ntd",
    "login.md5": "5d41402abc4b2a76b9719d911017c592",
    "login.sha1": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
    "login.sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "phone": "0151-5550199",
    "cell": "0163-5550188",
    "id.name": "PlantedSSN",
    "id.value": "078-05-1120",
    "picture.large": "https://pictures.example/large/91.jpg",
    "picture.medium": "https://pictures.example/medium/91.jpg",
    "picture.thumbnail": "https://pictures.example/thumbnail/91.jpg",
    "location.coordinates.latitude": "-48.151623",
    "location.coordinates.longitude": "117.420815",
    "location.timezone.description": "Planted Timezone",
    "foreign": "Planted Foreign",
}


def person(identity: str, *, born: str, planted: Mapping[str, Any]) -> dict[str, Any]:
    """Make a person who has every field, all that is forbidden included."""
    made: dict[str, Any] = {
        "gender": "female",
        "name": {"title": "Ms", "first": "Ordinary", "last": "Adult"},
        "location": {
            "street": {"number": 12, "name": "Strandvejen"},
            "city": "Hellerup",
            "state": "Hovedstaden",
            "country": "Denmark",
            "postcode": 2900,
            "coordinates": {},
            "timezone": {"offset": "+1:00"},
        },
        "email": "ordinary.adult@example.com",
        "login": {"uuid": identity, "username": "orangefrog42"},
        "dob": {"date": f"{born}T03:04:05.678Z", "age": 0},
        "registered": {"date": "2015-03-02T10:11:12.131Z", "age": 11},
        "id": {},
        "picture": {},
        "nat": "DK",
    }
    for path, value in (FORBIDDEN | dict(planted)).items():
        *parents, key = path.split(".")
        place = made
        for parent in parents:
            place = place[parent]
        place[key] = value
    return made


def personal(name: str) -> dict[str, str]:
    """Put a name into every field that an adult's record may have."""
    return {
        "name.title": f"{name}title",
        "name.first": f"{name}first",
        "name.last": f"{name}last",
        "location.street.name": f"{name}street",
        "location.city": f"{name}city",
        "location.state": f"{name}state",
        "location.country": f"{name}country",
        "location.postcode": f"{name}postcode",
        "email": f"{name}mail@{name}domain.example",
        "login.username": f"{name}username",
    }


PERSONS = [
    person(ADULT, born="1985-03-14", planted=personal("grownup")),
    person(MINOR, born="2008-11-24", planted=personal("youngster")),  # of age tomorrow
    person(MALFORMED_MINOR, born="2012-06-07", planted=personal("kid") | {"nat": ["kidnat"]}),
    person(
        MALFORMED, born="1970-01-02", planted=personal("broken") | {"location.city": {"broken": 1}}
    ),
]
OF_NOBODY = [
    *FORBIDDEN.values(),
    *("youngster", "kid", "broken", MINOR, MALFORMED_MINOR, MALFORMED),
    *("2008-11", "2012-06", "1970-01"),
]


class Run:
    """A run of the command in a folder, and all the bytes that it leaves."""

    def __init__(self, folder: Path, source: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.store = folder / "profiles.db"
        self.command = [sys.executable, "-m", "profiles", "--debug", "run", "--once"]
        self.command += [
            f"--as-of={AS_OF}",
            f"--source={source}",
            f"--store=sqlite:///{self.store}",
        ]
        self.code = -1
        self.output = b""

    def finish(self) -> Run:
        done = subprocess.run(self.command, capture_output=True, timeout=PATIENCE_S, check=False)
        self.code, self.output = done.returncode, done.stdout + done.stderr
        return self

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


def written(text: str) -> Iterable[bytes]:
    """Write a text in every way in which it could stand in a file."""
    yield text.encode()
    yield text.encode("utf-16-le")
    yield text.replace("-", "").encode()
    yield text.encode().hex().encode()
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
        yield digest
        yield digest.hex().encode()


def found(texts: Iterable[str], places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """List which texts stand where; upper and lower case make no difference."""
    lowered = {place: data.lower() for place, data in places.items()}
    return [
        (text, place)
        for text in texts
        for form in written(text)
        for place, data in lowered.items()
        if form.lower() in data
    ]


def write_lines(path: Path, records: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    """Give a file in which everything that may never be kept is marked."""
    simulator = Simulator(
        seed=11,
        limit=3_000,
        minors=0.2,
        boundary=0.1,
        hostile=0.2,
        duplicates=0.05,
        updates=0.2,
        today=AS_OF,
        marker=MARKER,
    )
    path = tmp_path / "persons.jsonl"
    with path.open("wb") as file:
        for delivery in simulator.deliveries():
            file.writelines(value + b"\n" for value in delivery.values)
    assert path.read_bytes().count(MARKER.encode()) > 10_000
    return path


def test_nothing_that_is_marked_is_found_after_a_run(simulated: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run", simulated).finish()

    tally = json.loads(run.output.splitlines()[0])
    assert run.code == 0
    assert tally["stored"] + tally["superseded"] > 1_000
    assert tally["withheld"] > 500
    assert tally["rejected"] > 200
    assert set(run.files()) == {"profiles.db", "log.sqlite", "ledger.sqlite"}
    assert found([MARKER], run.files() | {"output": run.output}) == []


def test_nothing_that_is_marked_is_found_while_a_run_is_under_way(
    simulated: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run", simulated)
    run.command.remove("--once")  # so that it stays to be killed
    process = subprocess.Popen(run.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    waiting = run.folder / "profiles.db-wal"
    deadline = time.monotonic() + PATIENCE_S
    while not (waiting.is_file() and waiting.stat().st_size > 200_000):
        assert process.poll() is None
        assert time.monotonic() < deadline
    process.kill()
    output, errors = process.communicate()

    files = run.files()
    assert {"profiles.db-wal", "profiles.db-shm", "log.sqlite-wal"} <= set(files)
    assert found([MARKER], files | {"output": output + errors}) == []


@pytest.mark.parametrize("whole_response", [False, True], ids=["persons", "response"])
def test_an_adult_is_found_where_that_person_belongs_and_nobody_else_anywhere(
    tmp_path: Path, *, whole_response: bool
) -> None:
    records = [{"results": PERSONS, "info": {"seed": "s"}}] if whole_response else PERSONS

    run = Run(tmp_path / "run", write_lines(tmp_path / "persons.jsonl", records)).finish()

    assert json.loads(run.output.splitlines()[0])["reasons"] == {"minor": 2, "type": 1}
    files = run.files()
    assert found(OF_NOBODY, files | {"output": run.output}) == []
    with closing(sqlite3.connect(run.store)) as connection:
        rows = connection.execute("SELECT id, full_name, email FROM users").fetchall()
    assert rows == [(ADULT, "grownupfirst grownuplast", "grownupmail@grownupdomain.example")]
    assert b"grownuplast" in files["profiles.db"]
    assert b"grownuplast" in files["log.sqlite"]
    assert found(["grownup", ADULT], {"ledger": files["ledger.sqlite"], "output": run.output}) == []
    # A profile has the month of birth only; the log may have the day, and nobody the time.
    assert found(["1985-03-14"], {"store": files["profiles.db"]}) == []
    assert b"1985-03-14" in files["log.sqlite"]
    assert b"03:04:05" not in b"".join(files.values())


def test_quarantine_tells_places_in_our_schema_and_no_value(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", write_lines(tmp_path / "persons.jsonl", PERSONS)).finish()

    with closing(sqlite3.connect(run.store)) as connection:
        rows = connection.execute("SELECT reason, path, expected FROM quarantine").fetchall()
    assert rows == [("type", "location.city", "text or null")]


def test_what_was_replaced_is_in_no_byte_of_the_store(tmp_path: Path) -> None:
    moved = person(ADULT, born="1985-03-14", planted=personal("moved"))
    first = write_lines(tmp_path / "first.jsonl", PERSONS)
    second = write_lines(tmp_path / "second.jsonl", [moved])
    Run(tmp_path / "run", first).finish()

    run = Run(tmp_path / "run", second).finish()

    files = run.files()
    del files["log.sqlite"]  # it keeps its records for 24 hours
    assert found(["grownup"], files) == []
    assert b"movedlast" in files["profiles.db"]


def test_an_error_of_the_store_shows_no_value_even_with_debug(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "persons.jsonl", PERSONS)
    run = Run(tmp_path / "run", tmp_path / "empty.jsonl")
    (tmp_path / "empty.jsonl").touch()
    run.finish()
    with closing(sqlite3.connect(run.store)) as connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON users"
            " BEGIN SELECT RAISE(ABORT, 'no room for grownup'); END"
        )

    run = Run(tmp_path / "run", source).finish()

    assert run.code == 1
    assert b"Error: " in run.output
    assert found([*OF_NOBODY, "grownup", ADULT], {"output": run.output}) == []
