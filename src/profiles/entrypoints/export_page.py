"""An export as a page for the person: plain HTML, with no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from profiles.application.rights.access import has_the_id_alone

Document = Mapping[str, Any]

_STYLE: Final = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid #767676; overflow-wrap: anywhere; }
th { font-weight: 600; }
th[scope="row"] { overflow-wrap: break-word; }
@media (prefers-color-scheme: dark) { body { color: #f2f2f2; background: #1a1a1a; } }
@media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; } }
"""

_LEDGER_ACTIONS: Final = {
    "suppress": "you were erased, and are not stored again",
    "readmit": "you have signed up anew",
    "restrict": "the processing of your data was restricted",
    "unrestrict": "the restriction ended",
    "rectify": "your data were corrected",
    "complete": "what was asked for is done",
    "extend": "the answer takes longer",
    "notify": "a recipient was told",
}

_NOT_NAMED: Final = "not named in the privacy policy"


def export_page(document: Document) -> str:
    """Write what `PersonExporter.export` returns as a page."""
    body = "\n".join(_body(document))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What is held of you</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>"""


def _body(document: Document) -> Iterator[str]:
    yield "<h1>What is held of you</h1>"
    yield _paragraph(_summary(document))
    yield _pairs(
        "This document",
        {"Your id": document["id"], "Made at": document["made_at"], "Form": document["format"]},
    )
    if document["profile"] is not None:
        yield "<h2>Your profile</h2>"
        yield _profile(document)
    if document["corrected"]:
        names = ", ".join(map(_words, document["corrected"]))
        yield _paragraph(f"Corrected, and not changed by later records of the source: {names}.")
    yield "<h2>Where it is held</h2>"
    yield from _stores(document)
    if document["log"]:
        yield "<h2>Your records in the logs</h2>"
        yield _paragraph(
            "A log carries records to the stores. It holds them for a short time, with your full"
            " date of birth."
        )
        for record in document["log"]:
            yield _record(record)
    if document["ledger"]:
        yield "<h2>Your requests</h2>"
        yield _paragraph(
            "The erasure ledger keeps what was asked for and done, so that it is kept to. It has a"
            " keyed hash in place of your id."
        )
        yield _ledger(document["ledger"])
    yield "<h2>Where it comes from</h2>"
    yield _paragraph(document["source"]["description"])
    yield "<h2>Why the logs hold each field, and for how long</h2>"
    yield _log_fields(document)
    yield "<h2>Who answers for it, and who receives it</h2>"
    yield _pairs(
        "Controller, contact, recipients",
        {
            "Controller": document["controller"] or _NOT_NAMED,
            "Contact": document["contact"] or _NOT_NAMED,
            "Recipients": "; ".join(document["recipients"]) or "none",
            "Transfers to third countries": "; ".join(document["transfers"]) or "none",
            "Automated decisions": document["automated_decisions"],
        },
    )
    yield "<h2>Your rights</h2>"
    yield _rights(document)
    yield "<h2>What is not in this document</h2>"
    yield _pairs(
        "What is not in this document, and why",
        {each["where"]: each["why"] for each in document["not_included"]},
    )


def _summary(document: Document) -> str:
    if not document["held"]:
        nothing = "Nothing is held of this id, in any of the places below."
        if document["ledger"]:
            return f"{nothing} The erasure ledger has entries about it, which are listed."
        return nothing
    if has_the_id_alone(document):
        return (
            f"Held: your id, and nothing else of you, in {_records(len(document['log']))} in the"
            " logs, which they delete with their time."
        )
    parts: list[str] = []
    following = document["stores"]["following"]
    if document["profile"] is not None:
        parts.append("your profile")
    elif following is not None and following["holds"]:
        parts.append("a copy of your profile")
    if number := len(document["log"]):
        parts.append(f"{_records(number)} in the logs")
    return f"Held: {' and '.join(parts)}."


def _profile(document: Document) -> str:
    fields = document["fields"]
    rows = [
        (_words(name), _shown(value), *_reason(fields.get(name), "retention_days", "days"))
        for name, value in document["profile"].items()
    ]
    heads = ("Field", "Value", "Purpose", "Legal basis", "Kept for")
    return _table("Each field of your profile, and why it is kept", heads, rows)


def _log_fields(document: Document) -> str:
    rows = [
        (name, *_reason(rule, "retention_hours", "hours"))
        for name, rule in document["log_fields"].items()
    ]
    return _table("Fields of the logs", ("Field", "Purpose", "Legal basis", "Kept for"), rows)


def _reason(rule: Mapping[str, Any] | None, retention: str, unit: str) -> Sequence[str]:
    if rule is None:
        return "", "", ""
    return rule["purpose"], rule["legal_basis"], f"{rule[retention]} {unit}"


def _stores(document: Document) -> Iterator[str]:
    stores = document["stores"]
    deciding, following = stores["deciding"], stores["following"]
    apart = ", kept apart: its processing is restricted" if deciding["kept_apart"] else ""
    rows = [(deciding["name"], f"your profile{apart}" if deciding["holds"] else "nothing")]
    if following is not None:
        holds = "your profile" if following["holds"] else "nothing"
        differs = "" if following["agrees"] else ", and not the same as the first store"
        rows.append((following["name"], f"{holds}{differs}"))
    counts = {searched["log"]: 0 for searched in document["searched"]}
    for record in document["log"]:
        counts[record["log"]] += 1
    rows += [(log, _records(count) if count else "nothing") for log, count in counts.items()]
    yield _table("Places that were looked through", ("Place", "Holds"), rows)
    if following is not None and following["holds"] and not following["agrees"]:
        values = {_words(name): value for name, value in following["profile"].items()}
        yield _pairs(f"What {following['name']} holds", values)


def _record(record: Mapping[str, Any]) -> str:
    place = f"{record['log']}, partition {record['partition']}, offset {record['offset']}"
    caption = f"{place}, logged at {record['logged_at']}"
    if record["correction"] is not None:
        values = dict(_flat(record["correction"]["set"]))
        if released := record["correction"]["release"]:
            values["Released"] = ", ".join(map(_words, released))
        return _pairs(f"{caption}: a correction of your profile", values)
    if record["person"] is None:
        says = "It deletes your profile." if record["deletion"] else "Nothing is read of it."
        return _pairs(caption, {"Content": says})
    values = {name: value for name, value in _flat(record["person"]) if value is not None}
    if not record["complete"]:
        values["Besides"] = "Its sender put more into it, of which nothing is read."
    return _pairs(caption, values)


def _ledger(entries: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            str(each["number"]),
            _LEDGER_ACTIONS[each["action"]],
            (each["reason"] or "").replace("-", " "),
            each["at"],
            each["deadline"] or "",
            "" if each["refers"] is None else str(each["refers"]),
            each["recipient"] or "",
        )
        for each in entries
    ]
    heads = ("Entry", "What", "Reason", "At", "Deadline", "About entry", "Recipient")
    return _table("Entries of the erasure ledger about you", heads, rows)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _rights(document: Document) -> str:
    rows = [
        (
            each["right"],
            each["what"],
            ", ".join(map(_words, each["fields"] or [])),
            each["article"],
        )
        for each in document["rights"]
    ]
    return _table("Your rights", ("Right", "You may", "Fields", "Law"), rows)


def _pairs(caption: str, values: Mapping[str, Any]) -> str:
    return _table(caption, (), [(name, _shown(value)) for name, value in values.items()])


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table whose first column names what stands beside it."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    lines = [f"<table><caption>{_isolated(caption)}</caption>"]
    if head:
        lines.append(f"<thead><tr>{head}</tr></thead>")
    lines.append("<tbody>")
    for name, *others in rows:
        cells = "".join(f"<td>{_isolated(one)}</td>" for one in others)
        lines.append(f'<tr><th scope="row">{_isolated(name)}</th>{cells}</tr>')
    lines.append("</tbody></table>")
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _isolated(text: str) -> str:
    """Write a text that may be in any script, so that its direction is its own."""
    return f"<bdi>{escape(text)}</bdi>"


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def _words(field: str) -> str:
    """Write the name of a field for people."""
    return field.replace("_", " ")


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
