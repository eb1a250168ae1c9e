"""Settings and strategies of the property tests and state machines."""

import re
from datetime import UTC

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.account import AccountId, AccountStatus
from domain.events import (
    AccountEnrolled,
    AccountEvent,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    Event,
    EventId,
    ReauthRequired,
)
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


def _events(cls: type[Event]) -> st.SearchStrategy[Event]:
    return st.builds(
        cls,
        event_id=IDS.map(EventId),
        account_id=IDS.map(AccountId),
        user_id=IDS,
        occurred_at=MOMENTS,
        **{name: strategy for name, strategy in _MEMBERS.items() if name in cls.__annotations__},
    )


_MEMBERS: dict[str, st.SearchStrategy[object]] = {
    "email": TEXT,
    "name": TEXT,
    "changed": st.lists(TEXT).map(tuple),
    "old_status": st.sampled_from(AccountStatus),
    "new_status": st.sampled_from(AccountStatus),
    "reason": TEXT.map(str.strip).filter(re.compile(r"[^\x00-\x1f\x7f]+").fullmatch),
    "tenant_id": st.none() | TEXT,
    "object_id": st.none() | TEXT,
}
EVENT_CLASSES: tuple[type[Event], ...] = (
    AccountEnrolled,
    AccountUpdated,
    AccountStatusChanged,
    AccountSignedIn,
    ReauthRequired,
    AccountRecovered,
)
EVENTS_BY_CLASS = {cls: _events(cls) for cls in EVENT_CLASSES}
EVENTS = st.one_of(*EVENTS_BY_CLASS.values())


def known_event_classes() -> set[type[AccountEvent]]:
    """Return every event class of the domain."""
    return set(AccountEvent.__subclasses__())
