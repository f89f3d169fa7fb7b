"""Settings: a flag, else a variable `PROFILES_*`, else the configuration file, else the default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from profiles.domain.errors import UsageError

DEFAULT_FILE: Final = Path("profiles.toml")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFile:
    """What a configuration file says.

    path: the file, or None where there is none.
    commands: defaults for each command, by the names of its flags.
    general: settings of the command line itself.
    tables: those that are for all commands, by name.
    """

    path: Path | None = None
    commands: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, object] = field(default_factory=dict)
    general: Mapping[str, object] = field(default_factory=dict)


def read_file(
    path: Path | None,
    commands: Mapping[str, frozenset[str]],
    *,
    tables: Collection[str] = (),
    general: Collection[str] = (),
) -> ConfigurationFile:
    """Read a configuration file.

    path: the file, or None for `./profiles.toml` if there is one.
    commands: the settings that each command knows.
    tables: names of tables that are for all commands, and not read here.
    general: settings of the command line itself, at the top of the file.

    Settings at the top of the file are for every command that knows them; a table named for a
    command is for that command. Names are those of the flags.

    Raises:
        UsageError: the file can't be read, or has a name that no command knows.
    """
    if path is None:
        if not DEFAULT_FILE.is_file():
            return ConfigurationFile()
        path = DEFAULT_FILE
    document = read_toml(path)
    shared = {name: document.pop(name) for name in tables if isinstance(document.get(name), dict)}
    own = {
        _name(key): document.pop(key)
        for key in list(document)
        if _name(key) in general and not isinstance(document[key], dict)
    }
    return ConfigurationFile(
        path=path,
        commands={name: _settings(path, document, name, commands) for name in commands},
        tables=shared,
        general=own,
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file in TOML.

    Raises:
        UsageError: it can't be read, or is none.
    """
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as failure:
        raise UsageError(f"{path} can't be read ({failure.strerror}); name another file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        line = _LINE.search(str(failure))
        where = f" (line {line[1]})" if line else ""
        raise UsageError(
            f"{path} is no TOML file in UTF-8{where}; mend it, or name another."
        ) from None


def _settings(
    path: Path,
    document: Mapping[str, Any],
    command: str,
    commands: Mapping[str, frozenset[str]],
) -> dict[str, Any]:
    known_anywhere = frozenset[str]().union(*commands.values())
    shared = {key: value for key, value in document.items() if not isinstance(value, dict)}
    own = document.get(command, {})
    for name, value in document.items():
        if isinstance(value, dict) and name not in commands:
            known = ", ".join(sorted(commands))
            raise UsageError(
                f"{path} has a table [{name}]; there are [policy] and one by command: {known}."
            )
    for settings, allowed in ((shared, known_anywhere), (own, commands[command])):
        for key in settings:
            if _name(key) not in allowed:
                names = ", ".join(sorted(allowed)).replace("_", "-")
                raise UsageError(f"{path} has an unknown setting {key!r}; there are {names}.")
    named = {_name(key): value for key, value in {**shared, **own}.items()}
    return {name: value for name, value in named.items() if name in commands[command]}


def _name(key: str) -> str:
    return key.replace("-", "_")


def seconds(text: str) -> float:
    """Read a duration: a number with `ms`, `s` (or nothing), `m` or `h`.

    Raises:
        UsageError: it is none.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no duration; write it like 5s, 500ms or 2m.")
    return float(match[1]) * _SECONDS[match[2]]


def read_assignments(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read settings written `NAME=VALUE`.

    Raises:
        UsageError: one of them has another form; its value is not repeated.
    """
    pairs = tuple(text.partition("=") for text in texts)
    for name, sign, _ in pairs:
        if not (name and sign):
            raise UsageError("--conf takes NAME=VALUE, like spark.executor.memory=2g.")
    return tuple((name, value) for name, _, value in pairs)
