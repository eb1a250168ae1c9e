"""What may happen to an account. Each verb returns the change to be stored, or None where there is nothing to change.

    status           enrol/sign-in  lose_grant        deactivate  lock     activate          unlock
    ACTIVE           ACTIVE         REAUTH_REQUIRED   INACTIVE    LOCKED   -                 -
    REAUTH_REQUIRED  ACTIVE         (unchanged)       INACTIVE    LOCKED   -                 -
    INACTIVE         (unchanged)    (unchanged)       -           LOCKED   ACTIVE or REAUTH  -
    LOCKED           (unchanged)    (unchanged)       -           -        -                 ACTIVE or REAUTH

What is told as '-' is an `IllegalTransitionError`. INACTIVE and LOCKED remember in `reauth_reason` whether a sign-in is
needed, so that activating or unlocking leads to where the account stands.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from domain.account import (
    NEVER_SIGNED_IN,
    SIGNED_OUT,
    Account,
    AccountId,
    AccountStatus,
    AuthFlow,
    Identity,
    OAuthApplication,
)
from domain.change import AccountChange, AuditEntry, differences
from domain.errors import IllegalTransitionError, PermissionDeniedError
from domain.events import (
    AccountEnrolled,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    Event,
    EventId,
    ReauthRequired,
)
from domain.validation import not_blank, utc


@attrs.frozen(kw_only=True)
class Act:
    """Who acts and when, and the id under which the fact will be told."""

    actor: str = attrs.field(validator=not_blank)
    at: datetime = attrs.field(validator=utc)
    event_id: EventId = attrs.field(validator=not_blank)


Transition = Callable[[Account], AccountChange | None]
"""Decides on the current account; stores run it inside their transaction, so that no decision is made on old news."""


def enrol(
    account_id: AccountId, act: Act, *, user_id: str, name: str, email: str, application: OAuthApplication | None = None
) -> AccountChange:
    """Return the change that adds an account. One that acts by itself (client credentials) needs nobody to sign in."""
    by_itself = application is not None and application.flow is AuthFlow.CLIENT_CREDENTIALS
    after = Account(
        account_id=account_id,
        user_id=user_id,
        name=name,
        email=email,
        application=application,
        status=AccountStatus.ACTIVE if by_itself else AccountStatus.REAUTH_REQUIRED,
        status_reason="enrolled" if by_itself else NEVER_SIGNED_IN,
        status_since=act.at,
        reauth_reason=None if by_itself else NEVER_SIGNED_IN,
        created_at=act.at,
    )
    return _change(None, after, act, "enrolled", AccountEnrolled, email=email, name=name)


class Unchanged(Enum):
    """Says of a field that it is to stay as it is."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


def update(
    account: Account,
    act: Act,
    *,
    user_id: str | Unchanged = UNCHANGED,
    name: str | Unchanged = UNCHANGED,
    email: str | Unchanged = UNCHANGED,
    application: OAuthApplication | Unchanged | None = UNCHANGED,
) -> AccountChange | None:
    """Return the change of what is known of an account; None when all is as it was."""
    wanted = {"user_id": user_id, "name": name, "email": email, "application": application}
    after = _next(account, **{field: value for field, value in wanted.items() if value is not UNCHANGED})
    changed = tuple(item.field for item in differences(account, after))
    if not changed:
        return None
    return _change(account, after, act, "updated", AccountUpdated, changed=changed)


def activate(account: Account, act: Act, reason: str) -> AccountChange:
    """Return the change from INACTIVE to where the account's grant stands."""
    return _set_status(account, act, reason, "activated", (AccountStatus.INACTIVE,), _grant_status(account))


def deactivate(account: Account, act: Act, reason: str) -> AccountChange:
    """Return the change to INACTIVE: the account is no longer wanted."""
    allowed = (AccountStatus.ACTIVE, AccountStatus.REAUTH_REQUIRED)
    return _set_status(account, act, reason, "deactivated", allowed, AccountStatus.INACTIVE)


def lock(account: Account, act: Act, reason: str) -> AccountChange:
    """Return the change to LOCKED: the operator forbids its use for now."""
    allowed = (AccountStatus.ACTIVE, AccountStatus.REAUTH_REQUIRED, AccountStatus.INACTIVE)
    return _set_status(account, act, reason, "locked", allowed, AccountStatus.LOCKED)


def unlock(account: Account, act: Act, reason: str) -> AccountChange:
    """Return the change from LOCKED to where the account's grant stands."""
    return _set_status(account, act, reason, "unlocked", (AccountStatus.LOCKED,), _grant_status(account))


