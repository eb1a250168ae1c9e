"""One change of an account: the state before and after, the audit entry, and the event that tells of it."""

from datetime import datetime
from typing import Any

import attrs

from domain.account import Account, AccountId
from domain.errors import ValidationError
from domain.events import Event
from domain.validation import not_blank, optional, utc

MASK = "***"
SECRET_FIELDS = frozenset({"application.client_secrets"})
BOOKKEEPING = frozenset({"version", "status_since", "created_at", "account_id"})


@attrs.frozen(kw_only=True)
class FieldChange:
    """One field's old and new value as text; secrets are masked, absent values None."""

    field: str
    old: str | None
    new: str | None


@attrs.frozen(kw_only=True)
class AuditEntry:
    """Who did what to which account, when and why, and what was different afterwards."""

    account_id: AccountId
    at: datetime = attrs.field(validator=utc)
    actor: str = attrs.field(validator=not_blank)
    action: str = attrs.field(validator=not_blank)
    reason: str | None = attrs.field(default=None, validator=optional(not_blank))
    fields: tuple[FieldChange, ...] = ()


@attrs.frozen(kw_only=True)
class AccountChange:
    """A change to be stored as one: `before` None adds the account, otherwise its version must still be current."""

    before: Account | None
    after: Account
    audit: AuditEntry
    event: Event

    def __attrs_post_init__(self) -> None:
        """Refuse a change that would lose another one."""
        if self.before is not None and (
            self.after.account_id != self.before.account_id or self.after.version != self.before.version + 1
        ):
            msg = f"A change of account {self.before.user_id!r} must be its next version."
            raise ValidationError(msg)

    @property
    def client_secrets_changed(self) -> bool:
        """Return whether the client secrets must be encrypted anew."""
        return _client_secrets(self.before) != _client_secrets(self.after)


def _client_secrets(account: Account | None) -> tuple[str, ...]:
    return account.application.client_secrets if account is not None and account.application is not None else ()


def differences(before: Account | None, after: Account) -> tuple[FieldChange, ...]:
    """Return what differs, field by field in the order of the class; nested values as dotted names."""
    old, new = _flat(before), _flat(after)
    return tuple(
        FieldChange(field=name, old=_shown(name, old.get(name)), new=_shown(name, new.get(name)))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401 - attrs values of several classes
    if value is None:
        return {}
    flat: dict[str, Any] = {}
    for attribute in attrs.fields(type(value)):
        name, item = prefix + attribute.name, getattr(value, attribute.name)
        if name in BOOKKEEPING:
            continue
        if attrs.has(type(item)):
            flat |= _flat(item, f"{name}.")
        elif item not in (None, ()):
            flat[name] = item
    return flat


def _shown(name: str, value: Any) -> str | None:  # noqa: ANN401 - any field's value
    if value is None:
        return None
    if name in SECRET_FIELDS:
        return MASK
    return " ".join(value) if isinstance(value, tuple) else str(value)
