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


class FramesElsewhereError(ProfilesError):
    """The cause of an error that was raised in another process: where that was.

    frames: as `traceback.format_tb` writes them, so without any value.
    """

    def __init__(self, frames: Sequence[str]) -> None:
        """Take the frames."""
        super().__init__()
        self.frames = frames
