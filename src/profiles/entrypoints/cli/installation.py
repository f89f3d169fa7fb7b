"""The options that say where everything is, for commands that look into a whole installation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Final

from profiles.application.errors import LedgerError
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.options import Command
from profiles.entrypoints.composition.installation import DEFAULT_TOPIC, InstallationSettings
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.policy import DEFAULT, PolicySource

_WITHOUT_LEDGER: Final = (
    "The command can't go on without it, because only the ledger says who was erased and whose"
    " processing is restricted."
)
"""What these commands leave: they store nothing of a source, so nobody comes back by them."""


def installation(*of_log: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Give a command options for stores, log and ledger; it gets one argument, `settings`.

    That of its policy, if it has one, is among them.

    of_log: what it has to know of the log beside the cluster: `options.topic`,
        `options.envelope`.
    """

    def give(command: Command) -> Command:
        @wraps(command)
        def with_settings(
            *,
            stores: Sequence[str],
            kafka: str | None,
            data: Path | None,
            ledger: Path | None,
            ledger_topic: str,
            ledger_keys: Path | None,
            topic: str = DEFAULT_TOPIC,
            envelope: str | None = None,
            policy: PolicySource = DEFAULT,
            **others: object,
        ) -> object:
            settings = InstallationSettings(
                stores=read_stores(stores),
                kafka=kafka,
                topic=topic,
                envelope=envelope,
                data=data,
                ledger=LedgerSettings(topic=ledger_topic, file=ledger, keys=ledger_keys),
                policy=policy,
            )
            try:
                return command(settings=settings, **others)
            except LedgerError as error:
                error.consequence = _WITHOUT_LEDGER
                raise

        given: Command = with_settings
        for option in reversed(
            (
                options.store,
                options.some_kafka,
                *of_log,
                options.data,
                options.some_ledger,
                options.ledger_topic,
                options.ledger_keys,
            )
        ):
            given = option(given)
        return given

    return give
