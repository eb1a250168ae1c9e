"""The values of our facts: a flat JSON object that also readers who know nothing of CloudEvents understand.

`event_type` (underscores), `event_id`, `user_id`, `timestamp` (the fact's time), `occurred_at`, and the fact's own
members.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.v import format_exception

from adapters.cloudevents.times import time_text
from domain.account import AccountStatus
from domain.errors import ValidationError
from domain.events import (
    AccountEnrolled,
    AccountEvent,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    ReauthRequired,
)

TYPES: Mapping[type[AccountEvent], str] = {
    AccountEnrolled: "account.enrolled",
    AccountUpdated: "account.updated",
    AccountStatusChanged: "account.status_changed",
    AccountSignedIn: "account.signed_in",
    ReauthRequired: "account.reauth_required",
    AccountRecovered: "account.recovered",
}
CLASSES = {name: cls for cls, name in TYPES.items()}
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_STATUSES = {status.value: status for status in AccountStatus}


def make_converter() -> cattrs.Converter:
    """Return the converter of event values: strict types, unknown members ignored, times as UTC text.

    No error that it raises quotes what stands in a value.
    """
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, time_text)
    converter.register_structure_hook(datetime, _time)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(AccountStatus, _status)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _texts)
    for cls in TYPES:
        renamed = {"occurred_at": override(rename="timestamp")}
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **renamed))  # type: ignore[arg-type]
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **renamed))  # type: ignore[arg-type]
    return converter


def faults(error: Exception) -> str:
    """Name the members that do not fit and why, without quoting them."""
    found = cattrs.transform_error(error, path="value", format_exception=_fault)
    return "; ".join(found).replace("value.occurred_at", "value.timestamp")  # cattrs names fields, not members


def _fault(error: BaseException, kind: type | None) -> str:
    return error.message if isinstance(error, ValidationError) else format_exception(error, kind)


def _time(value: Any, _: type) -> datetime:  # noqa: ANN401 - JSON
    if not isinstance(value, str) or not _DATETIME.fullmatch(value):
        msg = "not a UTC time with microseconds"
        raise ValueError(msg)
    return datetime.fromisoformat(value)


def _status(value: Any, _: type) -> AccountStatus:  # noqa: ANN401 - JSON
    status = _STATUSES.get(_text(value, str))
    if status is None:
        msg = "not a status"
        raise ValueError(msg)
    return status


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
