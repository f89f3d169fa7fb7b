"""Names of a leak check's own, and how what they name is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.domain.errors import ProfilesError
from profiles.entrypoints.composition.leak_places import Cleaning, Left, own_url, remove_folder


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("sqlite:///profiles.db", "sqlite:////folder/profiles.db"),
        ("sqlite:////data/p.db", "sqlite:////folder/profiles.db"),
        ("mongodb://h:1/profiles?replicaSet=rs0", "mongodb://h:1/own?replicaSet=rs0"),
        ("mongodb://u@h:1/profiles", "mongodb://u@h:1/own?authSource=profiles"),
        ("mongodb://u@h:1/p?tls=true", "mongodb://u@h:1/own?tls=true&authSource=p"),
        ("mongodb+srv://u@h/p?authSource=admin", "mongodb+srv://u@h/own?authSource=admin"),
        ("cassandra://u@h,i:9042/keep?dc=a", "cassandra://u@h,i:9042/own?dc=a"),
    ],
)
def test_a_store_of_its_own_is_reached_as_that_of_the_deployment(url: str, own: str) -> None:
    assert own_url(url, "own", Path("/folder")) == own


def test_what_was_made_last_is_removed_first_and_what_stays_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cleaning, done = Cleaning(), list[str]()

    def fail() -> None:
        raise ProfilesError("no")

    cleaning.later(lambda: done.append("first"), what="A", do="a")
    cleaning.later(fail, what="The topic t", do="Delete it.")
    cleaning.later(lambda: done.append("last"), what="C", do="c")
    cleaning.clean()
    cleaning.clean()

    assert done == ["last", "first"]
    assert cleaning.left == [Left("The topic t", "Delete it.")]
    assert "The topic t could not be removed. Delete it." in caplog.text


def test_a_folder_that_is_not_there_needs_no_removing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()

    remove_folder(made)
    remove_folder(made)

    assert not made.exists()
