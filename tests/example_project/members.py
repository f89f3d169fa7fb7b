"""Members of a club, as a partner sends them: adults get a greeting."""

import json
import logging
from datetime import datetime

from profiles import DEFAULT_POLICY, DecisionDates, Profile, Rejected, Withheld, decide

logger = logging.getLogger(__name__)


def greet(message: bytes, now: datetime) -> str | None:
    """Return the greeting for an adult, None for anybody and anything else."""
    try:
        record = json.loads(message)
    except (ValueError, RecursionError):
        logger.warning("A message is no JSON.")
        return None
    dates = DecisionDates.of(logged_at=now, read_at=now, zone=DEFAULT_POLICY.zone)
    match decide(record, DEFAULT_POLICY, dates):
        case Profile() as profile:
            logger.info("A member of %s years.", profile.age)
            return f"Welcome, {profile.full_name}!"
        case Withheld(reason):
            logger.info("Withheld: %s", reason.value)
        case Rejected() as rejected:
            logger.warning("Rejected: %s at %s", rejected.reason.value, rejected.path)
    return None
