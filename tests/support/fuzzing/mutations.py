"""Mutations: each is made of a seed and a number, and of nothing else."""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any, NamedTuple

from profiles.adapters.simulator import Simulation
from profiles.adapters.simulator.records import Records
from tests.support.fuzzing.values import MARKER, NAMES, odd_text, odd_value

TODAY = date(2026, 11, 23)
LARGEST_BASE = 20_000
"""Bytes of a simulated record up to which it is mutated; a few hostile ones are far larger."""
LARGEST = 900_000
"""Bytes at which a message is cut: brokers refuse more than 1 MiB if nobody tells them to."""
DEEP = (30, 300, 1_000, 3_000, 20_000)

Json = Any
Place = tuple[Any, Any]
"""An object or array, and a name or index in it."""


class Mutation(NamedTuple):
    """A message.

    kind: what it began as, such as `response`. key: the same for all that began as the same person.
    """

    number: int
    kind: str
    key: bytes
    message: bytes


class Mutations:
    """Makes the mutation of any number, in one step."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        simulation = Simulation(seed=seed, limit=None, minors=0.15, boundary=0.1, hostile=0.1)
        self._records = Records(simulation, today=TODAY, marker=MARKER)

    def make(self, number: int) -> Mutation:
        """Make a mutation; one of three persons is of somebody who has come before."""
        random = Random(f"{self.seed}/{number}")
        index = random.randrange(number + 1) if random.randrange(3) == 0 else number
        base = self._record(index)
        try:
            document = json.loads(base)
        except (ValueError, RecursionError):
            return Mutation(number, "bytes", b"%d" % index, _broken(base, random)[:LARGEST])
        kind = random.choice(_KINDS)
        document = _BEGINNINGS[kind](document, random)
        for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            document = _mutated(document, random)
        message = _written(document, random)
        if random.randrange(4) == 0:
            message = _broken(message, random)
        return Mutation(number, kind, b"%d" % index, message[:LARGEST])

    def _record(self, index: int) -> bytes:
        record = self._records.record(index)
        return record if len(record) <= LARGEST_BASE else b"[" * DEEP[0]


# What a message begins as ------------------------------------------------------------------------


def _response(person: Json, random: Random) -> Json:
    persons = [_copied(person) for _ in range(random.choice((0, 1, 1, 2, 3, 8)))]
    for number, each in enumerate(persons[1:]):
        if isinstance(each, dict) and isinstance(each.get("login"), dict):
            each["login"]["uuid"] = f"{random.getrandbits(96):024x}{number:012x}"
            each["login"]["uuid"] = _dashed(each["login"]["uuid"][:32])
    return {"results": persons, "info": {"seed": "a", "results": len(persons), "version": "1.4"}}


def _dashed(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _connect(person: Json, random: Random) -> Json:
    payload = json.dumps(person) if random.randrange(3) == 0 else person
    return {"schema": {"type": "struct"}, "payload": payload}


def _debezium(person: Json, random: Random) -> Json:
    change = {
        "before": random.choice((None, person)),
        "after": random.choice((person, person, json.dumps(person), None)),
        "op": random.choice(("c", "u", "r", "d", "t", "m", None)),
        "ts_ms": 0,
    }
    return _connect(change, random) if random.randrange(2) else change


def _foreign(person: Json, random: Random) -> Json:
    return random.choice(
        (
            {"specversion": "1.0", "type": "person", "data": person},
            {"database": "d", "table": "t", "type": "insert", "data": person},
            {"_index": "i", "_source": person},
            {"_id": {"$oid": "0" * 24}, "person": person},
            {MARKER: person},
            [person],
        )
    )


_BEGINNINGS: dict[str, Callable[[Json, Random], Json]] = {
    "person": lambda person, _random: person,
    "response": _response,
    "connect": _connect,
    "debezium": _debezium,
    "another envelope": _foreign,
    "text": lambda person, _random: json.dumps(person),
    "value": lambda _person, random: odd_value(random),
}
_KINDS = (*("person",) * 10, *("response",) * 4, *_BEGINNINGS)

# What becomes of it ------------------------------------------------------------------------------


def _place(document: Json, random: Random) -> Place | None:
    """Draw a place in a document, however deep; None where it has none."""
    found: Place | None = None
    value = document
    while isinstance(value, dict | list) and value and (found is None or random.randrange(4)):
        name = (
            random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
        )
        found, value = (value, name), value[name]
    return found


def _mutated(document: Json, random: Random) -> Json:
    place = _place(document, random)
    if place is None or random.randrange(40) == 0:
        return _changed(document, random)
    parent, name = place
    what = random.randrange(12)
    if what == 0:
        del parent[name]
    elif what == 1:
        _add(parent, random)
    elif what == 2 and isinstance(parent, dict):
        parent[random.choice(NAMES)] = parent.pop(name)
    elif what == 3:
        there = _place(document, random)
        if there is not None:
            parent[name] = _copied(there[0][there[1]])
    else:
        parent[name] = _changed(parent[name], random)
    return document


def _copied(value: Json) -> Json:
    """Copy a value; what is deeper than Python can go becomes null."""
    try:
        return copy.deepcopy(value)
    except RecursionError:
        return None


def _add(parent: Json, random: Random) -> None:
    if isinstance(parent, dict):
        parent[random.choice(NAMES)] = odd_value(random)
    else:
        parent.insert(random.randrange(len(parent) + 1), odd_value(random))


def _changed(value: Json, random: Random) -> Json:
    """Change a value into one that is like it, or another one."""
    what = random.randrange(8)
    if what == 0:
        return random.choice(([value], {"value": value}, {random.choice(NAMES): value}))
    if what == 1:
        return _deep(value, random) if random.randrange(20) == 0 else _as_text(value)
    if what < 5 and isinstance(value, str):
        return _edited(value, random)
    if what < 5 and isinstance(value, int | float):
        return random.choice((str(value), float(value), -value, bool(value), [value]))
    return odd_value(random)


def _deep(value: Json, random: Random) -> Json:
    name = random.choice(NAMES)
    for level in range(random.choice(DEEP[:3])):
        value = [value] if level % 2 else {name: value}
    return value


def _as_text(value: Json) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return ""


def _edited(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return random.choice(
        (
            text[:at] + odd_text(random) + text[at:],
            text[:at],
            text[at:],
            text.upper(),
            unicodedata.normalize(random.choice(("NFD", "NFC", "NFKC")), text),
            f" {text} ",
            text + "\n",
            text * random.choice((2, 40)),
            text.replace("-", ""),
            MARKER + text,
        )
    )


# How it is written -------------------------------------------------------------------------------


def _written(document: Json, random: Random) -> bytes:
    """Write a document as JSON, or as what Python takes for JSON."""
    try:
        text = json.dumps(
            document,
            ensure_ascii=random.randrange(2) == 0,
            separators=random.choice(((",", ":"), (", ", ": "), (" ,\n", " : "))),
        )
    except RecursionError:
        depth = random.choice(DEEP)
        return b"[" * depth + b"]" * depth
    return text.encode("utf-8", random.choice(("surrogatepass", "replace")))


class Cut(NamedTuple):
    """A message and a part of it, with what is drawn from."""

    before: bytes
    part: bytes
    after: bytes
    random: Random

    @property
    def message(self) -> bytes:
        return self.before + self.part + self.after


def _broken(message: bytes, random: Random) -> bytes:
    """Break the bytes of a message."""
    start, end = sorted(random.randrange(len(message) + 1) for _ in range(2))
    end = min(end, start + random.choice((1, 2, 8, 40)))
    cut = Cut(message[:start], message[start:end], message[end:], random)
    return random.choice(_BREAKS)(cut)


def _with_another_member(cut: Cut) -> bytes:
    name, value = cut.random.choice(NAMES), odd_text(cut.random)
    return cut.message[:-1] + f",{json.dumps(name)}:{json.dumps(value)}}}".encode()


def _in_another_encoding(cut: Cut) -> bytes:
    encoding = cut.random.choice(("utf-16", "utf-32", "utf-7", "latin-1"))
    return cut.message.decode(errors="replace").encode(encoding, "replace")


_TOKENS = (b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b"007", b"'", b"//")
_BREAKS: tuple[Callable[[Cut], bytes], ...] = (
    lambda cut: cut.before,
    lambda cut: cut.before + cut.after,
    lambda cut: cut.before + bytes([cut.random.randrange(256)]) + cut.part[1:] + cut.after,
    lambda cut: cut.before + cut.random.randbytes(cut.random.choice((1, 2, 4))) + cut.part,
    lambda cut: cut.before + cut.part * cut.random.choice((2, 3, 50)) + cut.after,
    lambda cut: cut.before + cut.part[::-1] + cut.after,
    lambda cut: cut.before + cut.random.choice(_TOKENS) + cut.after,
    lambda cut: cut.message + cut.random.choice((cut.message, b"{}", b"\n", b"\0", b",", b"]")),
    lambda cut: b"\0" + cut.random.randbytes(4) + cut.message,
    lambda cut: b"\xef\xbb\xbf" + cut.message,
    _with_another_member,
    _in_another_encoding,
)
