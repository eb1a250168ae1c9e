"""The token use case: whoever asks gets a valid access token, or is told who must act, or when to ask again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import attrs

from application.access import Need, Renewal
from application.flights import Flights
from application.refresher import Refresher
from application.token_cache import TokenCache
from domain import lifecycle
from domain.account import SIGNED_OUT, Account, AccountId, Identity
from domain.errors import ConfigurationError, NotFoundError, TokenRefreshError
from domain.events import EventId
from domain.lifecycle import Act, Transition
from domain.token import AccessToken, Token, TokenState
from ports.access_tokens import AccessTokens
from ports.account_store import AccountStore
from ports.token_store import HeldToken

ROUNDS = 3
"""How often a caller whose need was not met by what others did starts anew."""


@attrs.frozen(kw_only=True)
class TokenService(AccessTokens):
    """Open one per process with `open_token_service`. `get` is `get_valid_token` with every option."""

    accounts: AccountStore
    refresher: Refresher
    cache: TokenCache
    flights: Flights[Renewal]

    async def get_valid_token(self, user_id: str, min_lifetime: timedelta = timedelta(0)) -> AccessToken:
        """Return an access token that lives longer than `min_lifetime`, refreshed if need be.

        Raises: as `AccessTokens.get`.
        """
        return self.cache.fresh(user_id, min_lifetime) or await self.get(user_id, min_lifetime)

    async def get(
        self,
        user_id: str,
        min_lifetime: timedelta = timedelta(0),
        *,
        rejected: str | None = None,
        claims: str | None = None,
    ) -> AccessToken:
        """Hand out the token at hand if it will do; one that should be refreshed soon is, behind the caller's back."""
        need = Need(min_lifetime=min_lifetime, rejected=rejected, claims=claims)
        held = self.cache.get(user_id) or await self._read(user_id)
        now = self.refresher.clock.now()
        if held.usable and held.access is not None and need.satisfied_by(held, now):
            if held.access.state(now) is TokenState.REFRESH_SOON:
                self._refresh_behind(held)
            self._warn_if_short(held.user_id, need, held.access)
            return held.access
        try:
            return await self._renew(held, need)
        except (TokenRefreshError, ConfigurationError):
            if held.usable and held.access is not None and need.tolerates(held.access, self.refresher.clock.now()):
                return held.access
            raise

    async def refresh_token(self, user_id: str) -> AccessToken:
        """Refresh now, whatever is stored; also for an account that needs a sign-in: its grant may work again.

        Raises: as `AccessTokens.get`.
        """
        return await self._renew(await self._read(user_id), Need(forced=True))

    async def refresh_ahead(self, user_id: str) -> None:
        """Refresh if the token is due; nothing happens if somebody else just did.

        Raises: as `AccessTokens.get`.
        """
        await self._renew(await self._read(user_id), Need(ahead=True))

    async def is_token_valid(self, user_id: str) -> bool:
        """Return whether `get_valid_token` would hand out the stored token as it is. No network, no side effect.

        Raises:
            NotFoundError: the account is unknown.
            EncryptionError, DatabaseError: the token could not be read.
        """
        held = self.cache.get(user_id) or await self._read(user_id)
        return held.usable and held.access is not None and Need().satisfied_by(held, self.refresher.clock.now())

    async def store_tokens(
        self,
        user_id: str,
        token: Token,
        *,
        user_name: str | None = None,
        email: str | None = None,
        identity: Identity | None = None,
        actor: str = "sign-in",
    ) -> AccountId:
        """Store the tokens of a completed sign-in; an unknown account is created if told who it is.

        Raises:
            NotFoundError: the account is unknown and `user_name` or `email` was not given.
            PermissionDeniedError: `identity` is not the person to whom the account is pinned; nothing was stored.
            StaleKeyError, DatabaseError: as `TokenStore.replace`.
        """
        account = await self.accounts.find(user_id)
        if account is None:
            account = await self._enrol(user_id, user_name, email, actor)
        act, due_at = self._act(actor), token.due_at(self.refresher.identifiers.fraction())
        await self._replace(account, token, due_at, lambda current: lifecycle.sign_in(current, act, identity))
        return account.account_id

    async def revoke(self, user_id: str, *, reason: str = SIGNED_OUT, actor: str = "operator") -> None:
        """Forget the account's tokens here; its owner must sign in again. The provider is not told.

        Raises:
            NotFoundError: the account is unknown.
            DatabaseError: the store failed.
        """
        account = await self.accounts.find(user_id)
        if account is None:
            raise unknown(user_id)
        act = self._act(actor)
        await self._replace(account, None, None, lambda current: lifecycle.sign_out(current, act, reason))

    async def _replace(
        self, account: Account, token: Token | None, due_at: datetime | None, transition: Transition
    ) -> None:
        change = await self.refresher.tokens.replace(account.account_id, token, due_at, transition)
        self.cache.forget(account.account_id)
        if change is not None:
            self.refresher.log.changed(change)

    async def _enrol(self, user_id: str, user_name: str | None, email: str | None, actor: str) -> Account:
        if user_name is None or email is None:
            raise unknown(user_id)
        change = lifecycle.enrol(
            AccountId(self.refresher.identifiers.unique()),
            self._act(actor),
            user_id=user_id,
            name=user_name,
            email=email,
        )
        await self.accounts.save(change)
        self.refresher.log.changed(change)
        return change.after

    async def _renew(self, held: HeldToken, need: Need) -> AccessToken:
        """Join the flight of this account, or start it; begin anew if what it brought is not what is needed."""
        for _ in range(ROUNDS):
            renewal = await self.flights.join((held.account_id, need.claims), partial(self._fly, held, need))
            if renewal.renewed and renewal.access.value != need.rejected:
                self._warn_if_short(held.user_id, need, renewal.access)
                return renewal.access
            held = await self._read(held.user_id)
            if held.access is not None and held.usable and need.satisfied_by(held, self.refresher.clock.now()):
                return held.access
        msg = f"The identity provider gives account {held.user_id!r} no other token than the rejected one."
        raise TokenRefreshError(msg, transient=True)

    async def _fly(self, held: HeldToken, need: Need) -> Renewal:
        try:
            return await self.refresher.run(held, need)
        finally:
            self.cache.forget(held.account_id)

    def _refresh_behind(self, held: HeldToken) -> None:
        waiting = held.wait is not None and held.wait.until > self.refresher.clock.now()
        if held.reauth_reason is None and not waiting:
            self.flights.launch((held.account_id, None), partial(self._fly, held, Need(ahead=True)))

    def _warn_if_short(self, user_id: str, need: Need, access: AccessToken) -> None:
        now = self.refresher.clock.now()
        if not access.meets(now, need.min_lifetime):
            self.refresher.log.short_lived(user_id, need.min_lifetime, access.expires_at - now)

    async def _read(self, user_id: str) -> HeldToken:
        held = await self.cache.read(user_id)
        if held is None:
            raise unknown(user_id)
        return held

    def _act(self, actor: str) -> Act:
        clock, identifiers = self.refresher.clock, self.refresher.identifiers
        return Act(actor=actor, at=clock.now(), event_id=EventId(identifiers.unique()))


def unknown(user_id: str) -> NotFoundError:
    """Return the error for an account that does not exist."""
    msg = f"There is no account {user_id!r}: 'iacsgraph account list' shows those that there are."
    return NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": user_id})


@asynccontextmanager
async def open_token_service(
    accounts: AccountStore, refresher: Refresher, *, cache: TokenCache | None = None
) -> AsyncIterator[TokenService]:
    """Open the service with its tasks; closing lets refreshes in flight finish within one call's time, then cancels.

    Errors of the body pass through as they are, not in an exception group.
    """
    cache = cache or TokenCache(tokens=refresher.tokens, clock=refresher.clock)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        follower = group.create_task(cache.follow())
        flights: Flights[Renewal] = Flights(group)
        try:
            yield TokenService(accounts=accounts, refresher=refresher, cache=cache, flights=flights)
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group
            failure = error
        finally:
            follower.cancel()
            await flights.land(refresher.times.call)
    if failure is not None:
        raise failure
