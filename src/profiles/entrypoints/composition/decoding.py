"""How the messages of a topic are read."""

from __future__ import annotations

from profiles.adapters import codec
from profiles.application.log.messages import Decode
from profiles.application.log.unwrapping import Envelope, unwrapping


def decoding(envelope: str | None) -> Decode:
    """Return the fastest decoder, which opens envelopes where `--envelope` says so."""
    return unwrapping(None if envelope is None else Envelope(envelope), codec.decode_for_deciding)
