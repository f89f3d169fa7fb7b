"""Which format of the log is asked for."""

from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.cli.logging_options import configured_format, format_asked_for
from profiles.entrypoints.log_output import LogFormat

VARIABLE = "PROFILES_LOG_FORMAT"


@pytest.mark.parametrize(
    ("arguments", "variable", "asked"),
    [
        (["run"], None, LogFormat.TEXT),
        (["run"], "json", LogFormat.JSON),
        (["--log-format", "json", "run"], None, LogFormat.JSON),
        (["--log-format=json", "run"], None, LogFormat.JSON),
        (["--log-format=text", "run"], "json", LogFormat.TEXT),
        (["--log-format", "text", "run"], "json", LogFormat.TEXT),
        (["--log-format", "xml", "run"], None, LogFormat.TEXT),
        (["run", "--log-format"], None, LogFormat.TEXT),
    ],
)
def test_an_option_beats_the_variable_and_text_is_the_default(
    arguments: list[str], variable: str | None, asked: LogFormat
) -> None:
    environment = {} if variable is None else {VARIABLE: variable}

    assert format_asked_for(arguments, environment) is asked


@pytest.mark.parametrize("log_format", LogFormat)
def test_the_configuration_file_names_a_format(log_format: LogFormat) -> None:
    assert configured_format(log_format.value) is log_format


@pytest.mark.parametrize("value", ["xml", "JSON", 1, None])
def test_anything_else_in_the_configuration_file_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match='"text" or "json"'):
        configured_format(value)
