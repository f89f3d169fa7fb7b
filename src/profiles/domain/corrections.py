"""Corrections of a profile (GDPR Art. 16): what one says, and what is kept so that it lasts.

What was corrected is kept beside the profile. Every later record of the source is laid under it, so
that a source which still has the wrong value does not bring it back, until the field is released.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from profiles.domain.age import certain_age
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

CorrectedValue = str | int | date | None

BIRTH_DATE: Final = "birth_date"

FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "username": ("username",),
    "gender": ("gender",),
    "title": ("title",),
    "full_name": ("full_name",),
    "full_address": ("full_address",),
    "city": ("city",),
    "country": ("country",),
    "nationality": ("nationality",),
    "email": ("email", "email_domain"),
    BIRTH_DATE: ("birth_month", "age", "as_of"),
    "registered_on": ("registered_on",),
}
"""What a person may have corrected, and the fields of a profile that follow from each."""

_DAYS: Final = ("registered_on", "as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What was corrected of a profile and is not released yet: fields of `Profile` with values.

    Of a date of birth the month is kept, and the age that was counted by it, with the day.
    """

    fields: Mapping[str, CorrectedValue] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Name what was corrected, as `FIELDS_OF` does."""
        corrected = self.fields.keys()
        return [name for name, of in FIELDS_OF.items() if not corrected.isdisjoint(of)]

    def over(self, profile: Profile) -> Profile:
        """Lay the corrections over what a later record of the source says.

        By a corrected month of birth the age is that which is certain on the day of the record.
        """
        values: dict[str, Any] = {**self.fields}
        counted_on = values.pop("as_of", None)
        if counted_on is not None:
            values["age"] = certain_age(
                profile.as_of,
                birth_month=values["birth_month"],
                counted=values["age"],
                counted_on=counted_on,
            )
        return profile._replace(**values)

    def without(self, fields: Collection[str]) -> Corrections | None:
        """Leave fields of a profile out; None where nothing is left."""
        left = {name: value for name, value in self.fields.items() if name not in fields}
        return Corrections(fields=left) if left else None

    def written(self) -> dict[str, str | int | None]:
        """Return them as JSON has them."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.fields.items()
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Corrections:
        """Read what `written` has returned."""
        values = dict(written)
        for name in _DAYS:
            if values.get(name) is not None:
                values[name] = date.fromisoformat(values[name])
        return cls(fields=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A record of the log that corrects the profile of a person who is held.

    fields: of `Profile`, with what is right. released: fields of which the source counts again.
    """

    person: PersonId = field(repr=False)
    fields: Mapping[str, CorrectedValue] = field(repr=False)
    released: frozenset[str] = frozenset()

    def of(self, profile: Profile) -> Profile:
        """Correct a profile; what is released keeps its value until the source says another."""
        values: dict[str, Any] = {**self.fields}
        return profile._replace(**values)

    def kept_with(self, before: Corrections | None) -> Corrections | None:
        """Return what is kept of this correction and those before it; None for nothing."""
        kept = {} if before is None else dict(before.fields)
        for name in self.released:
            kept.pop(name, None)
        kept.update(self.fields)
        return Corrections(fields=kept) if kept else None
