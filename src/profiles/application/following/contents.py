"""What a following store has to make its own: what is held, as the deciding store says."""

from __future__ import annotations

from profiles.application.ports.stores import Applied, DecidingStore, Following


def following_of(store: DecidingStore, applied: Applied) -> Following:
    """Learn what to follow after a chunk: what is held now, never a guess.

    Raises:
        StoreError: the deciding store did not answer.
    """
    untouched = store.held(applied.untouched) if applied.untouched else {}
    gone = {p: version for p, version in applied.untouched.items() if p not in untouched}
    return Following(
        held={**applied.stored, **untouched},
        absent={**applied.deleted, **gone},
    )


def as_of_now(store: DecidingStore, following: Following) -> Following:
    """Look once more at what was held: who is not any more is deleted in the version she had.

    Raises:
        StoreError: the deciding store did not answer.
    """
    held = store.held(following.held)
    gone = {p: version for p, (_, version) in following.held.items() if p not in held}
    return Following(held=held, absent={**following.absent, **gone})
