"""Values and names that do not belong where they are put."""

from __future__ import annotations

import copy
import math
from random import Random
from typing import Any

from tests.strategies import INVISIBLE

MARKER = "Qz7plantedXk"
"""Stands in what must never be shown."""

NAMES = (
    *("login", "uuid", "dob", "date", "name", "first", "last", "title", "location", "street"),
    *("number", "city", "state", "country", "postcode", "email", "username", "registered", "nat"),
    *("gender", "schema", "results", "info", "payload", "before", "after", "op", "data", "_source"),
    *("specversion", "$date", "$oid", "$uuid", "$numberLong", "__proto__", "", "\0", "\ud800"),
    *(MARKER, "Login", "LOGIN", "log\u0131n", " login", "login "),
)
"""Names of our schema, of envelopes, and of nothing."""

_TEXTS = (
    *("", " ", "\t", "None", "null", "NaN", "true", "0", "0150", "-1", "1e3", MARKER),
    *("{", "[", '"', "\\", "{}", '{"login":{}}', f'{{"{MARKER}":1}}', "\0", "\x7f", "\x85"),
    *("\ud800", "\udc00\ud800", "\U0001f600", "e\u0301", "\u0301", "\u1100\u1161", "\ufffd"),
    *("\u0661\u0669\u0669\u0660-\u0660\u0661-\u0660\u0661", "1990-01-01", "1990-1-1"),
    *(
        "1990-02-30T00:00:00Z",
        "2000-02-29",
        "1900-02-29",
        "0000-01-01",
        "9999-12-31",
        "+1990-01-01",
    ),
    *("1990-01-01\n", " 1990-01-01", "1990-01-01T", "19900101", "2008-11-23", "2008-11-24"),
    *("1896-11-23", "1895-11-23", "2026-11-23", "2026-11-24"),
    *("00000000-0000-4000-8000-000000000000", "{00000000-0000-4000-8000-000000000000}"),
    *("00000000-0000-4000-8000-00000000000", "0" * 32, "g" * 36, "urn:uuid:" + "0" * 36),
    *("a@b", "@", "a@", "@b", "a@b@c", "a@xn--bcher-kva.example", "a@b\u00fccher.example", "a@-.b"),
    *("a@" + "b" * 64 + ".c", "a@" + ".".join("b" * 9) + ".", "a b@c", "a@\u202eb"),
)
_NUMBERS = (
    *(0, -1, 1, 18, 10**12 - 1, 10**12, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(10**30)),
    *(0.0, -0.0, 1.0, 1.5, -2.0, 1e3, 75007.0, 1e12, 1e22, 1e308, 5e-324),
    *(math.nan, math.inf, -math.inf),
)
_LENGTHS = (255, 256, 257, 319, 320, 321, 1_000, 5_000)
_OTHERS: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], [{}], [None], {"": None}, [MARKER], {MARKER: MARKER}),
    *({"$date": "1990-01-01T00:00:00Z"}, {"$oid": "0" * 24}, {"$numberLong": "7"}),
    *({"login": {"uuid": "0"}}, {"date": MARKER}, {"results": []}, {"results": None}),
)


def odd_text(random: Random) -> str:
    """Draw a text, one of a few hundred that readers have stumbled over, or any."""
    kind = random.randrange(8)
    if kind == 0:
        return random.choice("aZ\u00e9\u0416\u4e2d\U0001f600") * random.choice(_LENGTHS)
    if kind == 1:
        return "".join(random.choices([*INVISIBLE, "a", "\u0915", " "], k=random.randint(1, 6)))
    if kind == 2:
        return "".join(chr(random.randrange(0x110000)) for _ in range(random.randint(1, 5)))
    return random.choice(_TEXTS)


def odd_value(random: Random) -> Any:  # noqa: ANN401 - any JSON value
    """Draw a JSON value."""
    kind = random.randrange(10)
    if kind < 5:
        return odd_text(random)
    if kind < 7:
        return random.choice(_NUMBERS)
    if kind < 9:
        return copy.deepcopy(random.choice(_OTHERS))  # it may be changed itself
    return [odd_text(random) for _ in range(random.randrange(4))]
