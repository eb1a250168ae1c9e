"""The properties that KQL knows of mail, and when a message has a value there.

Source: "Use the $search query parameter" in the concepts of Graph v1.0, table of message properties.
"""

import operator
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.content import Address, Draft, File
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.phrases import Phrase, parse_phrase

Predicate = Callable[[Message], bool]

_AMERICAN: Final = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII)
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>T\d\d:\d\d(?P<second>:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_WHOLE_ADDRESS: Final = re.compile(r"[^\s@*]+@[^\s@*]+")
_SIZE: Final = re.compile(r"\d{1,15}", re.ASCII)
_OVERHEAD = 1024
"""What a message weighs beside its content, in bytes; Exchange counts something like it."""
_IMPORTANCES: Final = {"low": "low", "normal": "normal", "medium": "normal", "high": "high"}
_OTHER_KINDS: Final = (
    "contacts docs externaldata faxes im journals meetings microsoftteams notes posts rssfeeds tasks voicemail"
)


@attrs.frozen(kw_only=True)
class Restriction:
    """What a query says of a property. `sign` is the operator, `:` and `=` being the same."""

    name: str
    sign: str
    value: str

    def refused(self) -> GraphError:
        message = f"Syntax error: '{self.name}{self.sign}{self.value}' is not a valid restriction."
        return GraphError(400, "BadRequest", message)


@attrs.frozen
class _Span:
    """Values from `start`, up to `end` without it: a day, a second, a size."""

    start: datetime | int
    end: datetime | int


def canonical(name: str) -> str:
    """Return a property's own name. Raises: GraphError 400 if mail has none of this name."""
    known = {"hasattachments": "hasattachment"}.get(name.lower(), name.lower())
    if known not in _MAKERS:
        raise GraphError(400, "BadRequest", f"Syntax error: '{name}' is not a property that messages are searched by.")
    return known


def predicate(restriction: Restriction) -> Predicate:
    """Return the condition of a restriction with a canonical name.

    Raises: GraphError 400 for a value or an operator that the property does not have.
    """
    return _MAKERS[restriction.name](restriction)


def _equality(restriction: Restriction, holds: Predicate) -> Predicate:
    """The condition or, for `<>`, its contrary."""
    if restriction.sign in {":", "="}:
        return holds
    if restriction.sign == "<>":
        return lambda message: not holds(message)
    raise restriction.refused()


def _phrase(restriction: Restriction) -> Phrase:
    found = parse_phrase(restriction.value)
    if found is None:
        raise restriction.refused()
    return found


def _words_in(texts: Callable[[Message], Iterable[str]]) -> Callable[[Restriction], Predicate]:
    def make(restriction: Restriction) -> Predicate:
        phrase = _phrase(restriction)
        return _equality(restriction, lambda message: phrase.is_in_any(texts(message)))

    return make


def _body(restriction: Restriction) -> Predicate:
    phrase = _phrase(restriction)
    return _equality(restriction, lambda message: phrase.is_in_body(message.draft))


def _people(which: Callable[[Draft], Iterable[Address]]) -> Callable[[Restriction], Predicate]:
    """A whole address is compared as such; anything else is words of a name or an address."""

    def make(restriction: Restriction) -> Predicate:
        if _WHOLE_ADDRESS.fullmatch(restriction.value):
            key = restriction.value.casefold()
            return _equality(
                restriction, lambda message: any(each.address.casefold() == key for each in which(message.draft))
            )
        phrase = _phrase(restriction)
        return _equality(
            restriction,
            lambda message: any(phrase.is_in_any((each.name, each.address)) for each in which(message.draft)),
        )

    return make


def _choice(values: dict[str, Predicate]) -> Callable[[Restriction], Predicate]:
    def make(restriction: Restriction) -> Predicate:
        found = values.get(restriction.value.lower())
        if found is None:
            raise restriction.refused()
        return _equality(restriction, found)

    return make


def _has_importance(name: str) -> Predicate:
    return lambda message: message.importance == name


def _measured(
    read: Callable[[Message], datetime | int], span: Callable[[Restriction, str], _Span]
) -> Callable[[Restriction], Predicate]:
    """Comparisons with a value, or with a range `a..b` that both of its ends belong to."""

    def make(restriction: Restriction) -> Predicate:
        first, between, last = restriction.value.partition("..")
        start = span(restriction, first)
        whole = _Span(start.start, span(restriction, last).end) if between else start
        if between and restriction.sign not in {":", "="}:
            raise restriction.refused()
        return _comparison(restriction, read, whole)

    return make


def _comparison(restriction: Restriction, read: Callable[[Message], datetime | int], span: _Span) -> Predicate:
    bounds = {
        "<": (operator.lt, span.start),
        ">=": (operator.ge, span.start),
        "<=": (operator.lt, span.end),
        ">": (operator.ge, span.end),
    }
    if restriction.sign in bounds:
        compare, bound = bounds[restriction.sign]
        return lambda message: bool(compare(read(message), bound))
    return _equality(
        restriction,
        lambda message: bool(operator.ge(read(message), span.start) and operator.lt(read(message), span.end)),
    )


def _days(restriction: Restriction, text: str) -> _Span:
    """A day in UTC as `2024-01-31` or `1/31/2024`, or a time; one without a zone is in UTC."""
    try:
        if american := _AMERICAN.fullmatch(text):
            parts = {name: int(number) for name, number in american.groupdict().items()}
            start = datetime(parts["year"], parts["month"], parts["day"], tzinfo=UTC)
            return _Span(start, start + timedelta(days=1))
        if iso := _ISO.fullmatch(text):
            found = datetime.fromisoformat(text)
            start = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
            step = timedelta(seconds=1) if iso["second"] else timedelta(minutes=1)
            return _Span(start, start + (step if iso["time"] else timedelta(days=1)))
    except (ValueError, OverflowError):
        raise restriction.refused() from None
    raise restriction.refused()


def _bytes(restriction: Restriction, text: str) -> _Span:
    if not _SIZE.fullmatch(text):
        raise restriction.refused()
    return _Span(int(text), int(text) + 1)


def _size(message: Message) -> int:
    draft = message.draft
    files = sum(len(each.content) for each in draft.attachments if isinstance(each, File))
    return _OVERHEAD + len(draft.subject) + len(draft.body) + files


def _sender(draft: Draft) -> tuple[Address, ...]:
    return () if draft.sender is None else (draft.sender,)


def _recipients(draft: Draft) -> tuple[Address, ...]:
    return (*draft.to, *draft.cc, *draft.bcc)


_MAKERS: Final[dict[str, Callable[[Restriction], Predicate]]] = {
    "attachment": _words_in(lambda message: [each.name for each in message.draft.attachments]),
    "bcc": _people(lambda draft: draft.bcc),
    "body": _body,
    "cc": _people(lambda draft: draft.cc),
    "from": _people(_sender),
    "hasattachment": _choice(
        {"true": lambda message: message.has_attachments, "false": lambda message: not message.has_attachments}
    ),
    "importance": _choice({name: _has_importance(value) for name, value in _IMPORTANCES.items()}),
    "kind": _choice({"email": lambda _message: True, **dict.fromkeys(_OTHER_KINDS.split(), lambda _message: False)}),
    "participants": _people(lambda draft: (*_sender(draft), *_recipients(draft))),
    "received": _measured(lambda message: message.draft.received_at, _days),
    "recipients": _people(_recipients),
    "sent": _measured(lambda message: message.draft.sent_at, _days),
    "size": _measured(_size, _bytes),
    "subject": _words_in(lambda message: [message.subject]),
    "to": _people(lambda draft: draft.to),
}
