"""From the values of our facts to the facts: strict types, and no error that quotes what stands in a value."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, override
from cattrs.v import format_exception

from adapters.cloudevents.fact_members import OCCURRED_AT, TIMESTAMP, TYPES
from domain.account import AccountStatus
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType, Urgency
from domain.errors import ValidationError
from domain.events import AccountEvent

CLASSES: Mapping[str, type[AccountEvent]] = {name: cls for cls, name in TYPES.items()}
TIME_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_VOCABULARIES: tuple[type[StrEnum], ...] = (AccountStatus, DecisionStatus, MailType, SenderType, Urgency)
_TIME, _DATE = re.compile(TIME_PATTERN), re.compile(DATE_PATTERN)


def make_converter() -> cattrs.Converter:
    """Return the converter of event values: unknown members are ignored; missing ones only where a fact can do without.

    What it raises quotes nothing.
    """
    converter = cattrs.Converter()
    converter.register_structure_hook(datetime, _time)
    converter.register_structure_hook(date, _date)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    for kind in _VOCABULARIES:
        converter.register_structure_hook(kind, _word)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _texts)
    for cls in TYPES:
        renamed = {OCCURRED_AT: override(rename=TIMESTAMP)}
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **renamed))  # type: ignore[arg-type]
    return converter


def faults(error: Exception) -> str:
    """Name the members that do not fit and why, without quoting them."""
    found = cattrs.transform_error(error, path="value", format_exception=_fault)
    # cattrs names fields, not members
    return "; ".join(found).replace(f"value.{OCCURRED_AT}", f"value.{TIMESTAMP}")


def _fault(error: BaseException, kind: type | None) -> str:
    return error.message if isinstance(error, ValidationError) else format_exception(error, kind)


def _time(value: Any, _: type) -> datetime:  # noqa: ANN401 - JSON
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        msg = "not a UTC time with microseconds"
        raise ValueError(msg)
    return datetime.fromisoformat(value)


def _date(value: Any, _: type) -> date:  # noqa: ANN401 - JSON
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        msg = "not a date"
        raise ValueError(msg)
    return date.fromisoformat(value)


def _word(value: Any, kind: type[StrEnum]) -> StrEnum:  # noqa: ANN401 - JSON
    text = _text(value, str)
    if text not in kind._value2member_map_:
        msg = f"not a {kind.__name__}"
        raise ValueError(msg)
    return kind(text)


def _flag(value: Any, _: type) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(value, bool):
        msg = "not true or false"
        raise TypeError(msg)
    return value


def _texts(value: Any, _: type) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    if not isinstance(value, list):
        msg = "not a list"
        raise TypeError(msg)
    return tuple(_text(item, str) for item in value)


def _text(value: Any, _: type) -> str:  # noqa: ANN401 - JSON
    if not isinstance(value, str):
        msg = "not text"
        raise TypeError(msg)
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        msg = "half of a surrogate pair, which no store could keep"
        raise ValueError(msg)
    return value
