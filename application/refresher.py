"""One refresh of one account's token, from the lease to the store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs

from application.access import Need, Renewal
from application.applications import Applications
from application.refusals import lost_grant, must_sign_in, not_usable, unknown
from domain import lifecycle
from domain.account import Account, AuthFlow, OAuthApplication
from domain.change import AccountChange
from domain.errors import (
    APIConnectionError,
    ConfigurationError,
    ConflictError,
    DatabaseError,
    IACSGraphError,
    LeaseLostError,
    NotFoundError,
    ReauthenticationRequiredError,
    TokenRefreshError,
)
from domain.events import EventId
from domain.lifecycle import Act
from domain.reauth import NO_REFRESH_TOKEN
from domain.refreshing import Wait, WaitReason
from domain.token import Grant
from ports.authentication_log import AuthenticationLog
from ports.clock import Clock
from ports.held_tokens import HeldToken
from ports.identifiers import Identifiers
from ports.identity_provider import IdentityProvider
from ports.token_store import Lease, TokenStore

ACTOR = "token service"
AT_ONCE = 200
"""Refreshes of one process under way at once."""

_WAITING = {
    WaitReason.RETRY_LATER: "an earlier attempt failed",
    WaitReason.BUDGET_SPENT: "it was refreshed too often in the last minutes",
}


@attrs.frozen(kw_only=True)
class RefreshTimes:
    """`call` bounds asking the provider; a lease outlasts that and the storing of the answer."""

    call: timedelta = timedelta(seconds=20)
    lease: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(milliseconds=100)
    """How often a lease of somebody else is looked at."""


@attrs.define
class _Recovery:
    """The transition of a successful refresh; afterwards it knows the account at the moment of storing."""

    act: Act
    account: Account | None = None

    def __call__(self, account: Account) -> AccountChange | None:
        self.account = account
        return lifecycle.recover(account, self.act)


@attrs.frozen(kw_only=True)
class Refresher:
    """Claims the lease, asks the provider, stores what it answers; whoever is late writes nothing."""

    tokens: TokenStore
    provider: IdentityProvider
    clock: Clock
    identifiers: Identifiers
    log: AuthenticationLog
    applications: Applications = attrs.field(factory=Applications)
    times: RefreshTimes = RefreshTimes()
    gate: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(AT_ONCE), repr=False)
    """Passed before a lease is asked for, so that no lease grows old waiting."""

    async def run(self, held: HeldToken | str, need: Need) -> Renewal:
        """Return a token that satisfies the need, or a new one.

        `held` may be old news, or the user id alone, if no token that is stored can satisfy the need.

        Raises: as `AccessTokens.get`.
        """
        deadline = self.clock.monotonic() + 3 * self.times.lease.total_seconds()
        if isinstance(held, str):
            async with self.gate:
                ready = await self._try(held, need)
            if ready is not None:
                return ready
            held = await self.look(held)
        while True:
            ready = self._at_hand(held, need)
            if ready is not None:
                return ready
            if self.clock.monotonic() >= deadline:
                msg = f"The token of account {held.user_id!r} is being refreshed elsewhere without end."
                raise TokenRefreshError(msg, transient=True, retry_after=self.times.lease)
            if held.wait is None or held.wait.until <= self.clock.now():
                async with self.gate:
                    ready = await self._try(held, need)
            else:
                ready = await self._wait(held, held.wait, need)
            if ready is not None:
                return ready
            held = await self.look(held.user_id)

    async def look(self, user_id: str) -> HeldToken:
        """Return what the store holds now.

        Raises:
            NotFoundError: the account does not exist.
            EncryptionError, DatabaseError: as `TokenStore.read`.
        """
        found = await self.tokens.read(user_id, self.clock.now())
        if found is None:
            raise unknown(user_id)
        return found

    def _at_hand(self, held: HeldToken, need: Need) -> Renewal | None:
        if not held.usable:
            raise not_usable(held.user_id, held.status)
        if held.access is not None and need.satisfied_by(held, self.clock.now()):
            return _stored(held)
        if held.reauth_reason is not None and not need.forced:
            raise must_sign_in(held.user_id, held.reauth_reason)
        return None

    async def _wait(self, held: HeldToken, wait: Wait, need: Need) -> Renewal | None:
        remaining = wait.until - self.clock.now()
        if wait.reason is WaitReason.LEASED:
            if need.ahead and held.expires_at is not None:
                return _stored(held)  # somebody is at it, and nobody waits
            await self.clock.sleep(min(self.times.poll, remaining))
            return None
        if held.reauth_reason is not None:  # asking again would not help: somebody must act
            raise must_sign_in(held.user_id, held.reauth_reason)
        msg = f"The token of account {held.user_id!r} cannot be refreshed now: {_WAITING[wait.reason]}."
        raise TokenRefreshError(
            msg, transient=True, retry_after=max(remaining, timedelta(0)), details={"reason": wait.reason.value}
        )

    async def _try(self, held: HeldToken | str, need: Need) -> Renewal | None:
        """Return what one claim gave; None where somebody else was quicker and the store must be looked at again."""
        owner = self.identifiers.unique()
        try:
            lease = await self.tokens.claim(held, owner, self.clock.now(), self.times.lease)
            if isinstance(lease, Wait):
                return None
            return await self._under(lease, need)
        except ConflictError:
            return None
        except NotFoundError:
            raise unknown(name_of(held)) from None

    async def _under(self, lease: Lease, need: Need) -> Renewal:
        user_id = lease.account.user_id
        try:
            grant = await self._ask_in_time(lease, need)
        except LeaseLostError:
            raise
        except IACSGraphError as error:
            self.log.refresh_failed(user_id, error)
            await self._give_up(lease, error)
            if isinstance(error, ConfigurationError):
                raise
            raise await self._told(user_id, error) from error
        token = grant.token.keeping(lease.refresh)
        recovery = _Recovery(self._act())
        due_at = token.due_at(self.identifiers.fraction())
        await self._store(lease, lambda: self.tokens.commit(lease, token, due_at, recovery))
        self.log.refreshed(user_id, token.access.expires_at - self.clock.now(), ahead=need.ahead)
        if recovery.account is not None and not recovery.account.usable:
            raise not_usable(user_id, recovery.account.status)
        return Renewal(account_id=lease.account.account_id, access=token.access, renewed=True)

    async def _ask_in_time(self, lease: Lease, need: Need) -> Grant:
        """Ask, within bounds; whoever was stopped since the lease was given does not begin when it is over.

        An answer is waited for beyond the lease's end: it can still be stored if nobody else took over.
        """
        if self.clock.now() >= lease.expires_at:
            msg = f"The lease on account {lease.account.user_id!r} was over before it was used."
            raise LeaseLostError(msg, details={"user_id": lease.account.user_id, "fence": lease.fence})
        seconds = self.times.call.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(lease, need)
        except TimeoutError as error:
            msg = f"The identity provider did not answer within {seconds:g} s."
            raise APIConnectionError(msg, error_code="PROVIDER_TIMEOUT") from error

    async def _ask(self, lease: Lease, need: Need) -> Grant:
        application = self.applications.of(lease.account)
        return await self.applications.attempt(
            application, lambda secret: self._call(application, secret, lease.refresh, need.claims)
        )

    async def _call(
        self, application: OAuthApplication, secret: str | None, refresh: str | None, claims: str | None
    ) -> Grant:
        if application.flow is AuthFlow.CLIENT_CREDENTIALS:
            return await self.provider.client_credentials(application, secret, claims)
        if refresh is not None:
            return await self.provider.refresh(application, secret, refresh, claims)
        msg = "There is no refresh token."
        raise ReauthenticationRequiredError(msg, reason=NO_REFRESH_TOKEN)

    async def _store(self, lease: Lease, write: Callable[[], Awaitable[AccountChange | None]]) -> None:
        """Write, trying while the lease lives: after the provider's answer this is the only copy of it."""
        while True:
            try:
                change = await write()
            except DatabaseError as error:
                if not error.transient or self.clock.now() >= lease.expires_at:
                    raise
                await self.clock.sleep(self.times.poll)
            else:
                if change is not None:
                    self.log.changed(change)
                return

    async def _give_up(self, lease: Lease, error: IACSGraphError) -> None:
        """End the lease; a grant that is gone changes the account, a fault of the application never does."""
        act, reason, spread = self._act(), lost_grant(error), self.identifiers.fraction()
        claims = error.claims if isinstance(error, ReauthenticationRequiredError) else None

        def transition(account: Account) -> AccountChange | None:
            return None if reason is None else lifecycle.lose_grant(account, act, reason, claims)

        await self._store(
            lease, lambda: self.tokens.fail(lease, self.clock.now(), error.retry_after, spread, transition)
        )

    async def _told(self, user_id: str, error: IACSGraphError) -> IACSGraphError:
        """Return what callers hear: who must act, or when to ask again."""
        reason = lost_grant(error)
        held = await self.look(user_id)
        if reason is not None:
            stored = held.reauth_reason if reason == NO_REFRESH_TOKEN else None
            return must_sign_in(user_id, stored or reason, str(error))
        wait = held.wait
        msg = f"The token of account {user_id!r} could not be refreshed: {error}"
        return TokenRefreshError(
            msg,
            transient=error.transient,
            retry_after=error.retry_after if wait is None else wait.until - self.clock.now(),
            details={"cause": error.error_code},
        )

    def _act(self) -> Act:
        return Act(actor=ACTOR, at=self.clock.now(), event_id=EventId(self.identifiers.unique()))


def name_of(held: HeldToken | str) -> str:
    """Return the user id of the account that was read, or was not."""
    return held if isinstance(held, str) else held.user_id


def _stored(held: HeldToken) -> Renewal:
    return Renewal(account_id=held.account_id, access=held.access, renewed=False)
