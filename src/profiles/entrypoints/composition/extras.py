"""Optional parts: loaded when they are needed, or named with what installs them."""

from __future__ import annotations

import importlib

from profiles.domain.errors import UsageError


def require(module: str, *, extra: str) -> None:
    """Load an optional adapter, or say what to install.

    Raises:
        UsageError: something that it needs is not installed.
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("profiles"):
            raise
        raise UsageError(
            f"This needs {missing.name}, which is not installed; install it with:"
            f" pip install 'profiles[{extra}]'"
        ) from None
