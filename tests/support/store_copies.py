"""Copies of the stores, made by their plain drivers, and put back later."""

from __future__ import annotations

from typing import Any

import pymongo
from cassandra.cluster import Session

from profiles.application.ports.stores import Following
from tests.support.cluster_site import Held, Site
from tests.support.services.smoke import cassandra_session

Documents = dict[str, list[dict[str, Any]]]


def copy_of_mongo(site: Site) -> Documents:
    """Copy every collection, as mongodump does."""
    with pymongo.MongoClient[dict[str, Any]](site.servers.mongo) as client:
        database = client[site.name]
        return {name: list(database[name].find()) for name in database.list_collection_names()}


def restore_mongo(site: Site, copy: Documents) -> None:
    """Put every collection back, as mongorestore does."""
    with pymongo.MongoClient[dict[str, Any]](site.servers.mongo, w="majority") as client:
        for name, documents in copy.items():
            collection = client[site.name][name]
            collection.delete_many({})
            if documents:
                collection.insert_many(documents)


def copy_of_cassandra(site: Site) -> Held:
    """Copy every row; its version is the timestamp of its cells."""
    return {profile.id: (profile, version) for profile, version in site.cassandra.profiles()}


def restore_cassandra(site: Site, copy: Held) -> None:
    """Put back every row with its timestamps, as a snapshot does: no deletion since is left."""
    session: Session
    with cassandra_session(site.servers.cassandra) as session:
        session.execute(f"TRUNCATE {site.name}.users")
    site.cassandra.follow(Following(held=copy, absent={}))
