"""Settings and strategies of the property tests and state machines."""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.account import AccountId
from domain.events import (
    AccountEnrolled,
    AccountEvent,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    EmailReceived,
    Event,
    EventId,
    MailDeleted,
    MailEvent,
    MailMoved,
    ReauthRequired,
)
from domain.mail_results import EmailInfo
from domain.mail_sync import MailId
from ports.cipher import Binding

QUICK = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
MACHINE = settings(QUICK, max_examples=40, stateful_step_count=30)

# Lone surrogates are no Unicode text: they cannot be encoded, and no JSON, database or network could carry them.
TEXT = st.text(st.characters(codec="utf-8"))
IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip()
)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
BINDINGS = st.builds(Binding, TEXT, TEXT)


def _values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an annotation
    """Draw what a field of this type can hold."""
    if get_origin(kind) in {Union, UnionType}:
        return st.one_of(*(_values(each) for each in get_args(kind)))
    if kind == tuple[str, ...]:
        return st.lists(TEXT, max_size=5).map(tuple)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        str: TEXT,
        MailId: TEXT,
        bool: st.booleans(),
        datetime: MOMENTS,
        date: st.dates(),
    }
    return plain[kind]


EMAIL_INFOS = st.builds(EmailInfo, **{field.name: _values(field.type) for field in attrs.fields(EmailInfo)})
_MEMBERS: dict[str, st.SearchStrategy[object]] = {
    "event_id": IDS.map(EventId),
    "account_id": IDS.map(AccountId),
    "user_id": IDS,
    "mail_id": IDS.map(MailId),
    "reason": TEXT.map(str.strip).filter(re.compile(r"[^\x00-\x1f\x7f]+").fullmatch),
    "event_info": EMAIL_INFOS,
}
EVENT_CLASSES: tuple[type[Event], ...] = (
    AccountEnrolled,
    AccountUpdated,
    AccountStatusChanged,
    AccountSignedIn,
    ReauthRequired,
    AccountRecovered,
    EmailReceived,
    MailMoved,
    MailDeleted,
)


def _events(cls: type[Event]) -> st.SearchStrategy[Event]:
    free = {field.name: _values(field.type) for field in attrs.fields(cls) if field.name not in _MEMBERS}
    return st.builds(cls, **free, **{name: _MEMBERS[name] for name in attrs.fields_dict(cls).keys() & _MEMBERS.keys()})


EVENTS_BY_CLASS = {cls: _events(cls) for cls in EVENT_CLASSES}
EVENTS = st.one_of(*EVENTS_BY_CLASS.values())
OF_MAIL = frozenset(cls for cls in EVENT_CLASSES if issubclass(cls, MailEvent))


def known_event_classes() -> set[type[AccountEvent]]:
    """Return every event class of the domain."""
    return {*AccountEvent.__subclasses__(), *MailEvent.__subclasses__()} - {MailEvent}
