"""A test kit for programs that work with `profiles`, or with persons at all.

As a plugin of pytest it gives simulated persons, hostile records, and stores, log and ledger in
memory: `profiles.testing.plugin` names the fixtures. What is here needs the standard library alone.
"""

from profiles.testing.people import RECORDS_OF_EACH_KIND, Records, hostile_messages, records_of
from profiles.testing.personal_data import assert_no_personal_data

__all__ = [
    "RECORDS_OF_EACH_KIND",
    "Records",
    "assert_no_personal_data",
    "hostile_messages",
    "records_of",
]
