"""From a person to a profile, as far as the privacy policy admits it."""

from __future__ import annotations

from typing import Any

from profiles.domain import address, naming
from profiles.domain.age import MAXIMUM_AGE, age_on, civil_date, month_in
from profiles.domain.correcting import decide_correction, is_correction
from profiles.domain.corrections import Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.email import domain_of
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Person, PersonFields
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import Read, person_of, read_with_dates, readable_birth

_new_profile = tuple.__new__
"""Half as long as calling `Profile`, whose arguments are passed on by a function in Python."""
_KEEP = EmailTreatment.KEEP
_MINOR = Withheld(WithheldReason.MINOR)
_EXPIRED = Withheld(WithheldReason.RETENTION)
_FROM_THE_FUTURE = Rejected(RejectionReason.TIME, "", "a record logged at most 5 minutes ahead")
_UNBORN = Rejected(RejectionReason.FUTURE, "dob.date", "a date of birth that has come")
_NO_PERSON = Rejected(
    RejectionReason.TYPE, "correction", "a person; `profiles rectify` makes corrections"
)
_TOO_OLD = Rejected(RejectionReason.AGE, "dob.date", f"an age of at most {MAXIMUM_AGE} years")


def decide(
    record: object, policy: PrivacyPolicy, dates: DecisionDates
) -> Profile | Withheld | Rejected | Correction:
    """Decide what becomes of a record: the only rule that every engine applies.

    record: what `read_person` takes, or a correction.
    """
    admitted = _admitted(record, policy, dates)
    if isinstance(admitted, tuple):
        return _shaped(*admitted, policy, dates)
    if admitted is _NO_PERSON:
        return decide_correction(record, policy, dates)
    return admitted


def admit(
    record: object, policy: PrivacyPolicy, dates: DecisionDates
) -> Person | Withheld | Rejected:
    """Read a record as a person who is old enough: the gate before the log and the stores.

    A correction is none, and rejected: what corrects a person comes from no source.

    A record that is broken elsewhere, but readable as that of someone too young, is withheld and
    not rejected: a child must not leave a trace in the quarantine. The highest minimum age of all
    countries holds there, for the country may be what can't be read.
    """
    admitted = _admitted(record, policy, dates)
    return person_of(admitted[0][0]) if isinstance(admitted, tuple) else admitted


def _admitted(
    record: object, policy: PrivacyPolicy, dates: DecisionDates
) -> tuple[Read, int] | Withheld | Rejected:
    """Admit a person, and return dates and age with it: they are computed only once."""
    if dates.from_the_future:
        return _FROM_THE_FUTURE
    read = read_with_dates(record)
    if isinstance(read, Rejected):
        readable = readable_birth(record)
        if readable is None or readable > dates.as_of:
            return _NO_PERSON if is_correction(record) else read
        age = age_on(dates.as_of, born=readable, leap_day=policy.leap_day)
        return _MINOR if age < policy.highest_minimum_age else read
    person, born, _ = read
    if born > dates.as_of:
        return _UNBORN
    age = age_on(dates.as_of, born=born, leap_day=policy.leap_day)
    if age < policy.highest_minimum_age and _is_minor(person, age, policy):
        return _MINOR
    return _TOO_OLD if age > MAXIMUM_AGE else (read, age)


def assess(person: Person, policy: PrivacyPolicy, dates: DecisionDates) -> Profile | Withheld:
    """Shape a person into a profile, if the policy admits that person.

    person: in normal form, as `read_person` returns it.

    A person is withheld who is not known to have completed the policy's minimum age on
    `dates.as_of`, or whose retention has run out by `dates.read_on`.
    """
    born = civil_date(person.dob.date)
    if born is None:
        return _MINOR
    age = age_on(dates.as_of, born=born, leap_day=policy.leap_day)
    if age < policy.highest_minimum_age and _is_minor(person, age, policy):
        return _MINOR
    since = None if person.registered is None else person.registered.date
    registered_on = None if since is None else civil_date(since)
    return _shaped((person, born, registered_on), age, policy, dates)


def _is_minor(person: PersonFields, age: int, policy: PrivacyPolicy) -> bool:
    """Tell whether an age is under the minimum of the person's nationality and country."""
    country = None if person.location is None else person.location.country
    return age < policy.minimum_age_of(nationality=person.nat, country=country)


def _shaped(
    read: Read, age: int, policy: PrivacyPolicy, dates: DecisionDates
) -> Profile | Withheld:
    """Shape a person who is old enough into a profile, unless the retention has run out."""
    expires_at = dates.logged_on + policy.retention
    if expires_at <= dates.read_on:
        return _EXPIRED
    person, _, registered_on = read
    login, name, location = person.login, person.name, person.location
    nationality, email = person.nat, person.email
    profile = _new_profile(
        Profile,
        (
            login.uuid,
            login.username,
            person.gender,
            None if name is None else name.title,
            None if name is None else naming.full_name(name.first, name.last),
            None if location is None else address.of_location(location, nationality),
            None if location is None else location.city,
            None if location is None else location.country,
            nationality,
            email if email is None or policy.email is _KEEP else policy.treated(email),
            None if email is None else domain_of(email),
            age,
            month_in(person.dob.date),
            registered_on,
            dates.as_of,
            expires_at,
        ),
    )
    if policy.dropped_profile_fields:
        nulls: dict[str, Any] = dict.fromkeys(policy.dropped_profile_fields)
        return profile._replace(**nulls)
    return profile
