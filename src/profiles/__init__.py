"""User profiles under privacy law: the rules of the pipeline, ready to embed in any other job.

Everything here is pure and needs the standard library alone. Same input, same output: the
day, the keys and the policy are arguments.
"""

from profiles.domain.age import LeapDay, age_from_month, age_on
from profiles.domain.assessing import admit, assess, decide
from profiles.domain.corrections import Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.minimising import minimise
from profiles.domain.outcome import (
    Erased,
    Outcome,
    Rejected,
    RejectionReason,
    Withheld,
    WithheldReason,
)
from profiles.domain.person import Person, PersonId
from profiles.domain.policy import (
    DEFAULT_POLICY,
    Accountability,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
)
from profiles.domain.policy_settings import read_policy, settings_of
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from profiles.domain.reading import read_person, readable_id
from profiles.domain.statistics import Cell, Statistics
from profiles.domain.tally import Tally
from profiles.domain.version import Version

__all__ = [
    "DEFAULT_POLICY",
    "Accountability",
    "Cell",
    "Correction",
    "DecisionDates",
    "EmailTreatment",
    "Erased",
    "FieldRule",
    "LeapDay",
    "LegalBasis",
    "Outcome",
    "Person",
    "PersonId",
    "PrivacyPolicy",
    "Profile",
    "ProfilesError",
    "PseudonymKey",
    "Rejected",
    "RejectionReason",
    "Statistics",
    "Tally",
    "UsageError",
    "Version",
    "Withheld",
    "WithheldReason",
    "admit",
    "age_from_month",
    "age_on",
    "assess",
    "decide",
    "minimise",
    "pseudonym",
    "read_person",
    "read_policy",
    "readable_id",
    "settings_of",
]
