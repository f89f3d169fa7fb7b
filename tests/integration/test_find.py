"""`profiles find`: requests come with an address, and nothing else of anybody is shown."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_command_line import Done, Profiles, profiles

__all__ = ["profiles"]

STORE = ("--store", "sqlite:///p.db")
ALL_COMPARED: dict[str, list[str]] = {"missing_keys": [], "not_kept": []}
SOURCE = "simulator:seed=1,limit=40"


def rows(store: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM users ORDER BY id")]


@pytest.fixture
def ada(profiles: Profiles, tmp_path: Path) -> dict[str, Any]:
    """Give somebody who is held, among others."""
    assert profiles("run", "--once", "--source", SOURCE, *STORE).code == 0
    return rows(tmp_path / "p.db")[7]


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def test_an_address_from_standard_input_names_its_id_and_nobody_is_no_failure(
    profiles: Profiles, ada: dict[str, Any]
) -> None:
    local, _, domain = str(ada["email"]).partition("@")

    done = profiles("find", "--email", "-", *STORE, stdin=f"{local}@{domain.upper()}\n".encode())
    nobody = profiles("find", "--email", f"no.{local}@{domain}", *STORE)

    assert document(done)["found"] == [{"id": ada["id"], "fields": ["email"], "weaker": []}]
    assert document(done)["more"] == 0
    for value in (ada["email"], ada["full_name"], ada["username"], ada["birth_month"]):
        assert value not in done.out + done.err
    assert done.err == nobody.err == ""
    assert document(nobody) == {"found": [], "more": 0, "looked_at": 40, **ALL_COMPARED}


def test_name_and_month_together_find_someone_and_several_lines_are_read_in_order(
    profiles: Profiles, ada: dict[str, Any]
) -> None:
    lines = f"{ada['username']}\n{ada['full_name'].upper()}\n".encode()
    month = ("--birth-month", ada["birth_month"])

    done = profiles("find", "--name", "-", "--username=-", *month, *STORE, stdin=lines)

    (found,) = document(done)["found"]
    assert found == {
        "id": ada["id"],
        "fields": ["username", "full_name", "birth_month"],
        "weaker": [],
    }


def test_pseudonyms_are_found_with_their_keys_and_missing_keys_are_told(
    profiles: Profiles, tmp_path: Path
) -> None:
    def configure(*keys: str) -> None:
        files = ", ".join(f"{key} = '{key}'" for key in keys)
        (tmp_path / "profiles.toml").write_text(
            f'[policy]\nemail = "pseudonymise"\nemail_key = "{keys[-1]}"\n'
            f"email_keys = {{ {files} }}\n"
        )

    for key in ("k0", "k1"):
        (tmp_path / key).touch(mode=0o600)
        (tmp_path / key).write_text(key * 20)
    sent = "simulator:seed=1,limit=1"
    profiles("run", "--once", "--source", sent, "--store", "sqlite:///plain.db")
    address = rows(tmp_path / "plain.db")[0]["email"]
    configure("k0")
    profiles("run", "--once", "--source", sent, *STORE)
    configure("k0", "k1")

    with_both = profiles("find", "--email", "-", *STORE, stdin=address.encode())
    configure("k1")
    with_one = profiles("find", "--email", "-", *STORE, stdin=address.encode())

    assert len(document(with_both)["found"]) == 1
    assert document(with_both)["missing_keys"] == []
    assert (document(with_one)["found"], document(with_one)["missing_keys"]) == ([], ["k0"])
    assert "Pseudonyms under k0 were not compared" in with_one.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say whom to find"),
        (("PRIVATE@example.com",), "takes no argument"),
        (("--name", "PRIVATE", "--birth-month", "PRIVATE"), "YYYY-MM"),
        (("--email", "-"), "--email is empty"),
    ],
)
def test_wrong_use_gets_one_sentence_that_does_not_repeat_the_value(
    profiles: Profiles, arguments: tuple[str, ...], said: str
) -> None:
    done = profiles("find", *arguments, *STORE, stdin=b"")

    assert done.code == 2
    assert said in done.err
    assert "PRIVATE" not in done.err
    assert (done.out, len(done.err.splitlines())) == ("", 1)


def test_what_is_no_text_is_refused(profiles: Profiles) -> None:
    done = profiles("find", "--email", "-", *STORE, stdin=b"\xff\xfe")

    assert done.code == 2
    assert "is no UTF-8" in done.err
