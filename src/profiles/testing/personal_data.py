"""The assertion that a text tells nothing of anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from profiles.application.assurance.traces import traces_in

_SHOWN: Final = 10


def assert_no_personal_data(text: str, persons: Sequence[object]) -> None:
    """Fail if a text tells anything of a person: what is logged, printed, sent or shown.

    A failure names the fields and the indices of the persons, never a value. Values are found
    whatever their case, escaped as JSON or Python does, URL-quoted, HTML-escaped, and in base64.

    What many share is not looked for: gender, title, country, nationality, time zones, ages, months
    of birth, e-mail domains; nor are texts of fewer than 4 characters and numbers of fewer than 7
    digits. A text of fewer than 8 characters is found as a word of its own, and not in longer ones.

    text: what may hold nobody's data.
    persons: objects in the API's form, messages (bytes or text) with such JSON in them, and persons
        and profiles of `profiles`, also mixed.

    Raises:
        AssertionError: it tells something.
    """
    __tracebackhide__ = True  # or pytest would show what it was called with
    if traces := traces_in(text, persons):
        more = f" and {len(traces) - _SHOWN} more" if len(traces) > _SHOWN else ""
        found = ", ".join(str(trace) for trace in traces[:_SHOWN])
        raise AssertionError(f"Personal data: the text holds {found}{more}.")
