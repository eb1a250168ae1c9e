"""Tokens, and the rules for when one is fresh, should be refreshed, or has expired. Every rule takes `now`."""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

import attrs

from domain.account import Identity
from domain.validation import each_not_blank, not_blank, not_negative, optional, utc

CLOCK_SKEW = timedelta(minutes=2)
"""How far our clock may be from the provider's, for tokens of usual length (Entra: 60-90 minutes)."""

REFRESH_LEAD = timedelta(minutes=10)
"""How long before its expiry a token without `refresh_at` should be refreshed, for tokens of usual length."""

REFRESH_TOKEN_IDLE = timedelta(days=60)
"""Refresh tokens die after 90 days without use; this leaves a month of failures.
Source: Microsoft identity platform, refresh-tokens.md (90 days)."""

_NOTHING = timedelta(0)

SPREAD = 0.2
"""Largest part of the time until a refresh by which it is drawn earlier, so that accounts do not all come at once."""


def _skew(lifetime: timedelta) -> timedelta:
    return min(CLOCK_SKEW, lifetime / 10)


class TokenState(StrEnum):
    """FRESH: use it. REFRESH_SOON: use it, and refresh it. EXPIRED: refresh first."""

    FRESH = "fresh"
    REFRESH_SOON = "refresh_soon"
    EXPIRED = "expired"


@attrs.frozen(kw_only=True)
class AccessToken:
    """An access token with its true expiry, as the provider gave it; margins are applied by the rules, not stored."""

    value: str = attrs.field(validator=not_blank, repr=False)
    expires_at: datetime = attrs.field(validator=utc)
    obtained_at: datetime = attrs.field(validator=utc)
    refresh_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    scopes: tuple[str, ...] = attrs.field(default=(), validator=each_not_blank)

    @property
    def lifetime(self) -> timedelta:
        """Return how long it lives in all; zero for a token that came expired."""
        return max(self.expires_at - self.obtained_at, _NOTHING)

    @cached_property
    def skew(self) -> timedelta:
        """Return the clock margin: `CLOCK_SKEW`, or a tenth of a short life."""
        return _skew(self.lifetime)

    @cached_property
    def soft_expiry(self) -> datetime:
        """Return when it should be refreshed: as the provider asks, else `REFRESH_LEAD` (a quarter of a short
        life) before.
        """
        lifetime = self.lifetime
        wanted = self.refresh_at or self.expires_at - min(REFRESH_LEAD, lifetime / 4)
        return min(wanted, self.expires_at - _skew(lifetime))

    def state(self, now: datetime) -> TokenState:
        """Return what to do with the token at `now`."""
        if not self.meets(now, timedelta(0)):
            return TokenState.EXPIRED
        return TokenState.REFRESH_SOON if now >= self.soft_expiry else TokenState.FRESH

    def meets(self, now: datetime, min_lifetime: timedelta) -> bool:
        """Return whether it surely lives longer than `min_lifetime`, clocks being off by at most the skew."""
        return self.expires_at - self.skew - now > min_lifetime

    def lives(self, now: datetime, min_lifetime: timedelta) -> bool:
        """Return whether it lives longer than `min_lifetime` by our own clock: good enough if nothing better
        is to be had.
        """
        return self.expires_at - now > min_lifetime


@attrs.frozen(kw_only=True)
class Token:
    """What an account holds: an access token and, unless the grant has none, the refresh token to renew it with."""

    access: AccessToken
    refresh: str | None = attrs.field(default=None, validator=optional(not_blank), repr=False)

    def keeping(self, refresh: str | None) -> "Token":
        """Return the token of a response; one without a refresh token keeps the old one (RFC 6749 section 6)."""
        return self if self.refresh is not None else attrs.evolve(self, refresh=refresh)

    def due_at(self, spread: float) -> datetime:
        """Return when the keeper should refresh it: before its soft expiry and before its refresh token idles to death.

        `spread` in [0, 1] moves it earlier by up to `SPREAD` of the time until then.
        """
        start = self.access.obtained_at
        until = min(self.access.soft_expiry - start, REFRESH_TOKEN_IDLE)
        return start + max(until, timedelta(0)) * (1 - SPREAD * spread)


@attrs.frozen(kw_only=True)
class TokenCounts:
    """How many accounts have an access token whose expiry is ahead, one that has expired, or none.

    `soonest`: the earliest expiry, past ones included, of the tokens of ACTIVE accounts; None: they have none.
    """

    fresh: int = attrs.field(default=0, validator=not_negative)
    expired: int = attrs.field(default=0, validator=not_negative)
    absent: int = attrs.field(default=0, validator=not_negative)
    soonest: datetime | None = attrs.field(default=None, validator=optional(utc))


@attrs.frozen(kw_only=True)
class Grant:
    """What the provider answers: the token and, where an id token came with it, who signed in.

    `username` is the sign-in name (UPN), `email` the address that the provider vouches for, if it does.
    """

    token: Token
    identity: Identity | None = None
    username: str | None = None
    email: str | None = None
    name: str | None = None
