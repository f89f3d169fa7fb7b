"""MongoDB as the deciding store."""

from profiles.adapters.mongo.contents import MongoContents
from profiles.adapters.mongo.probe import MongoProbe
from profiles.adapters.mongo.store import MongoDecidingStore

__all__ = ["MongoContents", "MongoDecidingStore", "MongoProbe"]
