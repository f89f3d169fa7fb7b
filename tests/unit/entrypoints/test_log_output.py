"""What of a library's log reaches standard error: never a value."""

from __future__ import annotations

import io
import logging
from collections.abc import Generator

import pytest

from profiles.entrypoints.log_output import OURS, OnlyTemplates, log_to

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
