from __future__ import annotations

import pickle
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from profiles.application.errors import LedgerError
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.composition.ledgers import LedgerSettings

STORE = "sqlite:///held.db"
got: list[InstallationSettings] = []


@click.command()
@installation()
def look(*, settings: InstallationSettings) -> None:
    got.append(settings)


@click.command()
@installation(options.topic, options.envelope)
def look_into_log(*, settings: InstallationSettings) -> None:
    got.append(settings)


@pytest.fixture(autouse=True)
def nothing_yet() -> None:
    got.clear()


def test_a_command_gets_all_options_as_one() -> None:
    arguments = ["--store", STORE, "--data", "folder", "--ledger", "l", "--ledger-keys", "k"]
    more = ["--kafka", "one:9092", "--ledger-topic", "entries"]

    assert CliRunner().invoke(look, [*arguments, *more]).exit_code == 0

    assert got == [
        InstallationSettings(
            stores=read_stores([STORE]),
            kafka="one:9092",
            data=Path("folder"),
            ledger=LedgerSettings(topic="entries", file=Path("l"), keys=Path("k")),
        )
    ]


def test_a_command_that_reads_the_log_is_told_more_of_it() -> None:
    arguments = ["--store", STORE, "--topic", "people", "--envelope", "debezium"]

    assert CliRunner().invoke(look_into_log, arguments).exit_code == 0

    assert [(settings.topic, settings.envelope) for settings in got] == [("people", "debezium")]


def test_without_the_ledger_it_is_not_said_that_nothing_was_stored() -> None:
    @click.command()
    @installation()
    def answer(*, settings: InstallationSettings) -> None:
        raise LedgerError(str(settings.data), "is missing", "Restore it.")

    with pytest.raises(LedgerError) as raised:
        CliRunner().invoke(answer, ["--store", STORE, "--data", "folder"], catch_exceptions=False)

    assert str(raised.value) == (
        "The erasure ledger folder is missing. The command can't go on without it, because only the"
        " ledger says who was erased and whose processing is restricted. Restore it."
    )
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301 - our own


def test_what_a_command_does_not_look_at_cannot_be_said() -> None:
    refused = CliRunner().invoke(look, ["--store", STORE, "--topic", "people"])

    assert refused.exit_code == 2
    assert "No such option" in refused.output
    assert got == []
