"""Validators for attrs fields: a value is refused at construction, as a `ValidationError` that names the field."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from domain.errors import ValidationError

_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs, which are no Unicode text."""

_VISIBLE = bytes(range(0x20, 0x7F))
_LONG = 100
"""Text of more characters is looked through quicker as bytes, if it is ASCII."""

_PEM = "-----BEGIN "
_LINE_BREAKS = str.maketrans("\r\n", "  ")

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def refuse(instance: object, attribute: "attrs.Attribute[Any]", problem: str) -> ValidationError:
    """Return the error for one field of one value; the refused value itself is not quoted, it may be a secret."""
    owner = type(instance).__name__
    return ValidationError(
        f"{owner}.{attribute.name} {problem}.", details={"type": owner, "field": attribute.name, "problem": problem}
    )


def checked_utc(moment: datetime) -> datetime:
    """Return `moment` if it is an aware datetime in UTC.

    Raises:
        ValidationError: it is not.
    """
    if moment.tzinfo is not UTC and moment.utcoffset() != timedelta(0):
        msg = "A time must be timezone-aware and in UTC."
        raise ValidationError(msg, error_code="NOT_UTC")
    return moment


def utc(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """Accept an aware datetime in UTC only."""
    if isinstance(value, datetime) and value.tzinfo is UTC:  # as nearly all are
        return
    if not isinstance(value, datetime):
        raise refuse(instance, attribute, "must be a datetime")
    if value.tzinfo is None:
        raise refuse(instance, attribute, "must be timezone-aware, but is naive")
    if value.utcoffset() != timedelta(0):
        raise refuse(instance, attribute, "must be in UTC")


def not_blank(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """Accept text with something visible in it and nothing around it."""
    if isinstance(value, str) and 0 < len(value) <= _LONG and value.isprintable() and value == value.strip():
        return  # as nearly all
    if not isinstance(value, str) or not (stripped := value.strip()):
        raise refuse(instance, attribute, "must not be empty")
    if value != stripped:
        raise refuse(instance, attribute, "must not begin or end with white space")
    if not _is_text(value):
        raise refuse(instance, attribute, "must not contain control characters or broken Unicode")


def _is_text(value: str) -> bool:
    if len(value) > _LONG and value.isascii():  # as tokens are
        return not value.encode().translate(None, _VISIBLE)
    return value.isprintable() or _NOT_TEXT.search(value) is None  # `isprintable` is quicker, and refuses more


def not_negative(instance: object, attribute: "attrs.Attribute[Any]", value: int) -> None:
    """Accept zero and above."""
    if value < 0:
        raise refuse(instance, attribute, "must not be negative")


def each_not_blank(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """Accept a tuple of texts, each as `not_blank` wants it."""
    if not isinstance(value, tuple):
        raise refuse(instance, attribute, "must be a tuple")
    for item in value:
        not_blank(instance, attribute, item)


def is_pem(text: str) -> bool:
    """Return whether the text is a PEM text (RFC 7468), the one kind of credential that has several lines."""
    return text.startswith(_PEM)


def each_credential(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """Accept a tuple of texts, each as `not_blank` wants it, but that PEM texts have several lines."""
    if not isinstance(value, tuple):
        raise refuse(instance, attribute, "must be a tuple")
    for item in value:
        pem = isinstance(item, str) and is_pem(item)
        not_blank(instance, attribute, item.translate(_LINE_BREAKS) if pem else item)


def optional(validator: Validator) -> Validator:
    """Accept None, or what `validator` accepts."""

    def check(instance: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
        if value is not None:
            validator(instance, attribute, value)

    return check
