"""Made-up accounts, tokens and acts. Nothing here reads a clock: every moment is counted from `NOW`."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import attrs

from domain import lifecycle
from domain.account import Account, AccountId, AuthFlow, Identity, OAuthApplication
from domain.change import AccountChange
from domain.events import EventId
from domain.lifecycle import Act, Transition
from domain.token import AccessToken, Token

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=1)
CANARIES = ("canary-secret-1", "canary-secret-2")
OWNER = Identity(tenant_id="tenant", object_id="owner")
STRANGER = Identity(tenant_id="tenant", object_id="stranger")

_numbers = count(1)


def act(at: datetime = NOW, actor: str = "operator") -> Act:
    """Return an act whose event id no other one has."""
    return Act(actor=actor, at=at, event_id=EventId(f"event-{next(_numbers)}"))


def application(*client_secrets: str, flow: AuthFlow = AuthFlow.AUTHORIZATION_CODE) -> OAuthApplication:
    """Return an application with every field filled."""
    return OAuthApplication(
        client_id="client",
        tenant_id="tenant",
        flow=flow,
        scopes=("Mail.Read", "offline_access"),
        redirect_uri="http://localhost:5000/callback",
        client_secrets=client_secrets,
    )


def enrolment(user_id: str = "ann", app: OAuthApplication | None = None, at: datetime = NOW) -> AccountChange:
    """Return the change that adds an account with a new id."""
    account_id = AccountId(f"account-{next(_numbers)}")
    return lifecycle.enrol(account_id, act(at), user_id=user_id, name="A Name", email="a@example.com", application=app)


def renamed(account: Account, user_id: str) -> AccountChange:
    """Return the change of the user id."""
    change = lifecycle.update(account, act(), user_id=user_id)
    assert change is not None
    return change


def updated(account: Account, **fields: Any) -> AccountChange:  # noqa: ANN401 - fields of several types
    """Return the change of some fields, which must differ."""
    change = lifecycle.update(account, act(), **fields)
    assert change is not None
    return change


def token(label: str = "1", *, at: datetime = NOW, refresh: bool = True) -> Token:
    """Return a token of an hour's life whose secrets end in the label."""
    access = AccessToken(
        value=f"access-{label}",
        obtained_at=at,
        expires_at=at + timedelta(hours=1),
        refresh_at=at + timedelta(minutes=30),
        scopes=("Mail.Read", "User.Read"),
    )
    return Token(access=access, refresh=f"refresh-{label}" if refresh else None)


def due(at: datetime = NOW) -> datetime:
    """Return when a token obtained at `at` is due."""
    return at + timedelta(minutes=25)


def unchanged(_: Account) -> None:
    """Decide that nothing changes."""


def signing_in(identity: Identity | None = OWNER, at: datetime = NOW) -> Transition:
    """Return the transition of a completed sign-in."""
    doing = act(at, "owner")
    return lambda account: lifecycle.sign_in(account, doing, identity)


def signing_out(at: datetime = NOW) -> Transition:
    """Return the transition of a sign-out."""
    doing = act(at, "owner")
    return lambda account: lifecycle.sign_out(account, doing)


def recovering(at: datetime = NOW) -> Transition:
    """Return the transition of a successful refresh."""
    doing = act(at, "token service")
    return lambda account: lifecycle.recover(account, doing)


def losing_grant(reason: str = "grant_revoked", at: datetime = NOW) -> Transition:
    """Return the transition of a refresh that found the grant gone."""
    doing = act(at, "token service")
    return lambda account: lifecycle.lose_grant(account, doing, reason)


def without_secrets(change: AccountChange | None) -> AccountChange | None:
    """Return the change as a token store tells of it: whether it knows the client secrets is its own affair."""
    if change is None:
        return None
    before = None if change.before is None else bare(change.before)
    return attrs.evolve(change, before=before, after=bare(change.after))


def bare(account: Account) -> Account:
    """Return the account as it is found: without its client secrets."""
    """Return the account as it is found: without its client secrets."""
    if account.application is None:
        return account
    return attrs.evolve(account, application=attrs.evolve(account.application, client_secrets=()))
