"""What a writer counts is remembered as of a state of its document, and of no other."""

from __future__ import annotations

from profiles.adapters.mongo.documents import Document
from profiles.adapters.mongo.remembered_domains import RememberedDomains, State
from profiles.application.log.records import Writer

WRITER = Writer("a-topic", 0)


def document(*, revision: int = 3, position: int | None = 7) -> Document:
    return {"_id": "a-topic 0", "revision": revision, "position": position}


def test_what_was_counted_is_known_while_nothing_has_changed() -> None:
    remembered = RememberedDomains()
    assert remembered.of(WRITER, document()) is None

    remembered.keep({WRITER: (State(3, 7), {"example.com": 2})})

    assert remembered.of(WRITER, document()) == {"example.com": 2}
    assert remembered.of(Writer("a-topic", 1), document()) is None


def test_what_was_counted_is_not_known_of_another_state() -> None:
    """Somebody else has counted, or the store was put back, or is a new one."""
    remembered = RememberedDomains()
    remembered.keep({WRITER: (State(3, 7), {"example.com": 2})})

    assert remembered.of(WRITER, document(revision=4)) is None
    assert remembered.of(WRITER, document(position=6)) is None
    assert remembered.of(WRITER, None) is None
