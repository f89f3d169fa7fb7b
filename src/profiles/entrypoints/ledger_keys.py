"""The keys of the erasure ledger: a file that nobody but its owner may open."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from profiles.domain.errors import UsageError
from profiles.domain.pseudonym import MINIMUM_KEY_LENGTH, PseudonymKey
from profiles.entrypoints.secrets import text_of_secret_file

_NAMED_BY: Final = "the file of the ledger's keys (--ledger-keys)"
_FIRST: Final = "k1"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with a key in each line, oldest first: its id, a space, and its secret.

    It can be pickled, as it holds no key. Lines that begin with `#` are comments.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name the place, as a part of a sentence."""
        return str(self.path)

    def read(self) -> Sequence[PseudonymKey]:
        """Read the keys; none where there is no file.

        Raises:
            UsageError: it can't be read, others may open it, or a line has another form. Nothing of
                a line is repeated.
        """
        if self._is_missing():
            return ()
        keys: dict[str, PseudonymKey] = {}
        lines = text_of_secret_file(self.path, _NAMED_BY).splitlines()
        for number, line in enumerate(lines, 1):
            name, *rest = line.split(maxsplit=1) or ("#",)
            if name.startswith("#"):
                continue
            try:
                key = PseudonymKey(id=name, secret="".join(rest).strip().encode())
            except ValueError:
                raise UsageError(
                    f"{self.path}: line {number} has another form than an id of 1 to 32 ASCII"
                    f" letters, digits, '-' or '_', a space, and a secret of {MINIMUM_KEY_LENGTH}"
                    " characters or more; correct it."
                ) from None
            if name in keys:
                raise UsageError(
                    f"{self.path}: line {number} has the id of an earlier key; give the new one"
                    " another."
                )
            keys[name] = key
        return tuple(keys.values())

    def _is_missing(self) -> bool:
        """Tell whether nothing is there; not whether it can be seen."""
        try:
            self.path.stat()
        except OSError as failure:
            return isinstance(failure, FileNotFoundError)
        return False

    def make(self) -> None:
        """Make the file, with a first key; one that is there stays as it is.

        It gets its name when it is complete, so whoever finds it finds a key in it.

        Raises:
            UsageError: it can't be made.
        """
        line = f"{_FIRST} {secrets.token_hex(MINIMUM_KEY_LENGTH)}\n"
        try:
            descriptor, name = mkstemp(prefix=f"{self.path.name}.", dir=self.path.parent)
            unnamed = Path(name)
            try:
                with os.fdopen(descriptor, "w") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(descriptor)
                os.link(unnamed, self.path)  # unlike a renaming, it takes nobody's place
                _keep_name(self.path)
            finally:
                unnamed.unlink()
        except FileExistsError:  # another process was first, or somebody wrote comments only
            return
        except OSError as failure:
            raise UsageError(
                f"{self.path}, {_NAMED_BY}, can't be made ({failure.strerror}); make it yourself,"
                " or name another."
            ) from None
        _logger.warning(
            "Made %s with the first key of the erasure ledger. Keep a copy apart from the data, and"
            " put it where every job reads it: without it none stores anything.",
            self.path,
        )


def _keep_name(path: Path) -> None:
    """Have the folder on the disk, too, so that the key does not vanish with the power."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class NoKeyFile:
    """No file was named."""

    name: str = "any file, as none is named with --ledger-keys"

    def read(self) -> Sequence[PseudonymKey]:
        """Read none."""
        return ()

    def make(self) -> None:
        """Make none."""
