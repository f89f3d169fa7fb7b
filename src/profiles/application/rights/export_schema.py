"""The JSON Schema (draft 2020-12) of an export, so that others can read it by machine (Art. 20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from profiles.application.rights.access import FORMAT
from profiles.domain.columns import COLUMNS, Column, ColumnKind
from profiles.domain.ledger_entry import Action, Reason

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_YES_OR_NO: Final[Schema] = {"type": "boolean"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_DAY: Final[Schema] = {"type": "string", "format": "date"}
_ID: Final[Schema] = {"type": "string", "format": "uuid"}

_KINDS: Final[Mapping[ColumnKind, Schema]] = {
    ColumnKind.ID: _ID,
    ColumnKind.TEXT: _TEXT,
    ColumnKind.NUMBER: _WHOLE,
    ColumnKind.DAY: _DAY,
    ColumnKind.MIDNIGHT: _DAY,
    ColumnKind.VERSION: _WHOLE,
}


def export_schema() -> Schema:
    """Return the schema of what `PersonExporter.export` returns."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT.replace('/', ':')}",
        "title": "What is held of a person, as `profiles export` prints it",
        **_object(
            format={"const": FORMAT},
            id=_ID,
            made_at=_described(_MOMENT, "When this document was made."),
            held=_described(_YES_OR_NO, "Whether anything is held of this id anywhere."),
            profile=_described(
                _or_null(_profile()), "What the deciding store holds; null where nothing is held."
            ),
            corrected=_described(
                _list(_TEXT),
                "The fields that were corrected; later records of the source do not change them.",
            ),
            source=_object(description=_TEXT, record=_or_null(_origin())),
            stores=_object(
                deciding=_object(
                    name=_TEXT,
                    holds=_YES_OR_NO,
                    kept_apart=_described(
                        _YES_OR_NO, "Whether the profile is kept apart, its processing restricted."
                    ),
                ),
                following=_or_null(
                    _object(
                        name=_TEXT,
                        holds=_YES_OR_NO,
                        agrees=_described(
                            _YES_OR_NO, "Whether it holds the same as the deciding store."
                        ),
                        profile=_or_null(_profile()),
                    )
                ),
            ),
            log=_described(
                _list(_record()), "The records in the logs, full date of birth included."
            ),
            searched=_described(
                _list(
                    _object(
                        log=_TEXT,
                        partitions=_list(_object(partition=_WHOLE, first=_WHOLE, end=_WHOLE)),
                    )
                ),
                "The logs that were looked through: each partition from `first` to before `end`.",
            ),
            ledger=_described(
                _or_null(_list(_ledger_entry())),
                "What the erasure ledger says of this id, found by its keyed hash; null where the"
                " ledger was not looked into.",
            ),
            fields=_described(
                _table(_object(purpose=_TEXT, legal_basis=_TEXT, retention_days=_WHOLE)),
                "Why and for how long each field of a profile is kept.",
            ),
            log_fields=_described(
                _table(_object(purpose=_TEXT, legal_basis=_TEXT, retention_hours=_WHOLE)),
                "Why and for how long each field of the logs is kept.",
            ),
            controller=_or_null(_TEXT),
            contact=_or_null(_TEXT),
            recipients=_list(_TEXT),
            transfers=_list(_TEXT),
            automated_decisions=_TEXT,
            rights=_list(
                _object(right=_TEXT, article=_TEXT, what=_TEXT, fields=_or_null(_list(_TEXT)))
            ),
            not_included=_list(_object(where=_TEXT, why=_TEXT)),
        ),
    }


def _profile() -> Schema:
    return _object(**{column.name: _column(column) for column in COLUMNS})


def _column(column: Column) -> Schema:
    return _or_null(_KINDS[column.kind]) if column.nullable else _KINDS[column.kind]


def _origin() -> Schema:
    origin = _object(topic_id=_or_null(_TEXT), partition=_WHOLE, offset=_WHOLE, revision=_WHOLE)
    return _described(origin, "Which record the profile was made of; `revision` counts changes.")


def _record() -> Schema:
    return _object(
        log=_TEXT,
        partition=_WHOLE,
        offset=_WHOLE,
        logged_at=_MOMENT,
        deletion=_described(_YES_OR_NO, "Whether the record deletes what is held."),
        person=_described(
            {"type": ["object", "null"]},
            "What is read of the record, in the form of the Random User Generator API; null where"
            " nothing is.",
        ),
        correction=_described(
            _or_null(_object(set={"type": "object"}, release=_list(_TEXT))),
            "What the record corrects; null where it is no correction.",
        ),
        complete=_described(_YES_OR_NO, "Whether the record holds nothing beside that."),
    )


def _ledger_entry() -> Schema:
    return _object(
        number={"type": "integer", "minimum": 1},
        action={"enum": [action.value for action in Action]},
        reason={"enum": [*(reason.value for reason in Reason), None]},
        at=_MOMENT,
        deadline=_or_null(_DAY),
        refers=_described(_or_null(_WHOLE), "The number of the entry that this one is about."),
        recipient=_described(_or_null(_TEXT), "Who was told (GDPR Art. 19)."),
    )


def _object(**properties: Schema) -> Schema:
    """Describe an object that has all of some properties, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _table(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}
