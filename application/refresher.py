"""One refresh of one account's token, from the lease to the store."""

import asyncio
from datetime import timedelta

import attrs

from application.access import Need, Renewal
from domain import lifecycle
from domain.account import Account, AccountStatus, AuthFlow, OAuthApplication
from domain.change import AccountChange
from domain.errors import (
    APIConnectionError,
    ConfigurationError,
    ConflictError,
    DatabaseError,
    IACSGraphError,
    InvalidClientError,
    NotFoundError,
    PermissionDeniedError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    TokenRefreshError,
)
from domain.events import EventId
from domain.lifecycle import Act
from domain.refreshing import Wait, WaitReason
from domain.token import Grant, Token
from ports.authentication_log import AuthenticationLog
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import IdentityProvider
from ports.token_store import HeldToken, Lease, TokenStore

ACTOR = "token service"
NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a reason's name
BLOCKED_BY_POLICY = "blocked_by_policy"


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
    default_application: OAuthApplication | None = None
    times: RefreshTimes = RefreshTimes()

    async def run(self, held: HeldToken, need: Need) -> Renewal:
        """Return a token that satisfies the need, or a new one; `held` may be old news.

        Raises: as `AccessTokens.get`.
        """
        deadline = self.clock.now() + 3 * self.times.lease
        while self.clock.now() < deadline:
            ready = self._at_hand(held, need)
            if ready is not None:
                return ready
            if held.wait is None or held.wait.until <= self.clock.now():
                renewal = await self._try(held, need)
                if renewal is not None:
                    return renewal
            else:
                await self._wait(held.wait)
            held = await self._look(held)
        msg = f"The token of account {held.user_id!r} is being refreshed elsewhere without end."
        raise TokenRefreshError(msg, transient=True, retry_after=self.times.lease)

    def _at_hand(self, held: HeldToken, need: Need) -> Renewal | None:
        if not held.usable:
            raise self._denied(held.user_id, not_usable(held.user_id, held.status))
        if held.access is not None and need.satisfied_by(held, self.clock.now()):
            return Renewal(access=held.access, renewed=False)
        if held.reauth_reason is not None and not need.forced:
            raise self._denied(held.user_id, must_sign_in(held.user_id, held.reauth_reason))
        return None

    def _denied(self, user_id: str, error: IACSGraphError) -> IACSGraphError:
        self.log.denied(user_id, error)
        return error

    async def _look(self, held: HeldToken) -> HeldToken:
        found = await self.tokens.read(held.user_id, self.clock.now())
        if found is None:
            msg = f"Account {held.user_id!r} does not exist any more."
            raise NotFoundError(msg, details={"user_id": held.user_id})
        return found

    async def _wait(self, wait: Wait) -> None:
        remaining = wait.until - self.clock.now()
        if wait.reason is WaitReason.LEASED:
            await self.clock.sleep(min(self.times.poll, remaining))
            return
        msg = "The token cannot be refreshed just now: an earlier attempt failed or there were too many."
        raise TokenRefreshError(
            msg, transient=True, retry_after=max(remaining, timedelta(0)), details={"reason": wait.reason.value}
        )

    async def _try(self, held: HeldToken, need: Need) -> Renewal | None:
        """Return what one claim gave; None where somebody else was quicker and the store must be looked at again."""
        owner = self.identifiers.unique()
        try:
            lease = await self.tokens.claim(held, owner, self.clock.now(), self.times.lease)
            return None if isinstance(lease, Wait) else await self._under(lease, need)
        except ConflictError:
            return None

    async def _under(self, lease: Lease, need: Need) -> Renewal:
        user_id = lease.account.user_id
        try:
            grant = await self._ask_in_time(lease, need)
        except IACSGraphError as error:
            self.log.refresh_failed(user_id, error)
            await self._give_up(lease, error)
            if isinstance(error, ConfigurationError):
                raise
            raise self._told(user_id, error) from error
        token = lease.token.renewed_by(grant.token) if lease.token is not None else grant.token
        recovery = _Recovery(self._act())
        self._changed(await self._commit(lease, token, recovery))
        self.log.refreshed(user_id, token.access.expires_at - self.clock.now())
        if recovery.account is not None and not recovery.account.usable:
            raise self._denied(user_id, not_usable(user_id, recovery.account.status))
        return Renewal(access=token.access, renewed=True)

    async def _ask_in_time(self, lease: Lease, need: Need) -> Grant:
        try:
            async with asyncio.timeout(self.times.call.total_seconds()):
                return await self._ask(lease, need)
        except TimeoutError as error:
            msg = f"The identity provider did not answer within {self.times.call.total_seconds():g} s."
            raise APIConnectionError(msg, error_code="PROVIDER_TIMEOUT") from error

    async def _ask(self, lease: Lease, need: Need) -> Grant:
        application = lease.account.application or self.default_application
        if application is None:
            msg = (
                f"OAuth is not configured for account {lease.account.user_id!r}:"
                " set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give the account an application of its own."
            )
            raise ConfigurationError(msg, error_code="OAUTH_NOT_CONFIGURED")
        refresh = lease.token.refresh if lease.token is not None else None
        rejection: InvalidClientError | None = None
        for secret in application.client_secrets or (None,):
            try:
                return await self._call(application, secret, refresh, need.claims)
            except InvalidClientError as error:
                rejection = error
        msg = f"No client secret of application {application.client_id} is accepted. {rejection}"
        raise InvalidClientError(msg, details={"client_id": application.client_id}) from rejection

    async def _call(
        self, application: OAuthApplication, secret: str | None, refresh: str | None, claims: str | None
    ) -> Grant:
        if application.flow is AuthFlow.CLIENT_CREDENTIALS:
            return await self.provider.client_credentials(application, secret, claims)
        if refresh is not None:
            return await self.provider.refresh(application, secret, refresh, claims)
        msg = "There is no refresh token."
        raise ReauthenticationRequiredError(msg, reason=NO_REFRESH_TOKEN)

    async def _commit(self, lease: Lease, token: Token, recovery: _Recovery) -> AccountChange | None:
        """Store the token, trying while the lease lives: after the provider's answer it is the only copy."""
        due_at = token.due_at(self.identifiers.fraction())
        while True:
            try:
                return await self.tokens.commit(lease, token, due_at, recovery)
            except DatabaseError as error:
                if not error.transient or self.clock.now() >= lease.expires_at:
                    raise
                await self.clock.sleep(self.times.poll)

    async def _give_up(self, lease: Lease, error: IACSGraphError) -> None:
        """End the lease; a grant that is gone changes the account, a fault of the application never does."""
        act, reason = self._act(), lost_grant(error)

        def transition(account: Account) -> AccountChange | None:
            return None if reason is None else lifecycle.lose_grant(account, act, reason)

        spread = self.identifiers.fraction()
        self._changed(await self.tokens.fail(lease, self.clock.now(), error.retry_after, spread, transition))

    def _told(self, user_id: str, error: IACSGraphError) -> IACSGraphError:
        """Return what callers hear: who must act, or when to ask again."""
        reason = lost_grant(error)
        if reason is not None:
            return must_sign_in(user_id, reason, str(error))
        msg = f"The token of account {user_id!r} could not be refreshed: {error}"
        return TokenRefreshError(
            msg, transient=error.transient, retry_after=error.retry_after, details={"cause": error.error_code}
        )

    def _changed(self, change: AccountChange | None) -> None:
        if change is not None:
            self.log.changed(change)

    def _act(self) -> Act:
        return Act(actor=ACTOR, at=self.clock.now(), event_id=EventId(self.identifiers.unique()))


def lost_grant(error: IACSGraphError) -> str | None:
    """Return why the grant is gone, if the error says that it is."""
    if isinstance(error, ReauthenticationRequiredError):
        return error.reason
    return BLOCKED_BY_POLICY if isinstance(error, PolicyBlockedError) else None


def not_usable(user_id: str, status: AccountStatus) -> PermissionDeniedError:
    """Return the refusal for an account that may not be used."""
    msg = f"Account {user_id!r} is {status}: no token is handed out."
    return PermissionDeniedError(
        msg, error_code=f"ACCOUNT_{status}", details={"user_id": user_id, "status": status.value}
    )


def must_sign_in(user_id: str, reason: str, cause: str | None = None) -> ReauthenticationRequiredError:
    """Return the error that says who must act and how."""
    act = (
        "its administrator must allow the sign-in"
        if reason == BLOCKED_BY_POLICY
        else f"its owner must sign in again ('iacsgraph auth login {user_id}')"
    )
    msg = f"Account {user_id!r} needs attention ({reason}): {act}."
    return ReauthenticationRequiredError(
        f"{msg} {cause}" if cause else msg, reason=reason, details={"user_id": user_id}
    )
