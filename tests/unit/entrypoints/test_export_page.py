"""The page of an export shows all of it, as text, and brings nothing else into a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryDecidingStore
from profiles.application.rights.access import Named, PersonExporter
from profiles.domain.ledger_entry import Action
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, Accountability, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.entrypoints.export_page import _LEDGER_ACTIONS, export_page
from tests.strategies import TODAY

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
HOSTILE = '"><script>alert(1)</script><img src="//evil.example">&amp;'

PROFILE: dict[str, Any] = dict.fromkeys(Profile._fields) | {
    "id": ADA,
    "full_name": HOSTILE,
    "city": "مدينة",
    "age": 36,
    "birth_month": "1990-05",
    "as_of": TODAY.isoformat(),
    "expires_at": TODAY.isoformat(),
    "version": 7,
}
RECORD = {
    "log": "topic people",
    "partition": 1,
    "offset": 42,
    "logged_at": "2026-11-23T12:00:00+00:00",
    "deletion": False,
    "person": {"login": {"uuid": ADA, "username": None}, "email": HOSTILE},
    "complete": True,
    "correction": None,
}
NOTHING = {**RECORD, "person": None, "complete": False}


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def document(policy: PrivacyPolicy = DEFAULT_POLICY, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of JSON
    """An export of nothing, but for what is changed."""
    exporter = PersonExporter(
        named=Named(deciding="MongoDB at h/d"),
        store=MemoryDecidingStore(),
        following=None,
        log=None,
        topic=None,
        policy=policy,
    )
    return {**exporter.export(ADA, now=datetime(2026, 11, 23, tzinfo=UTC)), **changed}


def page(policy: PrivacyPolicy = DEFAULT_POLICY, **changed: Any) -> Page:  # noqa: ANN401 - see above
    return Page(export_page(document(policy, **changed)))


def following(profile: dict[str, Any] | None, *, agrees: bool) -> dict[str, Any]:
    return {
        "deciding": {"name": "MongoDB at h/d", "holds": True, "kept_apart": True},
        "following": {
            "name": "Cassandra at h/k",
            "holds": profile is not None,
            "agrees": agrees,
            "profile": profile,
        },
    }


def test_a_page_shows_values_as_text_and_brings_no_script_and_nothing_from_elsewhere() -> None:
    searched = [{"log": "topic people", "partitions": []}]
    shown = page(held=True, profile=PROFILE, log=[RECORD], searched=searched)

    assert shown.open == []
    assert shown.text.count(HOSTILE) == 2
    tags = {tag for tag, _ in shown.tags}
    assert tags.isdisjoint({"script", "img", "link", "a", "iframe", "form", "object"})
    names = {name for _, attributes in shown.tags for name in attributes}
    assert names <= {"lang", "charset", "name", "content", "http-equiv", "scope"}
    assert ("html", {"lang": "en"}) in shown.tags
    assert [tag for tag, _ in shown.tags].count("h1") == 1


@given(st.text())
def test_whatever_is_held_the_page_stays_whole(text: str) -> None:
    shown = page(held=True, profile=PROFILE | {"city": text})

    assert shown.open == []
    assert [t for t, _ in shown.tags] == [t for t, _ in page(held=True, profile=PROFILE).tags]


def test_a_page_shows_each_field_with_its_purpose_and_the_records_of_the_logs() -> None:
    searched = [{"log": "topic people", "partitions": []}, {"log": "another", "partitions": []}]
    shown = page(held=True, profile=PROFILE, log=[RECORD], searched=searched).text

    assert "Held: your profile and 1 record in the logs." in shown
    assert "full name" in shown
    assert "write to the person GDPR Art. 6(1)(b) 365 days" in shown
    assert "topic people, partition 1, offset 42, logged at 2026-11-23T12:00:00+00:00" in shown
    assert f"login.uuid {ADA}" in shown
    assert shown.count("login.username") == 1  # among the fields of the logs
    assert "topic people 1 record another nothing" in shown
    assert "Its sender put more into it" not in shown


def test_what_was_corrected_is_told_and_so_are_the_corrections_in_the_logs() -> None:
    correction = {"set": {"city": HOSTILE, "email": None}, "release": ["full_name"]}
    searched = [{"log": "topic people", "partitions": []}]
    shown = page(
        held=True,
        profile=PROFILE,
        corrected=["city", "birth_date"],
        log=[
            {**NOTHING, "correction": correction},
            {**NOTHING, "correction": {"set": {}, "release": []}},
        ],
        searched=searched,
    ).text

    assert "not changed by later records of the source: city, birth date." in shown
    assert "a correction of your profile" in shown
    assert f"city {HOSTILE}" in shown
    assert "Released full name" in shown


def test_of_records_is_told_that_there_is_more_or_nothing_in_them() -> None:
    searched = [{"log": "topic people", "partitions": []}]
    records = [NOTHING, {**NOTHING, "deletion": True}, {**RECORD, "complete": False}]
    shown = page(held=True, log=records, searched=searched).text

    assert "Held: 3 records in the logs." in shown
    assert "Nothing is read of it." in shown
    assert "It deletes your profile." in shown
    assert "Its sender put more into it" in shown


def test_where_the_id_alone_is_held_the_page_says_so() -> None:
    searched = [{"log": "topic people", "partitions": []}]
    shown = page(held=True, log=[{**NOTHING, "deletion": True}], searched=searched).text

    assert "Held: your id, and nothing else of you, in 1 record in the logs" in shown


def test_where_nothing_is_held_the_page_says_so_plainly() -> None:
    shown = page().text

    assert "Nothing is held of this id, in any of the places below." in shown
    assert "MongoDB at h/d nothing" in shown
    assert "Your profile" not in shown
    assert "Controller not named in the privacy policy" in shown
    assert "Complain to a supervisory authority" in shown


def test_who_answers_and_who_receives_is_told() -> None:
    accountability = Accountability(
        controller="Shop Ltd",
        contact="privacy@shop.example",
        recipients=("Post", "Bank"),
        transfers=("CH",),
    )
    shown = page(PrivacyPolicy(accountability=accountability)).text

    assert "Controller Shop Ltd Contact privacy@shop.example Recipients Post; Bank" in shown
    assert "Transfers to third countries CH" in shown


def test_a_following_store_that_has_something_else_is_shown_beside() -> None:
    other = page(held=True, profile=PROFILE, stores=following(PROFILE, agrees=False)).text
    same = page(held=True, profile=PROFILE, stores=following(PROFILE, agrees=True)).text
    lost = page(held=True, profile=PROFILE, stores=following(None, agrees=False)).text
    alone = page(held=True, stores=following(PROFILE, agrees=False)).text

    assert "Cassandra at h/k your profile, and not the same as the first store" in other
    assert "What Cassandra at h/k holds" in other
    assert "not the same" not in same
    assert "Cassandra at h/k nothing, and not the same as the first store" in lost
    assert "What Cassandra at h/k holds" not in lost
    assert "Held: a copy of your profile." in alone


def test_a_page_lists_what_the_ledger_says_though_nothing_is_held() -> None:
    entry = {
        "number": 7,
        "action": "suppress",
        "reason": "no-longer-necessary",
        "at": "2026-11-23T12:00:00+00:00",
        "deadline": "2026-12-23",
        "refers": None,
        "recipient": None,
    }
    told = {**entry, "number": 8, "action": "notify", "refers": 7, "recipient": HOSTILE}

    shown = page(ledger=[entry, told])

    assert "Nothing is held of this id" in shown.text
    assert "The erasure ledger has entries about it" in shown.text
    assert "you were erased, and are not stored again no longer necessary" in shown.text
    assert "a recipient was told" in shown.text
    assert HOSTILE in shown.text
    assert "Your requests" not in page(ledger=[]).text


def test_a_page_has_words_for_all_that_a_ledger_can_say() -> None:
    assert {action.value for action in Action} == _LEDGER_ACTIONS.keys()
