"""The two ways in which a request comes to nothing. No text here is the server's or a driver's."""

from __future__ import annotations


class TransientError(Exception):
    """A request brought nothing; the same one may succeed later.

    Args:
        happened: what happened, without a value of the response.
        retry_after_s: how long the server asks to wait, in seconds; None if it does not say.
        rate_limited: whether the server counted too many users in its window of 5 minutes.
        counted: whether the server may have counted the users asked for.
    """

    def __init__(
        self,
        happened: str,
        *,
        retry_after_s: float | None = None,
        rate_limited: bool = False,
        counted: bool = True,
    ) -> None:
        super().__init__(happened)
        self.happened = happened
        self.retry_after_s = retry_after_s
        self.rate_limited = rate_limited
        self.counted = counted


class PermanentError(Exception):
    """A request brought nothing, and never will until somebody changes something (`remedy`)."""

    def __init__(self, happened: str, remedy: str) -> None:
        super().__init__(happened, remedy)
        self.happened, self.remedy = happened, remedy
