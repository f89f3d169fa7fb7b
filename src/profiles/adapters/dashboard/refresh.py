"""What a page sends when it asks for fresh numbers: read strictly, and written anew for Dash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from profiles.adapters.dashboard.content import Place

_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Choice = Annotated[str, Meta(pattern=r"\A[A-Za-z]{1,16}\Z")]
_Name = Annotated[str, Meta(max_length=32)]
_Mark = Annotated[str, Meta(max_length=16)] | Annotated[int, Meta(ge=-10_000, le=10_000)]
_Fingerprint = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]


class _Place(Struct):
    id: _Name
    property: _Name


class _Interval(Struct, tag_field="id", tag="interval"):
    property: Literal["n_intervals"]
    value: _Count | None = None


class _Awake(Struct, tag_field="id", tag="awake"):
    property: Literal["data"]
    value: _Count | None = None


class _Nationality(Struct, tag_field="id", tag="selected-nationality"):
    property: Literal["value"]
    value: _Choice | None = None


class _Gender(Struct, tag_field="id", tag="selected-gender"):
    property: Literal["value"]
    value: _Choice | None = None


class _Numerals(Struct, tag_field="id", tag="numerals"):
    property: Literal["data"]
    value: Annotated[dict[_Name, _Mark], Meta(max_length=16)] | None = None


class _Shown(Struct, tag_field="id", tag="shown"):
    property: Literal["data"]
    value: Annotated[dict[_Name, _Fingerprint], Meta(max_length=16)] | None = None


_Changed = Literal[
    "interval.n_intervals",
    "awake.data",
    "selected-nationality.value",
    "selected-gender.value",
    "numerals.data",
]


class _Refresh(Struct, rename="camel"):
    """A request of the page; what else a later Dash may send is left out."""

    output: Annotated[str, Meta(max_length=10_000)]
    outputs: Annotated[list[_Place], Meta(max_length=100)]
    inputs: tuple[_Interval, _Awake, _Nationality, _Gender, _Numerals]
    changed_prop_ids: Annotated[list[_Changed], Meta(max_length=5)]
    state: tuple[_Shown]


class Refreshes:
    """Tells the refreshes of this page from anything else.

    places: what a refresh writes, in this order.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._outputs: Final = [_Place(id=name, property=what) for name, what in places]
        self._output: Final = "..{}..".format("...".join(f"{name}.{what}" for name, what in places))
        self._decoder: Final = msgspec.json.Decoder(_Refresh)

    def read(self, body: bytes) -> bytes | None:
        """Write the request anew, as small and as well formed as Dash expects it.

        body: as it was sent, of a bounded length.

        Returns None where it is no refresh of this page.
        """
        try:
            asked = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if asked.output != self._output or asked.outputs != self._outputs:
            return None
        return msgspec.json.encode(asked)
