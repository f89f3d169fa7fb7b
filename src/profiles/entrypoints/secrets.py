"""Secrets: from a variable, or from a file that nobody but its owner can open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from profiles.domain.errors import UsageError

MONGO_PASSWORD: Final = "PROFILES_MONGO_PASSWORD"  # noqa: S105 - a name
CASSANDRA_PASSWORD: Final = "PROFILES_CASSANDRA_PASSWORD"  # noqa: S105 - a name
KAFKA_PASSWORD: Final = "PROFILES_KAFKA_PASSWORD"  # noqa: S105 - a name
_OTHERS: Final = 0o077


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return a secret, or None where none is set.

    name: of the variable that holds it. With `_FILE` behind it, it is the name of a variable that
        holds the path of a file with the secret in its only line, as container platforms mount
        them.

    Raises:
        UsageError: both are set; the file can't be read, is empty, or others may open it. The
            secret is not repeated.
    """
    value, path = environment.get(name), environment.get(f"{name}_FILE")
    if value and path:
        raise UsageError(f"{name} and {name}_FILE are both set; take one out.")
    return secret_in_file(Path(path), f"{name}_FILE") if path else value or None


def required_secret(name: str, *, of: str) -> str:
    """Return the password of a user.

    of: where the user is named, in words.

    Raises:
        UsageError: none is set, or it can't be read.
    """
    password = secret(name)
    if password is None:
        raise UsageError(
            f"{of} names a user; put the password into the variable {name}, or into a file of mode"
            f" 0600 that {name}_FILE names."
        )
    return password


def lend_secret(name: str, value: str) -> None:
    """Hand a secret to programs that this one starts, wherever it came from."""
    os.environ.pop(f"{name}_FILE", None)
    os.environ[name] = value


def secret_in_file(path: Path, named_by: str) -> str:
    """Return the only line of a file that nobody but its owner may open.

    named_by: what names the file, for errors.

    Raises:
        UsageError: the file can't be read, is empty, or others may open it.
    """
    text = text_of_secret_file(path, named_by)
    if not (line := text.removesuffix("\n").removesuffix("\r")):
        raise UsageError(f"{path}, named by {named_by}, is empty; write the secret into it.")
    return line


def text_of_secret_file(path: Path, named_by: str) -> str:
    """Return the text of a file that nobody but its owner may open.

    named_by: what names the file, for errors.

    Raises:
        UsageError: the file can't be read, or others may open it.
    """
    what = f"{path}, named by {named_by},"
    try:
        with path.open("rb") as file:
            others = os.fstat(file.fileno()).st_mode & _OTHERS
            content = b"" if others else file.read()
        text = content.decode()
    except OSError as failure:
        raise UsageError(f"{what} can't be read ({failure.strerror}).") from None
    except UnicodeDecodeError:
        raise UsageError(f"{what} is no text in UTF-8.") from None
    if others:
        raise UsageError(f"{what} may be opened by others than its owner; run chmod 600 {path}.")
    return text
