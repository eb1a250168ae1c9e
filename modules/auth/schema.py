"""What the auth commands print, as records."""

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class KeeperReport:
    """The beginning of a keeper's work: what it keeps, with which provider."""

    database: str
    provider: str
    application: str | None


@attrs.frozen(kw_only=True)
class SignInResult:
    """How one account's sign-in ended: `signed_in`, `token_received` (an application's own) or `failed`, and why."""

    user: str
    result: str
    detail: str | None
    error_code: str | None = None


@attrs.frozen(kw_only=True)
class AccountState:
    """Where an account stands. `who` must do `act` if anything is to be done; times are those of the stored token."""

    user: str
    email: str
    status: str
    reason: str | None
    since: datetime
    who: str | None
    act: str | None
    freshness: str
    """Of the stored token: none, fresh, refresh_soon, expired or unreadable."""
    expires_at: datetime | None
    refresh_at: datetime | None
    waiting_until: datetime | None


@attrs.frozen(kw_only=True)
class OpenSignIn:
    """A sign-in under way."""

    user: str
    how: str
    stage: str
    begun_at: datetime
    expires_at: datetime
    user_code: str | None
    address: str | None


@attrs.frozen(kw_only=True)
class TokenReport:
    """A token that was renewed."""

    user: str
    expires_at: datetime
    scopes: tuple[str, ...]


@attrs.frozen(kw_only=True)
class HandedOut(TokenReport):
    """A token with its value, for the program that asked for it."""

    access_token: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class SignedOut:
    """What was forgotten, and whether the provider ended the person's sessions."""

    user: str
    everywhere: bool


@attrs.frozen(kw_only=True)
class LinkReport:
    """A reconnect link; it can be shown only once."""

    user: str
    link: str = attrs.field(repr=False)
    expires_at: datetime
    local: bool
    """Whether it opens on this machine only."""
