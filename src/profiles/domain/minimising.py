"""Minimisation before the log: which fields of a person it carries."""

from __future__ import annotations

from profiles.domain.person import Location, Login, Name, Person, Street
from profiles.domain.policy import PrivacyPolicy


def minimise(person: Person, policy: PrivacyPolicy) -> Person:
    """Reduce a person to what the log may carry: the policy's fields, and dates without times.

    person: in normal form, as `admit` returns it.

    Returns a person of the current schema version; `read_person` reads it as the same person.
    """
    minimal = person.for_the_log()
    return _without(minimal, policy.dropped_log_fields) if policy.dropped_log_fields else minimal


def _without(person: Person, dropped: frozenset[str]) -> Person:
    name = person.name or Name()
    location = person.location or Location()
    street = location.street or Street()

    def unless(path: str, value: str | None) -> str | None:
        return None if path in dropped else value

    return Person(
        login=Login(
            uuid=person.login.uuid, username=unless("login.username", person.login.username)
        ),
        dob=person.dob,
        gender=unless("gender", person.gender),
        name=Name(
            title=unless("name.title", name.title),
            first=unless("name.first", name.first),
            last=unless("name.last", name.last),
        ),
        location=Location(
            street=Street(
                number=None if "location.street.number" in dropped else street.number,
                name=unless("location.street.name", street.name),
            ),
            city=unless("location.city", location.city),
            state=unless("location.state", location.state),
            country=unless("location.country", location.country),
            postcode=None if "location.postcode" in dropped else location.postcode,
        ),
        email=unless("email", person.email),
        registered=None if "registered.date" in dropped else person.registered,
        nat=unless("nat", person.nat),
        schema=person.schema,
    )
