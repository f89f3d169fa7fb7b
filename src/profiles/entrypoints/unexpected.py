"""Errors that nobody foresaw, and where errors of another process came from; never their text."""

from __future__ import annotations

from collections.abc import Sequence

from profiles.domain.errors import ProfilesError


class UnexpectedError(ProfilesError):
    """Something failed in a way that is not foreseen; its own text can hold a person."""

    def __init__(self, name: str) -> None:
        """Take the name of the error's type, and nothing else of it."""
        super().__init__(name)  # pickle rebuilds the error from it
        self.name = name

    def __str__(self) -> str:
        """Say so."""
        return (
            f"profiles failed ({self.name}). What was accepted is kept. Please report it with what"
            " --debug shows; it holds no values."
        )


class InterruptedAtOnceError(ProfilesError):
    """Somebody asked twice, or where nothing could be waited for."""

    def __str__(self) -> str:
        """Say so."""
        return "Interrupted before the end. What was accepted is kept; run the same command again."


class NoRoomError(ProfilesError):
    """A disk is full that no store is on, which tells of its own."""

    def __str__(self) -> str:
        """Say so."""
        return (
            "There is no room for what is written to standard output or to a temporary file. What"
            " was accepted is kept. Make room, and run the same command again."
        )


class FramesElsewhereError(ProfilesError):
    """The cause of an error that was raised in another process: where that was.

    frames: as `traceback.format_tb` writes them, so without any value.
    """

    def __init__(self, frames: Sequence[str]) -> None:
        """Take the frames."""
        super().__init__()
        self.frames = frames
