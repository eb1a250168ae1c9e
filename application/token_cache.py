"""Tokens seen before in this process, for as long as the store's news says that they are current."""

from datetime import datetime, timedelta

import attrs

from domain.account import AccountId
from domain.errors import DatabaseError
from domain.token import AccessToken
from ports.clock import Clock
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, TokenStore


@attrs.define(eq=False, kw_only=True)
class TokenCache:
    """Bounded. What another process wrote is seen within `staleness`; if the news stops coming, nothing is served."""

    _tokens: TokenStore
    _clock: Clock
    _capacity: int = 100_000
    _staleness: timedelta = timedelta(seconds=1)
    _interval: timedelta = timedelta(milliseconds=250)
    _held: dict[str, HeldToken] = attrs.field(factory=dict, init=False)
    _fresh: dict[str, tuple[AccessToken, datetime]] = attrs.field(factory=dict, init=False)
    """Usable tokens with the time up to which they are fresh: worked out once, asked for each time."""
    _user_ids: dict[AccountId, str] = attrs.field(factory=dict, init=False)
    _trusted_until: float = attrs.field(default=-1.0, init=False)
    _epoch: int = attrs.field(default=0, init=False)

    @property
    def epoch(self) -> int:
        """Return a number that changes when something is forgotten: what is read from then on is newer."""
        return self._epoch

    def get(self, user_id: str) -> HeldToken | None:
        """Return what is known, if it can be trusted now."""
        held = self._held.get(user_id)
        return held if held is not None and self._clock.monotonic() < self._trusted_until else None

    def fresh(self, user_id: str, min_lifetime: timedelta) -> AccessToken | None:
        """Return the access token if it is fresh, usable and lives long enough: the way of nearly all calls."""
        entry = self._fresh.get(user_id)
        if entry is None or self._clock.monotonic() >= self._trusted_until:
            return None
        access, fresh_until = entry
        now = self._clock.now()
        if now < fresh_until and (not min_lifetime or fresh_until - now > min_lifetime):
            return access  # its expiry comes later still
        return access if now < fresh_until and access.meets(now, min_lifetime) else None

    async def read(self, user_id: str) -> HeldToken | None:
        """Read from the store and remember, unless news arrived while reading that may be newer than what was read."""
        epoch = self._epoch
        held = await self._tokens.read(user_id, self._clock.now())
        if held is not None and held.user_id == user_id and epoch == self._epoch:
            self._remember(user_id, held)
        return held

    def _remember(self, user_id: str, held: HeldToken) -> None:
        self._drop(held.account_id)  # it may have been read under another user id before
        if len(self._held) >= self._capacity:
            self._drop(next(iter(self._held.values())).account_id)
        self._held[user_id] = held
        self._user_ids[held.account_id] = user_id
        if held.usable and held.access is not None:
            self._fresh[user_id] = (held.access, held.access.soft_expiry)

    def forget(self, account_id: AccountId) -> None:
        """Forget one account, under whatever user id it was read, and whatever is being read of it."""
        self._epoch += 1
        self._drop(account_id)

    def forget_user(self, user_id: str) -> None:
        """Forget the account that was read under this user id, and whatever is being read of it."""
        self._epoch += 1
        held = self._held.get(user_id)
        if held is not None:
            self._drop(held.account_id)

    def _drop(self, account_id: AccountId) -> None:
        user_id = self._user_ids.pop(account_id, None)
        if user_id is not None:
            self._held.pop(user_id, None)
            self._fresh.pop(user_id, None)

    async def follow(self) -> None:
        """Follow the store's news until cancelled. While the store fails, nothing is trusted."""
        cursor: Cursor | None = None
        while True:
            try:
                cursor = await self._catch_up(cursor)
            except DatabaseError:
                self._trusted_until = -1.0
            await self._clock.sleep(self._interval)

    async def _catch_up(self, cursor: Cursor | None) -> Cursor:
        asked = self._clock.monotonic()
        news = await self._tokens.news(cursor)
        if cursor is None or news.account_ids is None:
            self._epoch += 1
            self._held.clear()
            self._fresh.clear()
            self._user_ids.clear()
        else:
            for account_id in news.account_ids:
                self.forget(account_id)
        self._trusted_until = asked + self._staleness.total_seconds()
        return news.cursor
