"""What a following store has to make its own: what is held, as the deciding store says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from profiles.application.ports.stores import Applied, DecidingStore, Following, FollowingStore
from profiles.domain.person import PersonId


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


def without_rows_of(
    restricted: Collection[PersonId],
    following: Following,
    *,
    store: DecidingStore,
    rows_of: FollowingStore,
) -> Following:
    """Delete rows of the restricted as well: a following store put back from a copy has them.

    Each goes at its own version and not at a record's, so that the person can be held again as she
    was. The rows are read before the deciding store is asked: whoever is held by then has been let
    back, and stays.

    Raises:
        StoreError: a store did not answer.
    """
    rows = rows_of.held(restricted)
    held = store.held(rows) if rows else {}
    gone = {p: version for p, (_, version) in rows.items() if p not in held}
    higher = {p: max(version, following.absent.get(p, version)) for p, version in gone.items()}
    return replace(following, absent={**following.absent, **higher})
