"""What may happen to an account. Each verb returns the change to be stored, or None where there is nothing to change.

    status           enrol/sign-in  lose_grant        deactivate  lock     activate          unlock
    ACTIVE           ACTIVE         REAUTH_REQUIRED   INACTIVE    LOCKED   -                 -
    REAUTH_REQUIRED  ACTIVE         (unchanged)       INACTIVE    LOCKED   -                 -
    INACTIVE         (unchanged)    (unchanged)       -           LOCKED   ACTIVE or REAUTH  -
    LOCKED           (unchanged)    (unchanged)       -           -        -                 ACTIVE or REAUTH

What is told as '-' is an `IllegalTransitionError`. INACTIVE and LOCKED remember in `reauth_reason` whether a sign-in is
needed, so that activating or unlocking leads to where the account stands.
"""

from collections.abc import Callable, Sequence
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
    user_key,
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
from domain.reauth import NO_REFRESH_TOKEN
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
    by_itself = _by_itself(application)
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


_OURS = frozenset({NEVER_SIGNED_IN, SIGNED_OUT})
"""Reasons that no provider gave: nothing that it says makes them untrue."""


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
    """Return the change of what is known of an account; None when all is as it was.

    A new address is the same person's: the pinned identity stays. Under a new application that acts by itself nobody
    has to sign in any more; under one that does not any more, somebody has to.
    """
    wanted = {"user_id": user_id, "name": name, "email": email, "application": application}
    fields: dict[str, Any] = {field: value for field, value in wanted.items() if value is not UNCHANGED}
    acted = _by_itself(account.application)
    acts = acted if isinstance(application, Unchanged) else _by_itself(application)
    if acts and not acted and account.reauth_reason is not None:
        after = _restored(account, act, "acts_by_itself", **fields)
    elif acted and not acts and account.reauth_reason is None:
        after = attrs.evolve(_without_grant(account, act, NEVER_SIGNED_IN), **fields)
    else:
        after = _next(account, **fields)
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


def sign_in(account: Account, act: Act, identity: Identity | None, names: Sequence[str] | None = None) -> AccountChange:
    """Return the change that a completed sign-in makes.

    `names` are the sign-in name and addresses that the provider vouches for; None leaves it to the caller who came.

    Raises:
        PermissionDeniedError: another person signed in than the pinned one, or at the first sign-in one whose names
            are not the account's address; or nobody says who.
    """
    if account.identity is not None and identity != account.identity:
        raise _wrong_person(account, identity, names)
    if account.identity is None and names is not None and user_key(account.email) not in map(user_key, names):
        raise _wrong_person(account, identity, names)
    pinned = account.identity or identity
    after = _restored(account, act, "signed_in", identity=pinned)
    if account.reauth_reason not in (None, NEVER_SIGNED_IN):
        return _change(account, after, act, "signed_in", AccountRecovered, reason=account.reauth_reason)
    tenant_id, object_id = (pinned.tenant_id, pinned.object_id) if pinned else (None, None)
    return _change(account, after, act, "signed_in", AccountSignedIn, tenant_id=tenant_id, object_id=object_id)


def _wrong_person(account: Account, identity: Identity | None, names: Sequence[str] | None) -> PermissionDeniedError:
    came = " or ".join(names or ()) or "somebody else"
    msg = (
        f"Account {account.user_id!r} belongs to {account.email}, but {came} signed in; nothing was stored."
        " Sign in as the owner."
    )
    details = {
        "user_id": account.user_id,
        "expected": account.email if account.identity is None else attrs.asdict(account.identity),
        "came": [*(names or ())] if identity is None else {**attrs.asdict(identity), "names": [*(names or ())]},
    }
    return PermissionDeniedError(msg, error_code="WRONG_IDENTITY", details=details)


def recover(account: Account, act: Act) -> AccountChange | None:
    """Return the change that a successful refresh makes; None when nothing was wrong."""
    if account.reauth_reason is None:
        return None
    after = _restored(account, act, "recovered")
    return _change(account, after, act, "recovered", AccountRecovered, reason=account.reauth_reason)


def lose_grant(account: Account, act: Act, reason: str, claims: str | None = None) -> AccountChange | None:
    """Return the change that a revoked, expired or blocked grant makes; None when it was known to be gone.

    `claims` is what the next sign-in must ask for. What the provider says anew takes the place of what it said before,
    for who must act may be another; that there is nothing to ask it with is no news.
    """
    if account.reauth_reason is not None:
        known = reason in (account.reauth_reason, NO_REFRESH_TOKEN) or account.reauth_reason in _OURS
        return challenge(account, act, claims) if known else _reason_changed(account, act, reason, claims)
    return _change(
        account,
        _without_grant(account, act, reason, claims),
        act,
        "grant_lost",
        ReauthRequired,
        reason=reason,
        email=account.email,
    )


def _reason_changed(account: Account, act: Act, reason: str, claims: str | None) -> AccountChange:
    after = attrs.evolve(_without_grant(account, act, reason, claims), status_since=account.status_since)
    return _change(account, after, act, "reason_changed", AccountUpdated, changed=("reauth_reason",))


def challenge(account: Account, act: Act, claims: str | None) -> AccountChange | None:
    """Return the change that makes the next sign-in ask for these claims; None where nobody has to sign in, or it
    does already.
    """
    if claims is None or account.reauth_reason is None or account.reauth_claims == claims:
        return None
    after = _next(account, reauth_claims=claims)
    return _change(account, after, act, "challenged", AccountUpdated, changed=("reauth_claims",))


def sign_out(
    account: Account, act: Act, reason: str = SIGNED_OUT, *, forget_owner: bool = False
) -> AccountChange | None:
    """Return the change that forgetting the account's tokens makes; None when a sign-in was needed for that reason.

    Who owned it stays known, unless `forget_owner` lets another person come next, to whom the address belongs.
    """
    pinned = None if forget_owner else account.identity
    if account.reauth_reason == reason and account.identity == pinned:
        return None
    return _change(
        account,
        attrs.evolve(_without_grant(account, act, reason), identity=pinned),
        act,
        "signed_out",
        ReauthRequired,
        reason=reason,
        email=account.email,
    )


def _by_itself(application: OAuthApplication | None) -> bool:
    return application is not None and application.flow is AuthFlow.CLIENT_CREDENTIALS


def _grant_status(account: Account) -> AccountStatus:
    return AccountStatus.ACTIVE if account.reauth_reason is None else AccountStatus.REAUTH_REQUIRED


def _restored(account: Account, act: Act, reason: str, **fields: object) -> Account:
    if account.status is AccountStatus.REAUTH_REQUIRED:
        fields |= {"status": AccountStatus.ACTIVE, "status_reason": reason, "status_since": act.at}
    return _next(account, reauth_reason=None, reauth_claims=None, **fields)


def _without_grant(account: Account, act: Act, reason: str, claims: str | None = None) -> Account:
    fields: dict[str, object] = {"reauth_reason": reason, "reauth_claims": claims}
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
