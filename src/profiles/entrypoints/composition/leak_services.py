"""What the commands of a leak check serve over HTTP while they run: page, metrics and health."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from profiles.domain.errors import ProfilesError

_READ: Final = re.compile(rb"^profiles_read_persons_total (\S+)", re.MULTILINE)
_ANSWER_S: Final = 30.0


def page_of(url: str) -> Iterator[bytes]:
    """Yield all that a browser gets of the page but for its libraries.

    Raises:
        ProfilesError: it did not answer.
    """
    for path in ("/", "/_dash-layout"):
        yield _asked(url + path)
    dependencies = _asked(f"{url}/_dash-dependencies")
    yield dependencies
    for callback in json.loads(dependencies):
        if not callback["clientside_function"]:
            yield _asked(f"{url}/_dash-update-component", _refresh(callback))


def metrics_of(url: str) -> Iterator[bytes]:
    """Yield all that a running job says of itself, whatever it says.

    Raises:
        ProfilesError: it did not answer.
    """
    for path in ("/metrics", "/healthz", "/readyz"):
        yield _asked(url + path)


def persons_read(url: str) -> float:
    """Return how many persons a running job has read, as its metrics say.

    Raises:
        ProfilesError: it did not answer.
    """
    found = _READ.search(_asked(f"{url}/metrics"))
    return 0.0 if found is None else float(found[1])


def _refresh(callback: dict[str, Any]) -> dict[str, Any]:
    """Write the question of a refresh."""
    outputs = [
        dict(zip(("id", "property"), output.rsplit(".", 1), strict=True))
        for output in callback["output"].strip(".").split("...")
    ]
    chosen = {"interval": 1, "selected-nationality": "all", "selected-gender": "all"}
    return {
        "output": callback["output"],
        "outputs": outputs,
        "inputs": [{**each, "value": chosen.get(each["id"])} for each in callback["inputs"]],
        "state": [{**each, "value": None} for each in callback["state"]],
        "changedPropIds": ["interval.n_intervals"],
    }


def _asked(url: str, question: dict[str, Any] | None = None) -> bytes:
    data = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own command
    content: bytes
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as response:  # noqa: S310 - our own command
            content = response.read()
    except urllib.error.HTTPError as refused:  # 503 of a job that is not ready is an answer, too
        with refused:
            content = refused.read()
        if not url.endswith(("/healthz", "/readyz")):
            raise ProfilesError(_UNANSWERED) from None
    except OSError:
        raise ProfilesError(_UNANSWERED) from None
    return content


_UNANSWERED: Final = (
    "The page or the metrics of the check did not answer; nothing is proved. What the check had"
    " made was removed. Run it again."
)
