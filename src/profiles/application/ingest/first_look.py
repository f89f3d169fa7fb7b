"""A first look at a source: whether it holds persons at all."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Final

from profiles.application.ingest.admission import Admitted

_logger = logging.getLogger(__name__)
_PLACE: Final = re.compile(r"results\[\d+\]\.?")


class FirstLook:
    """Says so at once where most of a source's first records can't be read.

    Without it a source of something else is read to its end, and all that is told of it is a
    count.
    """

    def __init__(self) -> None:
        """Wait for the first records."""
        self._taken = False

    def take(self, admitted: Admitted) -> None:
        """Look at what was delivered first; whatever comes later is passed over."""
        rejected = admitted.notice.rejected
        withheld = sum(admitted.notice.withheld.values())
        read = len(admitted.persons) + withheld + len(rejected)
        if self._taken or not read:
            return
        self._taken = True
        if 2 * len(rejected) <= read:
            return
        causes = Counter((one.reason, _PLACE.sub("", one.path), one.expected) for one in rejected)
        (reason, path, expected), count = causes.most_common(1)[0]
        _logger.warning(
            "%d of the first %d records can't be read as persons; the most common reason is"
            " %s (%d): expected was %s%s. The others are read.",
            len(rejected),
            read,
            reason.value,
            count,
            expected,
            f" at {path}" if path else "",
        )
