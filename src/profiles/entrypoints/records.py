"""The records of processing activities as a document in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from profiles.application.policy.records import Records
from profiles.entrypoints.markdown import document, items, names, table, text

_NOBODY = "None is named in the policy."


def markdown_of(records: Records) -> str:
    """Write the records as Markdown, what is missing or to be said aloud before all else."""
    return document(*_blocks(records))


def _blocks(records: Records) -> Iterator[Sequence[str]]:
    yield ["# Records of processing activities"]
    policy = names([records.fingerprint[:12]])
    made = f"Printed by `profiles records` from the configuration and the privacy policy {policy}."
    yield [f"GDPR Art. 30(1). {made}"]
    yield items(f"**Missing.** {text(sentence)}" for sentence in records.missing)
    yield items(f"**Note.** {text(sentence)}" for sentence in records.notes)
    yield ["## Controller and contact (a)"]
    yield table(
        ("who", "as the policy names them"),
        (
            ("Controller", text(records.controller or "not named")),
            ("Contact", text(records.contact or "not named")),
        ),
    )
    yield ["## Purposes (b)"]
    yield table(
        ("purpose", "legal basis", "held in", "fields"),
        (
            (text(each.purpose), text(each.legal_basis), each.held_in, names(each.fields))
            for each in records.purposes
        ),
    )
    yield ["## Categories of persons (c)"]
    yield items(map(text, records.persons))
    yield ["## Categories of personal data (c)"]
    yield table(
        ("field", "held in", "for at most", "form"),
        ((names([each.field]), each.held_in, each.retention, each.form) for each in records.data),
    )
    yield ["## Categories of recipients (d)"]
    yield _listed("recipients", records.recipients)
    yield ["## Transfers to third countries, and their safeguards (e)"]
    yield _listed("transfers", records.transfers)
    yield ["## Where the data lies, and when it is erased (f)"]
    yield table(
        ("where", "what", "erased"),
        ((text(each.where), text(each.what), text(each.erased)) for each in records.places),
    )
    yield ["## Technical and organisational measures (g)"]
    yield table(
        ("measure", "how"), ((text(each.what), text(each.how)) for each in records.measures)
    )


def _listed(heading: str, texts: Sequence[str]) -> list[str]:
    """Write the operator's texts as a table, in which nothing begins a block of its own."""
    return table([heading], ([text(each)] for each in texts)) if texts else [_NOBODY]
