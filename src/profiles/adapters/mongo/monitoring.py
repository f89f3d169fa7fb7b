"""A word to the operator as soon as no primary of a replica set answers.

An operation in flight is tried for a minute before it fails. The driver asks each member how it is
every few seconds beside it, so it knows earlier.
"""

from __future__ import annotations

import logging

from pymongo.monitoring import (
    TopologyClosedEvent,
    TopologyDescriptionChangedEvent,
    TopologyListener,
    TopologyOpenedEvent,
)

_logger = logging.getLogger(__name__)


class PrimaryWatch(TopologyListener):
    """Says in one line that no primary answers, and in another that one answers again.

    Called by threads of the driver, one event after the other.
    """

    def __init__(self, address: str) -> None:
        """Begin with nothing said.

        address: of the store, without credentials.
        """
        self._address = address
        self._said = False

    def opened(self, event: TopologyOpenedEvent) -> None:
        """Say nothing: nobody was asked yet."""

    def description_changed(self, event: TopologyDescriptionChangedEvent) -> None:
        """Look whether there is a primary."""
        now = event.new_description
        if now.has_writable_server():
            if self._said:
                _logger.info("A primary of MongoDB at %s answers again.", self._address)
            self._said = False
        elif not self._said and any(one.error for one in now.server_descriptions().values()):
            _logger.warning(
                "No primary of MongoDB at %s answers. Whatever needs it waits, and nothing is lost."
                " Check that it runs and can be reached.",
                self._address,
            )
            self._said = True

    def closed(self, event: TopologyClosedEvent) -> None:
        """Say nothing: that was us."""
