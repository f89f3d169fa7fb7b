"""The operator's policy through the command line: set, refused in one sentence, shown."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.patience import PATIENCE_S

SOURCE = "simulator:seed=1,limit=60,minors=0.1"
SECRET = "NEVERSHOWN" * 4


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out.splitlines()[-1]))


Profiles = Callable[..., Done]


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """Run the command in an empty folder, as a user would."""

    def run(*arguments: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "profiles", *arguments],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def configure(tmp_path: Path) -> Callable[[str], None]:
    """Write a policy into the configuration file, with a key beside it."""
    key = tmp_path / "k1"
    key.touch(mode=0o600)
    key.write_text(SECRET + "\n")

    def write(policy: str) -> None:
        (tmp_path / "profiles.toml").write_text(f"[policy]\n{policy}\n")

    return write


def rows(store: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM users")]


def test_every_job_and_report_uses_the_configured_policy(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path
) -> None:
    configure(
        'minimum_age = 30\nemail = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }\n'
        'drop = ["city"]\nretention = "90d"\npurpose = { email = "answer questions" }'
    )

    done = profiles("run", "--source", SOURCE, "--store", "sqlite:///p.db", "--once")

    assert done.code == 0, done.err
    held = rows(tmp_path / "p.db")
    assert len(held) == done.document["stored"] > 0
    assert done.document["withheld"] > 6
    assert min(row["age"] for row in held) >= 30
    assert {row["city"] for row in held} == {None}
    assert {str(row["email"])[:3] for row in held} == {"k1:"}
    exported = profiles("export", held[0]["id"], "--store", "sqlite:///p.db")
    assert "answer questions" in exported.out
    assert profiles("verify", "--store", "sqlite:///p.db").code == 0
    examined = profiles("doctor", "--store", "sqlite:///p.db")
    assert any(c["found"] == "pseudonymised" for c in examined.document["checks"])
    for secret_free in (done, exported, examined):
        assert "NEVERSHOWN" not in secret_free.out + secret_free.err


def test_a_file_of_its_own_takes_the_place_of_the_configured_policy(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path
) -> None:
    configure("minimum_age = 30")
    (tmp_path / "strict.toml").write_text("[policy]\nminimum_age = 60\n")

    shown = profiles("policy", "--policy", "strict.toml", "--json")

    lines = {line["setting"]: line for line in shown.document["settings"]}
    assert lines["minimum_age"] == {
        "setting": "minimum_age",
        "value": 60,
        "default": 18,
        "origin": "strict.toml",
        "differs": True,
    }


def test_the_policy_in_force_is_shown_field_by_field(
    profiles: Profiles, configure: Callable[[str], None]
) -> None:
    configure('minimum_age = 21\ndrop = ["city"]\nretention = { email = "30d" }')

    shown = profiles("policy")

    assert shown.code == 0
    assert "set in profiles.toml" in shown.out
    assert "default: 365d" in " ".join(shown.out.split())
    (city,) = [line for line in shown.out.splitlines() if line.startswith("city ")]
    assert city.split()[1] == "dropped"
    assert "30 days after its record" in " ".join(shown.out.split())


def test_a_lowered_minimum_age_is_said_aloud(
    profiles: Profiles, configure: Callable[[str], None]
) -> None:
    configure("minimum_age = 16")
    profiles("run", "--source", SOURCE, "--store", "sqlite:///p.db", "--once")

    shown = profiles("policy")
    examined = profiles("doctor", "--store", "sqlite:///p.db")

    assert "admits minors from 16 years on" in " ".join(shown.out.split())
    assert any("admits minors from 16 years on" in c["found"] for c in examined.document["checks"])


def test_without_a_policy_the_default_is_shown(profiles: Profiles) -> None:
    shown = profiles("policy")

    assert shown.code == 0
    assert "the default." in shown.out


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("minimum-age = 18", "profiles.toml: [policy] minimum-age is no setting of a policy"),
        ('minimum_age = "18"', "profiles.toml: [policy] minimum_age is a number of whole years"),
        ("zone = 2026-11-26", "profiles.toml: a setting in [policy] is a date or time"),
        ('fields = ["password"]', "[policy] fields names 'password', which no profile has"),
        ('email = "pseudonymise"', "[policy] email_key is missing; name the key"),
        ('email_keys = "k1"', "[policy] email_keys is a table of files"),
        ('email_keys = { k2 = "k2" }', "/k2, named by the key k2 of [policy], can't be read"),
        ('email_keys = { "k 2" = "k1" }', "/k1 can't be used: a key id has 1 to 32"),
    ],
)
def test_a_policy_that_can_not_be_is_refused_in_one_sentence(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path, policy: str, said: str
) -> None:
    configure(policy)

    for command in (
        ("policy",),
        ("run", "--source", SOURCE, "--store", "sqlite:///p.db", "--once"),
    ):
        refused = profiles(*command)
        assert refused.code == 2
        assert refused.err.startswith("Error: ")
        assert said in refused.err
        assert refused.err.count("\n") == 1
        assert "NEVERSHOWN" not in refused.err
    assert not (tmp_path / "p.db").exists()


def test_a_key_that_others_can_read_is_refused(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path
) -> None:
    configure('email = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }')
    (tmp_path / "k1").chmod(0o640)

    refused = profiles("policy")

    assert refused.code == 2
    assert "may be opened by others than its owner" in refused.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no table [policy]"),
        ("minimum_age = 18", "has 'minimum_age' beside [policy]"),
        ("policy = 1", "has a policy that is no table"),
        ("[policy", "is no TOML file"),
    ],
)
def test_a_file_that_has_no_policy_alone_is_refused(
    profiles: Profiles, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "strict.toml").write_text(text)

    refused = profiles("policy", "--policy", "strict.toml")

    assert refused.code == 2
    assert said in refused.err


def test_a_file_that_is_not_there_is_named(profiles: Profiles) -> None:
    refused = profiles("policy", "--policy", "absent.toml")

    assert refused.code == 2
    assert "absent.toml can't be read" in refused.err


# Another policy than before ----------------------------------------------------------------------

RUN = ("run", "--source", SOURCE, "--store", "sqlite:///p.db", "--once")


def remembered(store: Path) -> list[tuple[str, int, list[str]]]:
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT event, settings, weaker FROM policies ORDER BY number")
        return [
            (event, json.loads(settings)["minimum_age"], json.loads(weaker))
            for event, settings, weaker in rows
        ]


def test_another_policy_is_told_and_remembered_and_a_weaker_one_has_to_be_meant(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path
) -> None:
    store = tmp_path / "p.db"
    profiles(*RUN)
    configure("minimum_age = 40")

    stricter = profiles(*RUN)

    assert stricter.code == 0
    assert "The policy changes minimum_age from 18 to 40" in " ".join(stricter.err.split())
    assert remembered(store) == [("adopted", 18, []), ("adopted", 40, [])]

    configure("minimum_age = 16")
    examined = profiles("doctor", "--store", "sqlite:///p.db")
    refused = profiles(*RUN)

    assert examined.code == 1
    assert any("minimum_age from 40 to 16" in c["found"] for c in examined.document["checks"])
    assert refused.code == 2
    assert "minimum_age from 40 to 16" in refused.err
    assert len(remembered(store)) == 2

    accepted = profiles(*RUN, "--accept-policy-change")

    assert accepted.code == 0
    assert remembered(store)[-1] == ("adopted", 16, ["minimum_age"])
    assert profiles(*RUN).code == 0
    assert len(remembered(store)) == 3


# Applied to what is held -------------------------------------------------------------------------

APPLY = ("apply-policy", "--store", "sqlite:///p.db")


def test_what_is_held_is_brought_under_another_policy_and_that_is_proved(
    profiles: Profiles, configure: Callable[[str], None], tmp_path: Path
) -> None:
    profiles(*RUN)
    before = rows(tmp_path / "p.db")
    configure(
        'minimum_age = 30\nemail = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }\n'
        'drop = ["city"]\nretention = "90d"'
    )

    dry = profiles(*APPLY, "--dry-run")

    assert dry.code == 0, dry.err
    assert rows(tmp_path / "p.db") == before
    assert profiles("verify", "--store", "sqlite:///p.db").code == 1

    done = profiles(*APPLY)

    assert done.code == 0, done.err
    after = rows(tmp_path / "p.db")
    young = sum(row["age"] < 30 for row in before)
    assert len(after) == len(before) - young
    assert {row["city"] for row in after} == {None}
    assert {str(row["email"])[:3] for row in after} == {"k1:"}
    versions = {row["id"]: row["version"] for row in before}
    assert all(row["version"] == versions[row["id"]] + 1 for row in after)
    document = done.document
    assert dry.document == {**document, "dry_run": True}
    assert (document["held"], document["finished"]) == (len(before), True)
    assert sum(document["deleted"].values()) == young
    assert document["email_keys"] == {"k1": len(after)}
    assert "would be" not in done.err
    proved = profiles("verify", "--store", "sqlite:///p.db")
    assert proved.code == 0, proved.out
    assert profiles(*APPLY).document["changed"] == 0

    for file in (tmp_path / "p.db", tmp_path / "p.db-wal"):
        content = file.read_bytes() if file.exists() else b""
        assert not any(str(row["email"]).encode() in content for row in before)
    assert profiles(*RUN).code == 0


def test_a_weaker_policy_is_not_applied_by_accident(
    profiles: Profiles, configure: Callable[[str], None]
) -> None:
    profiles(*RUN)
    configure("minimum_age = 16")

    refused = profiles(*APPLY)

    assert refused.code == 2
    assert "minimum_age from 18 to 16" in refused.err
    assert profiles(*APPLY, "--accept-policy-change").code == 0


def test_a_store_that_is_not_there_is_not_made(profiles: Profiles, tmp_path: Path) -> None:
    refused = profiles(*APPLY)

    assert refused.code == 2
    assert "There is no profile store" in refused.err
    assert not (tmp_path / "p.db").exists()


# Records of processing ---------------------------------------------------------------------------


def test_the_records_of_processing_follow_policy_and_configuration(
    profiles: Profiles, configure: Callable[[str], None]
) -> None:
    configure(
        'controller = "Example Ltd"\ncontact = "dpo@example.com"\nminimum_age = 16\n'
        'email = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }'
    )
    pipeline = ("--store", "mongodb://writer@h/d?tls=true", "--kafka", "me@h:9092", "--k", "7")

    read = profiles("records", *pipeline)
    document = profiles("records", *pipeline, "--json").document

    assert (read.code, read.err) == (0, "")
    assert read.out.startswith("# Records of processing activities\n")
    assert "**Note.** The policy admits minors from 16 years on" in read.out
    assert "| Controller | Example Ltd |" in read.out
    assert "multiple of 7" in read.out
    assert "the key k1" in read.out
    assert "NEVERSHOWN" not in read.out
    assert "writer" not in read.out
    assert document["contact"] == "dpo@example.com"
    assert document["missing"] == []
    assert {"where", "what", "erased"} == set(document["places"][0])


def test_records_that_lack_something_are_printed_and_say_so(profiles: Profiles) -> None:
    read = profiles("records")

    assert read.code == 0
    assert "- **Missing.** No contact is named" in read.out
    assert read.err == (
        "These records are not complete. No controller is named: set controller in [policy]. No"
        " contact is named: set contact in [policy]. No store is named: say where profiles live"
        " with --store. Then print them again.\n"
    )
