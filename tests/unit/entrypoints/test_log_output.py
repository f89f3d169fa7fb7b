"""What of a library's log reaches standard error: never a value."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from profiles.entrypoints.log_output import (
    FRAMES,
    OURS,
    READER,
    LoggedLines,
    OnlyTemplates,
    json_handler,
    log_to,
    writes_json,
)

PLANTED = "Ada Byron"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown(clock: Clock) -> Generator[io.StringIO]:
    """Give what two loggers show, one of ours and one of a library."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(OnlyTemplates(clock))
    loggers = [logging.getLogger("profiles.test"), logging.getLogger("driver.rows")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)
        logger.propagate = True


DRIVER = logging.getLogger("driver.rows")
OWN = logging.getLogger("profiles.test")


def test_a_library_shows_its_template_and_no_value(shown: io.StringIO) -> None:
    DRIVER.warning("Read %d live rows and %s tombstone cells", 5, PLANTED)

    assert shown.getvalue() == ("WARNING driver.rows: Read %d live rows and %s tombstone cells\n")


def test_a_text_that_was_put_together_before_is_not_shown(shown: io.StringIO) -> None:
    DRIVER.error(f"Error decoding {PLANTED}")
    DRIVER.error("Error decoding " + PLANTED)

    assert PLANTED not in shown.getvalue()
    assert shown.getvalue().count("ERROR driver.rows: (its text is not shown") == 1


def test_an_error_that_is_logged_with_a_line_is_not_shown(shown: io.StringIO) -> None:
    try:
        int(PLANTED)
    except ValueError:
        DRIVER.exception("Error decoding response", stack_info=True)
        OWN.exception("The page failed")

    assert shown.getvalue() == "ERROR driver.rows: Error decoding response\nERROR The page failed\n"


def test_our_own_lines_are_shown_with_their_values(shown: io.StringIO) -> None:
    OWN.warning("Waiting for %s.", "Kafka")
    OWN.warning("Waiting for %s.", "Kafka")

    assert shown.getvalue() == "WARNING Waiting for Kafka.\n" * 2


def test_the_same_line_of_a_library_is_shown_once_in_a_while(
    shown: io.StringIO, clock: Clock
) -> None:
    for clock.now in (0.0, 1.0, 29.9, 30.0, 31.0):
        DRIVER.warning("Host %s is away", PLANTED)

    assert shown.getvalue() == "WARNING driver.rows: Host %s is away\n" * 2


def test_a_message_that_is_no_text_is_not_shown(shown: io.StringIO) -> None:
    DRIVER.warning(ValueError(PLANTED))

    assert PLANTED not in shown.getvalue()


@pytest.mark.parametrize("name", ["cassandra.cluster", "cassandra.pool", "cassandra.connection"])
def test_what_our_own_lines_say_of_connections_is_not_said_twice(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(root, "handlers", [])
    before = root.level, logging.getLogger(OURS).level
    try:
        log_to(logging.StreamHandler(stream))
        logging.getLogger(name).warning("Error attempting to reconnect to %s", PLANTED)
        logging.getLogger(name).error("Unexpected failure of %s", PLANTED)
    finally:
        root.setLevel(before[0])
        logging.getLogger(OURS).setLevel(before[1])
        logging.getLogger(name).setLevel(logging.NOTSET)

    assert stream.getvalue() == f"{name}: Unexpected failure of %s\n"


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Give what the root logger shows as JSON."""
    stream, root = io.StringIO(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    log_to(json_handler(stream))
    return stream


def objects(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_record_is_one_object_of_json_on_a_line(as_json: io.StringIO) -> None:
    OWN.warning("The store is away;\n trying again in %d s. ✓", 3)
    OWN.error("It stays away.")

    first, second = objects(as_json)
    assert list(first) == ["time", "level", "logger", "message"]
    assert (first["level"], first["logger"]) == ("WARNING", "profiles.test")
    assert first["message"] == "The store is away;\n trying again in 3 s. ✓"
    assert second["level"] == "ERROR"
    assert "✓" in as_json.getvalue()


def test_its_time_is_when_it_was_logged_in_utc(as_json: io.StringIO) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    fields = {
        "name": OWN.name,
        "levelno": logging.ERROR,
        "msg": "It stays away.",
        "created": noon.timestamp(),
    }

    OWN.handle(logging.makeLogRecord(fields))

    (record,) = objects(as_json)
    assert datetime.fromisoformat(str(record["time"])) == noon


def test_json_names_the_reader_that_a_record_of_ours_is_of(as_json: io.StringIO) -> None:
    OWN.warning("The store is away.", extra={READER: 2})
    DRIVER.warning("Lost it", extra={READER: 2})

    ours, of_a_library = objects(as_json)
    assert ours[READER] == 2
    assert READER not in of_a_library


def test_json_has_nothing_that_a_library_adds_to_its_records(as_json: io.StringIO) -> None:
    planted = {"document": PLANTED, "level": PLANTED, "logger": PLANTED, "frames": [PLANTED]}
    try:
        int(PLANTED)
    except ValueError:
        DRIVER.warning("Read %s", PLANTED, extra=planted, exc_info=True, stack_info=True)
    DRIVER.warning({"text": PLANTED})

    first, second = objects(as_json)
    assert first["message"] == "driver.rows: Read %s"
    assert list(first) == list(second) == ["time", "level", "logger", "message"]
    assert PLANTED not in as_json.getvalue()


def test_our_own_error_can_say_where_it_came_from(as_json: io.StringIO) -> None:
    logging.getLogger(OURS).error("It failed.", extra={FRAMES: ["line 1", "line 2"]})

    (shown,) = objects(as_json)
    assert shown["frames"] == ["line 1", "line 2"]


def test_whether_the_log_is_json_is_known(
    as_json: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writes_json()
    assert as_json.getvalue() == ""

    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    assert not writes_json()


def test_what_is_written_beside_the_log_is_logged_line_by_line(as_json: io.StringIO) -> None:
    lines = LoggedLines(logging.getLogger(OURS))

    assert lines.writable()
    assert lines.write("The page ") == 9
    lines.write("is at 127.0.0.1.  \n\n100 %d\nnot yet")

    assert [each["message"] for each in objects(as_json)] == ["The page is at 127.0.0.1.", "100 %d"]
    assert {each["level"] for each in objects(as_json)} == {"INFO"}
