"""Whose profile a request is about: requests come with an address or a name, not with an id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from profiles.domain.email import domain_of
from profiles.domain.errors import UsageError
from profiles.domain.outcome import RejectionReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from profiles.domain.texts import MAXIMUM_EMAIL_LENGTH, MAXIMUM_LENGTH, cleaned, cleaned_email

_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_MAXIMUM_NAME_LENGTH: Final = 2 * MAXIMUM_LENGTH + 1
"""Of a first and a last name with a blank between them."""

_Compare = Callable[[str], bool | None]
"""Tells of a stored value whether it matches: surely (True), more weakly (False), or not (None)."""


class Match(NamedTuple):
    """Someone who matches.

    fields: the names of the profile's fields that match, in their order.
    weaker: those of them that match only where upper and lower case are the same.
    """

    id: PersonId
    fields: tuple[str, ...]
    weaker: tuple[str, ...]

    def __repr__(self) -> str:
        """Show nobody."""
        return "Match(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """An e-mail address that is looked for.

    local, domain: what is before the @, and the @ with what is behind it, as `domain_of` writes it.
    folded: `local` in one case.
    pseudonyms: of its writings under all keys, and whether the writing is the given one.
    """

    local: str = field(repr=False)
    domain: str = field(repr=False)
    folded: str = field(repr=False)
    pseudonyms: Mapping[str, bool] = field(repr=False, hash=False)

    @classmethod
    def of(cls, address: str, keys: Iterable[PseudonymKey]) -> _Address:
        """Read an address that is clean.

        Nothing can be computed back from a pseudonym. So those of the likely writings are computed:
        the address as it is given, with its domain in lower case and in Unicode, and all of that in
        lower case.
        """
        local, domain = _parts(address)
        behind = address[len(local) :]
        endings = {behind, behind.lower(), domain}
        written = {local + one for one in endings}
        lower = {local.lower() + one for one in endings}
        return cls(
            local=local,
            domain=domain,
            folded=_folded(local),
            pseudonyms={
                pseudonym(one, key): exact
                for key in keys
                for writings, exact in ((lower, False), (written, True))
                for one in writings
            },
        )

    def compare(self, stored: str) -> bool | None:
        """Compare a stored address or pseudonym."""
        if (exact := self.pseudonyms.get(stored)) is not None:
            return exact
        local, domain = _parts(stored)
        if domain != self.domain:
            return None
        if local == self.local:
            return True
        return False if _folded(local) == self.folded else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a request tells of a person; all of it must match. Made by `search_for`.

    criteria: names of fields of a profile, each with what compares a value of it.
    """

    criteria: tuple[tuple[str, _Compare], ...] = field(repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that are compared, in the order of a profile."""
        return tuple(name for name, _ in self.criteria)

    def match(self, profile: Profile) -> Match | None:
        """Return what matches of a profile, or None if anything does not."""
        weaker: list[str] = []
        for name, compare in self.criteria:
            stored = getattr(profile, name)
            exact = None if stored is None else compare(stored)
            if exact is None:
                return None
            if not exact:
                weaker.append(name)
        return Match(profile.id, self.fields, tuple(weaker))


def search_for(
    *,
    email: str | None = None,
    username: str | None = None,
    name: str | None = None,
    birth_month: str | None = None,
    keys: Iterable[PseudonymKey] = (),
) -> Search:
    """Return the search for whom a request tells of.

    email: an address. Its domain is compared in any case; what is before it, too, but more weakly.
    username: in any case, but more weakly. name: the full name, in any case.
    birth_month: `YYYY-MM`.
    keys: of pseudonyms that may be held in place of addresses.

    Raises:
        UsageError: there is too little to tell people apart, or what no profile can hold. It does
            not repeat what was given.
    """
    if email is None and username is None and name is None:
        raise UsageError("Say whom to find: --email, --username, or --name with --birth-month.")
    if name is not None and birth_month is None:
        raise UsageError("A name alone is that of many; add --birth-month YYYY-MM to --name.")
    criteria: list[tuple[str, _Compare]] = []
    if username is not None:
        wanted = _clean("--username", cleaned(username), MAXIMUM_LENGTH)
        criteria.append(("username", partial(_compare_username, wanted)))
    if name is not None:
        wanted = _clean("--name", cleaned(name, limit=_MAXIMUM_NAME_LENGTH), _MAXIMUM_NAME_LENGTH)
        criteria.append(("full_name", partial(_compare_name, _folded(wanted))))
    if email is not None:
        wanted = _clean("--email", cleaned_email(email), MAXIMUM_EMAIL_LENGTH)
        criteria.append(("email", _Address.of(wanted, keys).compare))
    if birth_month is not None:
        if not _MONTH.fullmatch(birth_month):
            raise UsageError("--birth-month is a year and a month, YYYY-MM, such as 1990-05.")
        criteria.append(("birth_month", partial(_compare_month, birth_month)))
    return Search(criteria=tuple(criteria))


def _clean(option: str, text: str | RejectionReason | None, limit: int) -> str:
    """Return a text that was cleaned, or say why no profile can hold it."""
    if text is None:
        raise UsageError(f"{option} is empty; say whom to find.")
    if text is RejectionReason.LENGTH:
        raise UsageError(f"{option} is longer than {limit} characters, so no profile can have it.")
    if isinstance(text, RejectionReason):
        raise UsageError(f"{option} has control characters or is no UTF-8; write it anew.")
    return text


def _compare_username(wanted: str, stored: str) -> bool | None:
    if stored == wanted:
        return True
    return False if _folded(stored) == _folded(wanted) else None


def _compare_name(folded: str, stored: str) -> bool | None:
    return True if _folded(stored) == folded else None


def _compare_month(wanted: str, stored: str) -> bool | None:
    return True if stored == wanted else None


def _folded(text: str) -> str:
    """Write a text in one case, and in normal form, which that may undo."""
    return unicodedata.normalize("NFC", text.casefold())


def _parts(address: str) -> tuple[str, str]:
    """Return what is before the @ of an address, and the @ with its domain in one writing.

    What has no @ is all before it.
    """
    local, at, behind = address.rpartition("@")
    return (local, at + (domain_of(address) or behind.casefold())) if at else (behind, at)
