"""JSON Schemas of the values of our facts, made from the classes of the facts.

They use nothing in which draft 7 and draft 2020-12 differ, so that they can stand in an AsyncAPI document as they are.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

from adapters.cloudevents.attributes import underscored
from adapters.cloudevents.fact_members import EVENT_TYPE, OCCURRED_AT, TIMESTAMP, TYPES, members_of
from adapters.cloudevents.fact_values import DATE_PATTERN, TIME_PATTERN
from adapters.cloudevents.meanings import INFO_MEANINGS, MEANINGS
from domain.events import AccountEvent
from domain.mail_results import EmailInfo
from domain.validation import not_blank

Schema = Mapping[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> Mapping[str, Schema]:
    """Return the schema of each type of event, in a fixed order."""
    return {
        name: {"$schema": DIALECT, "$id": f"urn:iacsgraph:event:{name}", **value_schema(cls)}
        for cls, name in TYPES.items()
    }


def value_schema(cls: type[AccountEvent]) -> Schema:
    """Return the schema of the values of one class of facts, without saying that it is one."""
    fields = attrs.fields_dict(cls)
    of_fact = {name: _field_schema(fields[OCCURRED_AT if name == TIMESTAMP else name]) for name in members_of(cls)[1:]}
    members = {EVENT_TYPE: {"type": "string", "const": underscored(TYPES[cls])}, **of_fact}
    return {"title": TYPES[cls], "description": summary(cls), **_object(members, MEANINGS)}


def summary(cls: type) -> str:
    """Return what a class says of itself, for readers of JSON."""
    return " ".join((cls.__doc__ or "").split()).replace("None", "null")


def _object(members: Mapping[str, Schema], meanings: Mapping[str, str]) -> Schema:
    """Every member is always there; others may be added."""
    described = {name: {**schema, "description": meanings[name]} for name, schema in members.items()}
    return {"type": "object", "properties": described, "required": list(members), "additionalProperties": True}


def _field_schema(field: "attrs.Attribute[Any]") -> Schema:
    schema = _schema_of(field.type)
    return {**schema, "minLength": 1} if field.validator is not_blank else schema


def _schema_of(kind: Any) -> Schema:  # noqa: ANN401 - an annotation
    if get_origin(kind) in {Union, UnionType}:
        return _nullable(_schema_of(next(each for each in get_args(kind) if each is not type(None))))
    if kind is EmailInfo:
        return _object({field.name: _schema_of(field.type) for field in attrs.fields(EmailInfo)}, INFO_MEANINGS)
    if kind == tuple[str, ...]:
        return {"type": "array", "items": {"type": "string"}}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [each.value for each in kind]}
    plain: Mapping[Any, Schema] = {
        bool: {"type": "boolean"},
        date: {"type": "string", "format": "date", "pattern": f"^{DATE_PATTERN}$"},
        datetime: {"type": "string", "format": "date-time", "pattern": f"^{TIME_PATTERN}$"},
    }
    return plain.get(kind, {"type": "string"})


def _nullable(schema: Schema) -> Schema:
    either: dict[str, Any] = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        either["enum"] = [*schema["enum"], None]
    return either
