"""Empty deciding stores in a real MongoDB, as often as a test wants one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Any
from uuid import uuid4

import pymongo

from profiles.adapters.mongo import MongoDecidingStore

NewMongoStore = Callable[[], AbstractContextManager[MongoDecidingStore]]


@contextmanager
def database(url: str) -> Iterator[str]:
    """Name a database of its own, and drop it afterwards."""
    name = f"profiles_test_{uuid4().hex[:12]}"
    try:
        yield name
    finally:
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            client.drop_database(name)


@contextmanager
def empty_stores(url: str) -> Iterator[NewMongoStore]:
    """Give what makes empty stores.

    A store that is done with is emptied and used again: that takes a tenth of the time that new
    collections do.
    """
    with (
        database(url) as name,
        pymongo.MongoClient[dict[str, Any]](url, w="majority") as client,
        ExitStack() as opened,
    ):
        free: list[tuple[str, MongoDecidingStore]] = []

        @contextmanager
        def make() -> Iterator[MongoDecidingStore]:
            if free:
                collection, store = free.pop()
            else:
                collection = f"users_{uuid4().hex[:6]}"
                store = MongoDecidingStore.open(url, name, collection=collection)
                opened.enter_context(closing(store))
            try:
                yield store
            finally:
                _empty(client[name], collection)
                free.append((collection, store))

        yield make


def _empty(base: pymongo.database.Database[dict[str, Any]], collection: str) -> None:
    for other in ("", "_statistics", "_quarantine", "_policies", "_outbox", "_restricted"):
        base[collection + other].delete_many({})
    writers = base[f"{collection}_writers"]
    writers.delete_many({"_id": {"$ne": "registry"}})
    writers.update_one(
        {"_id": "registry"},
        {
            "$set": {
                "ledger_position": 0,
                "ledger_seal": None,
                "ledger_carried_out": 0,
                "ledger_identity": None,
                "epochs": [],
            },
            "$unset": {"policy": ""},
        },
    )
