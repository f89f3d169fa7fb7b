"""The operator's privacy policy: from the table `[policy]` of a file, with its keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from profiles.domain.errors import UsageError
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.policy_settings import read_policy
from profiles.domain.pseudonym import PseudonymKey
from profiles.entrypoints.secrets import secret_in_file
from profiles.entrypoints.settings import read_toml

TABLE: Final = "policy"
KEYS: Final = "email_keys"
"""The setting that says where keys of pseudonyms lie; the policy itself knows their ids only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """Where a policy comes from; it can be pickled and holds no key.

    settings: what the operator has set, as a JSON object.
    keys: ids of pseudonym keys, with the files that hold them.
    origin: the file that has the table, or None where there is none.
    accept_change: whether a store may be written under it that was written under a stricter one.
    """

    settings: str = "{}"
    keys: tuple[tuple[str, Path], ...] = ()
    origin: Path | None = None
    accept_change: bool = False

    @classmethod
    def of_table(cls, path: Path, table: object) -> PolicySource:
        """Take a table as it stands in a configuration file.

        Paths of keys are relative to the file.

        Raises:
            UsageError: what it says makes no policy.
        """
        if not isinstance(table, Mapping):
            raise UsageError(f"{path} has a {TABLE} that is no table; begin it with [{TABLE}].")
        settings = {name: value for name, value in table.items() if name != KEYS}
        try:
            written = json.dumps(settings)
        except TypeError:  # TOML has dates and times
            raise UsageError(
                f"{path}: a setting in [{TABLE}] is a date or time, which none of them is; put it"
                " into quotes, or leave it out."
            ) from None
        source = cls(settings=written, keys=_key_files(path, table.get(KEYS, {})), origin=path)
        source.read()
        return source

    def set_by_operator(self) -> dict[str, Any]:
        """Return the settings that the operator has made."""
        settings: dict[str, Any] = json.loads(self.settings)
        return settings

    def read(self) -> PrivacyPolicy:
        """Read the policy, and the keys from their files.

        Raises:
            UsageError: a key can't be read, or the settings make no policy.
        """
        keys = self.read_keys()
        try:
            return read_policy(self.set_by_operator(), keys)
        except UsageError as error:
            text = str(error).rstrip(".")
            raise UsageError(f"{self.origin}: [{TABLE}] {text}.") from None

    def read_keys(self) -> list[PseudonymKey]:
        """Read all keys from their files, those of earlier pseudonyms included.

        Raises:
            UsageError: a key can't be read.
        """
        return [_key(name, path) for name, path in self.keys]

    def text(self) -> str:
        """Write it as a file that `policy_file` reads; paths of keys are absolute there."""
        settings = self.set_by_operator()
        if self.keys:
            settings[KEYS] = {name: str(path) for name, path in self.keys}
        lines = [f"{_toml(name)} = {_toml(value)}\n" for name, value in settings.items()]
        return "".join([f"[{TABLE}]\n", *lines])


DEFAULT: Final = PolicySource()
"""The default policy, whole."""


def policy_file(path: Path) -> PolicySource:
    """Read a file that has nothing but a policy, in its table `[policy]`.

    Raises:
        UsageError: it can't be read, has anything else, or what it says makes no policy.
    """
    document = read_toml(path)
    if others := [name for name in document if name != TABLE]:
        raise UsageError(
            f"{path} has {others[0]!r} beside [{TABLE}]; a policy's file has that table alone."
        )
    if TABLE not in document:
        raise UsageError(f"{path} has no table [{TABLE}]; begin the policy's settings with it.")
    return PolicySource.of_table(path, document[TABLE])


def _key_files(path: Path, table: object) -> tuple[tuple[str, Path], ...]:
    if not isinstance(table, Mapping) or not all(isinstance(f, str) for f in table.values()):
        raise UsageError(
            f'{path}: [{TABLE}] {KEYS} is a table of files, written like {{ k1 = "keys/k1" }}.'
        )
    folder = path.parent.absolute()  # Spark's workers run in folders of their own
    return tuple((name, folder / file) for name, file in table.items())


def _key(name: str, path: Path) -> PseudonymKey:
    secret = secret_in_file(path, f"the key {name} of [{TABLE}]")
    try:
        return PseudonymKey(id=name, secret=secret.encode())
    except ValueError as error:
        raise UsageError(f"The key {name} of [{TABLE}] in {path} can't be used: {error}.") from None


def _toml(value: object) -> str:
    """Write a value of JSON as TOML does: only its objects look otherwise."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
