"""A file of persons as a source: JSON lines, whole JSON documents, also gzip and standard input."""

from profiles.adapters.jsonl.source import JsonlSource

__all__ = ["JsonlSource"]