def sign_in(account: Account, act: Act, identity: Identity | None) -> AccountChange:
    """Return the change that a completed sign-in makes.

    Raises:
        PermissionDeniedError: another person than the pinned one signed in, or nobody says who.
    """
    if account.identity is not None and identity != account.identity:
        msg = f"Somebody else than the owner of account {account.user_id!r} signed in; nothing was stored."
        came = None if identity is None else attrs.asdict(identity)
        details = {"expected": attrs.asdict(account.identity), "came": came}
        raise PermissionDeniedError(msg, error_code="WRONG_IDENTITY", details=details)
    pinned = account.identity or identity
    after = _restored(account, act, "signed_in", identity=pinned)
    if account.reauth_reason not in (None, NEVER_SIGNED_IN):
        return _change(account, after, act, "signed_in", AccountRecovered, reason=account.reauth_reason)
    tenant_id, object_id = (pinned.tenant_id, pinned.object_id) if pinned else (None, None)
    return _change(account, after, act, "signed_in", AccountSignedIn, tenant_id=tenant_id, object_id=object_id)


def recover(account: Account, act: Act) -> AccountChange | None:
    """Return the change that a successful refresh makes; None when nothing was wrong."""
    if account.reauth_reason is None:
        return None
    after = _restored(account, act, "recovered")
    return _change(account, after, act, "recovered", AccountRecovered, reason=account.reauth_reason)


def lose_grant(account: Account, act: Act, reason: str) -> AccountChange | None:
    """Return the change that a revoked, expired or blocked grant makes; None when it was known to be gone."""
    if account.reauth_reason is not None:
        return None
    return _change(
        account,
        _without_grant(account, act, reason),
        act,
        "grant_lost",
        ReauthRequired,
        reason=reason,
        email=account.email,
    )


def sign_out(account: Account, act: Act, reason: str = SIGNED_OUT) -> AccountChange | None:
    """Return the change that forgetting the account's tokens makes; None when a sign-in was needed for that reason."""
    if account.reauth_reason == reason:
        return None
    return _change(
        account,
        _without_grant(account, act, reason),
        act,
        "signed_out",
        ReauthRequired,
        reason=reason,
        email=account.email,
    )


def _grant_status(account: Account) -> AccountStatus:
    return AccountStatus.ACTIVE if account.reauth_reason is None else AccountStatus.REAUTH_REQUIRED


def _restored(account: Account, act: Act, reason: str, **fields: object) -> Account:
    if account.status is AccountStatus.REAUTH_REQUIRED:
        fields |= {"status": AccountStatus.ACTIVE, "status_reason": reason, "status_since": act.at}
    return _next(account, reauth_reason=None, **fields)


def _without_grant(account: Account, act: Act, reason: str) -> Account:
    fields: dict[str, object] = {"reauth_reason": reason}
    if account.usable:
        fields |= {"status": AccountStatus.REAUTH_REQUIRED, "status_reason": reason, "status_since": act.at}
    return _next(account, **fields)


def _set_status(
    account: Account, act: Act, reason: str, action: str, allowed: tuple[AccountStatus, ...], status: AccountStatus
) -> AccountChange:
    if account.status not in allowed:
        msg = (
            f"Account {account.user_id!r} is {account.status} and cannot be {action};"
            f" that needs {' or '.join(allowed)}."
        )
        raise IllegalTransitionError(msg, details={"user_id": account.user_id, "status": account.status.value})
    after = _next(account, status=status, status_reason=reason, status_since=act.at)
    return _change(
        account, after, act, action, AccountStatusChanged, old_status=account.status, new_status=status, reason=reason
    )


def _next(account: Account, **fields: Any) -> Account:  # noqa: ANN401 - fields of several types
    return attrs.evolve(account, version=account.version + 1, **fields)


def _change(
    before: Account | None,
    after: Account,
    act: Act,
    action: str,
    event: type[Event],
    **facts: Any,  # noqa: ANN401
) -> AccountChange:
    return AccountChange(
        before=before,
        after=after,
        audit=AuditEntry(
            account_id=after.account_id,
            at=act.at,
            actor=act.actor,
            action=action,
            reason=facts.get("reason"),
            fields=differences(before, after),
        ),
        event=event(
            event_id=act.event_id, account_id=after.account_id, user_id=after.user_id, occurred_at=act.at, **facts
        ),
    )
