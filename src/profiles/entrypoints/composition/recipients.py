"""The recipients that a command tells of what it did."""

from __future__ import annotations

from collections.abc import Sequence

from profiles.application.ports.recipients import Recipient
from profiles.domain.errors import UsageError
from profiles.domain.policy import PrivacyPolicy
from profiles.entrypoints.composition.extras import require


def recipients(notify: Sequence[str], policy: PrivacyPolicy) -> Sequence[Recipient]:
    """Return the recipients that are named as `NAME=URL`, each by its name in the policy.

    Raises:
        UsageError: the policy has no such recipient, one is named twice, or ids can't be sent to an
            address.
    """
    if not notify:
        return ()
    require("profiles.adapters.recipients", extra="api")
    from profiles.adapters.recipients import HttpRecipient

    known = policy.accountability.recipients
    found: dict[str, Recipient] = {}
    for number, text in enumerate(notify, 1):
        name = max((each for each in known if text.startswith(f"{each}=")), key=len, default=None)
        if name is None:
            listed = ", ".join(known) if known else "none"
            raise UsageError(
                f"--notify {number} names no recipient of the privacy policy, which has {listed}."
                " Write NAME=URL, with a NAME that [policy] has in recipients. Nothing was done."
            )
        if name in found:
            raise UsageError(f"--notify names {name} twice; leave one of them out.")
        found[name] = HttpRecipient(name, text[len(name) + 1 :])
    return tuple(found.values())
