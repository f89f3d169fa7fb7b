"""What was rejected, as a document that says where and why, and no value."""

from __future__ import annotations

import json
from datetime import timedelta

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.quarantine.listing import list_rejections
from profiles.domain.outcome import Rejected, RejectionReason
from tests.support.histories import ADA, BROKEN, NOW, OTHER_TOPIC, chunk, chunk_of

IN_A_RESPONSE = Rejected(RejectionReason.DATE, "results[17].dob.date", "date YYYY-MM-DD")


def store() -> MemoryDecidingStore:
    made = MemoryDecidingStore()
    made.apply(chunk((ADA, BROKEN), start=5), MemoryLedger())
    later = NOW + timedelta(minutes=1)
    made.apply(
        chunk_of([[(None, IN_A_RESPONSE)]], start=9, partition=OTHER_TOPIC, at=later),
        MemoryLedger(),
    )
    return made


def test_each_is_listed_with_reason_and_place_the_newest_first() -> None:
    document = list_rejections(store().rejections, limit=10)

    assert document == {
        "rejected": 2,
        "only_counted": 0,
        "reasons": {"date": 1, "type": 1},
        "listed": [
            {
                "reason": "date",
                "path": "results[17].dob.date",
                "expected": "date YYYY-MM-DD",
                "topic_id": "another-topic",
                "partition": 0,
                "offset": 9,
                "index": 17,
                "place": None,
                "logged_at": "2026-11-23T12:01:30+00:00",
                "only_counted": 0,
            },
            {
                "reason": "type",
                "path": "location.city",
                "expected": "text or null",
                "topic_id": "a-topic",
                "partition": 0,
                "offset": 5,
                "index": None,
                "place": None,
                "logged_at": "2026-11-23T12:00:30+00:00",
                "only_counted": 0,
            },
        ],
    }
    assert ADA not in json.dumps(document)


def test_a_list_may_be_short_or_about_one_reason_and_the_counts_are_of_all() -> None:
    short = list_rejections(store().rejections, limit=1)
    of_types = list_rejections(store().rejections, limit=10, reason=RejectionReason.TYPE)

    assert [each["offset"] for each in short["listed"]] == [9]
    assert [each["offset"] for each in of_types["listed"]] == [5]
    assert short["reasons"] == of_types["reasons"] == {"date": 1, "type": 1}
