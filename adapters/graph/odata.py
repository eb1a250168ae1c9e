"""Conditions as OData writes them in `$filter` (OASIS OData 4.01, URL Conventions, 5.1.1); not percent-encoded.

Text that a person chose stands in a condition as a quoted literal only.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

import attrs

Operator = Literal["eq", "ge", "lt"]
Value = str | bool | datetime

NEWEST_FIRST = "receivedDateTime desc"
_LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC)


class Property(StrEnum):
    """What can be filtered by (message.md)."""

    RECEIVED = "receivedDateTime"
    SUBJECT = "subject"
    SENDER_ADDRESS = "from/emailAddress/address"
    SENDER_NAME = "from/emailAddress/name"
    IS_READ = "isRead"
    HAS_ATTACHMENTS = "hasAttachments"
    IMPORTANCE = "importance"


@attrs.frozen
class Condition:
    """A condition as text. `sortable`: the server sorts what meets it, if it is asked to sort by time of receipt too.

    A `loose` one must be put in parentheses before `and`.
    """

    text: str = attrs.field(repr=False)
    sortable: bool = True
    loose: bool = False

    @property
    def factor(self) -> str:
        """Return the text as it can stand beside `and`."""
        return f"({self.text})" if self.loose else self.text


def comparison(name: Property, operator: Operator, value: Value) -> Condition:
    """Return that a property compares so with a value; text is compared without regard to case."""
    return Condition(f"{name} {operator} {_literal(value)}")


def contains(name: Property, text: str) -> Condition:
    """Return that a text occurs in a property. With `$orderby`, Graph answers InefficientFilter."""
    return Condition(f"contains({name},{_literal(text)})", sortable=False)


def any_of(*conditions: Condition) -> Condition:
    """Return that one of the conditions holds."""
    text = " or ".join(each.factor for each in conditions)
    return Condition(text, sortable=all(each.sortable for each in conditions), loose=len(conditions) > 1)


def all_of(*conditions: Condition) -> Condition:
    """Return that all conditions hold, in this order."""
    return Condition(
        " and ".join(each.factor for each in conditions), sortable=all(each.sortable for each in conditions)
    )


def second_at_or_before(moment: datetime) -> datetime:
    """Return the whole second that a moment is in: Graph tells times in whole seconds."""
    return moment.replace(microsecond=0)


def second_at_or_after(moment: datetime) -> datetime:
    """Return the first whole second that is not before a moment; the last one of the year 9999 has none after it."""
    floor = second_at_or_before(moment)
    return floor if floor == moment or floor >= _LATEST else floor + timedelta(seconds=1)


def _literal(value: Value) -> str:
    match value:
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(len("2000-01-01T00:00:00Z"), "0")
