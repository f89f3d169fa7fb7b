"""A first look at a source: whether it holds persons at all."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from profiles.application.ingest.admission import Admitted
from profiles.application.log.api_version import OLDEST_READ_NAME, outdated_version_of
from profiles.domain.outcome import RejectionReason

_logger = logging.getLogger(__name__)
_LOOKED_AT: Final = 10
_PLACE: Final = re.compile(r"results\[\d+\]\.?")


class FirstLook:
    """Says so at once where most of a source's first records can't be read.

    Without it a source of something else is read to its end, and all that is told of it is a
    count.
    """

    def __init__(self) -> None:
        """Wait for the first records."""
        self._taken = False

    def take(self, values: Sequence[bytes], admitted: Admitted) -> None:
        """Look at what was delivered first; whatever comes later is passed over.

        values: the messages in which it came, to tell of which version of the API they are.
        """
        reasons = admitted.notice.reasons
        read = len(admitted.persons) + reasons.total()
        if self._taken or not read:
            return
        self._taken = True
        rejections = {
            reason: count
            for reason, count in reasons.items()
            if isinstance(reason, RejectionReason)
        }
        rejected = sum(rejections.values())
        if 2 * rejected <= read:
            return
        reason = max(rejections, key=lambda reason: rejections[reason])
        causes = Counter(
            (_PLACE.sub("", one.path), one.expected)
            for one in admitted.notice.rejected
            if one.reason is reason
        )
        (path, expected), _ = causes.most_common(1)[0]
        _logger.warning(
            "%d of the first %d records can't be read as persons; the most common reason is"
            " %s (%d): expected was %s%s.%s The others are read.",
            rejected,
            read,
            reason.value,
            rejections[reason],
            expected,
            f" at {path}" if path else "",
            _about_the_version(values),
        )


def _about_the_version(values: Sequence[bytes]) -> str:
    versions = (outdated_version_of(value) for value in values[:_LOOKED_AT])
    version = next((version for version in versions if version is not None), None)
    if version is None:
        return ""
    return (
        f" They are of version {version} of the API; persons are read from {OLDEST_READ_NAME} on."
    )
