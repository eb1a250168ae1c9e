"""The sign-in use case: begun by one process, finished by any, and only by the account's owner."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import attrs

from application.applications import Applications
from application.refusals import unknown
from application.token_service import TokenService
from domain import lifecycle
from domain import sign_in as rules
from domain.account import Account, AuthFlow, Identity, OAuthApplication
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    BusinessLogicError,
    ConfigurationError,
    DatabaseError,
    IACSGraphError,
    NotFoundError,
    PermissionDeniedError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
)
from domain.events import EventId
from domain.lifecycle import Act
from domain.registration import MANY_TENANTS
from domain.sign_in import (
    SIGN_IN_LASTS,
    BrowserSecrets,
    DevicePrompt,
    DeviceSecrets,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    SignInTransition,
)
from domain.token import Grant
from ports.account_store import AccountStore
from ports.authentication_log import AuthenticationLog
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import AuthorizationResponse, DevicePoll, IdentityProvider, SignInRequest
from ports.sign_in_store import SignInStore

T = TypeVar("T")

ACTOR = "sign-in"
ANSWER_WITHIN = timedelta(seconds=20)
STORE_AGAIN = timedelta(milliseconds=200)
GRACE = timedelta(seconds=5)
"""How long a device sign-in that is being asked about goes on when its poller is cancelled."""
ENOUGH_TIME = timedelta(minutes=2)
"""A device sign-in with less time left is not taken up again."""


@attrs.frozen(kw_only=True)
class Departure:
    """A sign-in that has begun, and the address to send the owner's browser to."""

    sign_in: SignIn
    url: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class SignIns:
    """Everything that must survive between two steps is in the store; any process can do any step."""

    store: SignInStore
    accounts: AccountStore
    service: TokenService
    provider: IdentityProvider
    applications: Applications
    clock: Clock
    identifiers: Identifiers
    log: AuthenticationLog
    answer_within: timedelta = ANSWER_WITHIN
    grace: timedelta = GRACE

    async def begin(self, user_id: str, *, redirect_uri: str | None = None, link_id: LinkId | None = None) -> Departure:
        """Begin a sign-in in a browser; `redirect_uri` overrides the application's.

        Raises:
            NotFoundError: the account is unknown.
            ConfigurationError: it has no application, or that has no redirect URI.
            BusinessLogicError: its application acts by itself, without a person.
            ThrottledError: too many sign-ins are open.
            EncryptionError, DatabaseError: as `SignInStore.begin`.
        """
        account, application = await self._account_of_a_person(user_id)
        target = redirect_uri or application.redirect_uri
        if target is None:
            msg = (
                f"The application of account {account.user_id!r} has no redirect URI: set one, or use the device flow."
            )
            raise ConfigurationError(msg, error_code="REDIRECT_URI_MISSING")
        sign_in_id, now = SignInId(self.identifiers.unique()), self.clock.now()
        secrets = BrowserSecrets(
            state=f"{sign_in_id}.{self.identifiers.secret()}",
            nonce=self.identifiers.secret(),
            verifier=self.identifiers.secret(),
        )
        sign_in = SignIn(
            sign_in_id=sign_in_id,
            account_id=account.account_id,
            begun_at=now,
            expires_at=now + SIGN_IN_LASTS,
            redirect_uri=target,
            link_id=link_id,
            secrets=secrets,
        )
        await self.store.begin(sign_in)
        url = self.provider.authorization_url(application, _request(target, secrets, account))
        return Departure(sign_in=attrs.evolve(sign_in, secrets=None), url=url)

    async def complete(self, state: str, response: AuthorizationResponse) -> tuple[SignIn, IACSGraphError | None]:
        """Redeem what a browser came back with; return how the sign-in ended, and why if it failed.

        Raises:
            AuthenticationError: the state is unknown, expired, or was used before: nothing happened.
            EncryptionError, DatabaseError: the store failed; what was exchanged is lost if it cannot be stored.
        """
        sign_in_id = SignInId(_parts(state)[0])
        taken = await self._apply(sign_in_id, lambda current, now: rules.take(current, state, now))
        secrets = taken.secrets
        if not isinstance(secrets, BrowserSecrets) or taken.redirect_uri is None:
            raise rules.unknown_sign_in()
        redirect_uri = taken.redirect_uri

        async def redeem(account: Account, application: OAuthApplication) -> Grant:
            request = _request(redirect_uri, secrets, account)
            return await self.applications.attempt(
                application,
                lambda secret: self.provider.exchange_code(application, secret, response, secrets.verifier, request),
            )

        return await self._finish(taken, redeem)

    async def begin_device(self, user_id: str) -> SignIn:
        """Begin a sign-in by device code, or take up one that is still open.

        Raises: as `begin`; as `IdentityProvider.begin_device_flow`.
        """
        account, application = await self._account_of_a_person(user_id)
        now = self.clock.now()
        for sign_in in await self.store.open(now):
            if sign_in.account_id == account.account_id and sign_in.device and sign_in.expires_at - now > ENOUGH_TIME:
                return sign_in
        started = await self._in_time(self.provider.begin_device_flow(application, account.reauth_claims))
        now = self.clock.now()
        sign_in = SignIn(
            sign_in_id=SignInId(self.identifiers.unique()),
            account_id=account.account_id,
            begun_at=now,
            expires_at=started.expires_at,
            device=DevicePrompt(
                user_code=started.user_code,
                verification_uri=started.verification_uri,
                interval=started.interval,
                poll_at=now + started.interval,
            ),
            secrets=DeviceSecrets(device_code=started.device_code),
        )
        await self.store.begin(sign_in)
        return attrs.evolve(sign_in, secrets=None)

    async def poll(self, sign_in_id: SignInId) -> tuple[SignIn, IACSGraphError | None]:
        """Ask the provider, if it is time to, whether the person has signed in; return where the sign-in stands.

        Several processes may poll the same sign-in: only one asks at a time. Whoever is cancelled while it asks goes on
        for a moment: an answer that holds the tokens comes only once.

        Raises:
            AuthenticationError: it is unknown or over.
            EncryptionError, DatabaseError: as `complete`.
        """
        mine = False

        def claim(current: SignIn, now: datetime) -> SignIn:
            nonlocal mine
            claimed = rules.poll(current, now, self.answer_within)
            mine = claimed is not current
            return claimed

        current = await self._apply(sign_in_id, claim)
        secrets = current.secrets
        if not mine or not isinstance(secrets, DeviceSecrets):
            return attrs.evolve(current, secrets=None), None
        return await _to_the_end(self._redeem_device(current, secrets), self.grace)

    async def cancel(self, sign_in_id: SignInId) -> None:
        """Give a sign-in up, unless it is over or being completed.

        Raises:
            AuthenticationError: there is no such sign-in.
            EncryptionError, DatabaseError: as `SignInStore.apply`.
        """
        await self._apply(sign_in_id, lambda current, _now: rules.cancelled(current, rules.GIVEN_UP))

    async def find(self, sign_in_id: SignInId) -> SignIn:
        """Return where a sign-in stands; one that is no longer open by its time is told as FAILED.

        Raises:
            AuthenticationError: there is no such sign-in.
            DatabaseError: the store failed.
        """
        sign_in = await self.store.find(sign_in_id)
        if sign_in is None:
            raise rules.unknown_sign_in()
        return rules.as_of(sign_in, self.clock.now())

    async def devices(self) -> Sequence[SignIn]:
        """Return all open sign-ins by device code, whoever began them.

        Raises:
            DatabaseError: the store failed.
        """
        return [sign_in for sign_in in await self.store.open(self.clock.now()) if sign_in.device is not None]

    async def account_of(self, sign_in: SignIn) -> Account:
        """Return whose sign-in it is, without client secrets.

        Raises:
            NotFoundError: the account is gone.
            EncryptionError, DatabaseError: the store failed.
        """
        account = await self.accounts.get(sign_in.account_id)
        if account is None:
            raise unknown(str(sign_in.account_id))
        return account

    async def application_of(self, user_id: str) -> OAuthApplication:
        """Return the application that acts for the account.

        Raises: as `begin`.
        """
        return (await self._account(user_id))[1]

    async def issue_link(self, user_id: str, lasting: timedelta) -> str:
        """Return the secret part of a new reconnect link; it cannot be had again.

        Raises:
            NotFoundError: the account is unknown.
            DatabaseError: the store failed.
        """
        account, _ = await self._account(user_id)
        link_id, secret = LinkId(self.identifiers.unique()), self.identifiers.secret()
        link = ReconnectLink(
            link_id=link_id,
            account_id=account.account_id,
            digest=rules.digest_of(secret),
            expires_at=self.clock.now() + lasting,
        )
        await self.store.add_link(link)
        return f"{link_id}.{secret}"

    async def follow_link(self, text: str) -> tuple[Account, LinkId]:
        """Return whose account the link leads to; following it does not use it up, a completed sign-in does.

        Raises:
            AuthenticationError: the link is unknown, used or expired.
            NotFoundError: the account is gone.
            EncryptionError, DatabaseError: the store failed.
        """
        link_id, secret = _parts(text)
        link = await self.store.find_link(LinkId(link_id))
        if link is None:
            raise rules.unknown_link()
        link.check(secret, self.clock.now())
        account = await self.accounts.get(link.account_id)
        if account is None:
            raise unknown(str(link.account_id))
        return account, link.link_id

    async def _account(self, user_id: str) -> tuple[Account, OAuthApplication]:
        found = await self.accounts.find(user_id)
        account = None if found is None else await self.accounts.get(found.account_id)
        if account is None:
            raise unknown(user_id)
        return account, self.applications.of(account)

    async def _account_of_a_person(self, user_id: str) -> tuple[Account, OAuthApplication]:
        account, application = await self._account(user_id)
        if application.flow is AuthFlow.CLIENT_CREDENTIALS:
            msg = f"The application of account {account.user_id!r} acts by itself: nobody signs in."
            raise BusinessLogicError(msg, error_code="NOBODY_SIGNS_IN", details={"user_id": account.user_id})
        return account, application

    async def _apply(self, sign_in_id: SignInId, transition: Callable[[SignIn, datetime], SignIn]) -> SignIn:
        now = self.clock.now()
        return await self.store.apply(sign_in_id, lambda current: transition(current, now), now)

    async def _redeem_device(self, current: SignIn, secrets: DeviceSecrets) -> tuple[SignIn, IACSGraphError | None]:
        answer = await self._ask(current, secrets)
        if isinstance(answer, DevicePoll) or (isinstance(answer, IACSGraphError) and answer.transient):
            waiting = await self._apply(current.sign_in_id, _put_off(answer))
            return attrs.evolve(waiting, secrets=None), None
        error = answer if isinstance(answer, IACSGraphError) else None
        taken = current if error else await self._apply(current.sign_in_id, rules.take_approval)
        return await self._finish(taken, lambda _account, _application: _given(answer))

    async def _ask(self, sign_in: SignIn, secrets: DeviceSecrets) -> Grant | DevicePoll | IACSGraphError:
        try:
            account = await self.account_of(sign_in)
            application = self.applications.of(account)
            return await self._in_time(
                self.applications.attempt(
                    application,
                    lambda secret: self.provider.redeem_device_code(application, secret, secrets.device_code),
                )
            )
        except IACSGraphError as error:
            return error

    async def _finish(
        self, taken: SignIn, redeem: Callable[[Account, OAuthApplication], Awaitable[Grant]]
    ) -> tuple[SignIn, IACSGraphError | None]:
        """Redeem and store; whatever keeps it from that is remembered, so that whoever waits for it hears of it."""
        user_id = str(taken.account_id)
        try:
            account = await self.account_of(taken)
            user_id = account.user_id
            application = self.applications.of(account)
            grant = await self._in_time(redeem(account, application))
            await self._insist(lambda: self._store(account, application, grant), taken.expires_at)
        except IACSGraphError as error:
            if not isinstance(error, PermissionDeniedError):  # the token service has told that
                self.log.sign_in_failed(user_id, error)
            explanation, reason = error.message, _reason(error)
            ended = await self._end(taken, lambda current: rules.failed(current, reason, explanation))
            await self._challenge(user_id, error)
            return ended, error
        return await self._end(taken, rules.done), None

    async def _store(self, account: Account, application: OAuthApplication, grant: Grant) -> None:
        who = (_known(grant.identity), _names(application, grant))
        await self.service.sign_in(account, grant.token, who, ACTOR)

    async def _end(self, taken: SignIn, transition: SignInTransition) -> SignIn:
        return await self._insist(
            lambda: self._apply(taken.sign_in_id, lambda current, _now: transition(current)), taken.expires_at
        )

    async def _challenge(self, user_id: str, error: IACSGraphError) -> None:
        """Keep what the provider wants the next sign-in to ask for; if that fails, it will say so again."""
        claims = error.claims if isinstance(error, ReauthenticationRequiredError) else None
        if claims is None:
            return
        act = Act(actor=ACTOR, at=self.clock.now(), event_id=EventId(self.identifiers.unique()))
        with suppress(NotFoundError, DatabaseError):
            change = await self.accounts.apply(user_id, lambda account: lifecycle.challenge(account, act, claims))
            if change is not None:
                self.log.changed(change)

    async def _insist(self, write: Callable[[], Awaitable[T]], until: datetime) -> T:
        """Write, trying while there is time: a code cannot be redeemed twice, and a person waits for the outcome."""
        while True:
            try:
                return await write()
            except DatabaseError as error:
                if not error.transient or self.clock.now() >= until:
                    raise
            await self.clock.sleep(STORE_AGAIN)

    async def _in_time(self, call: Awaitable[T]) -> T:
        seconds = self.answer_within.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError as error:
            msg = f"The identity provider did not answer within {seconds:g} s."
            raise APIConnectionError(msg, error_code="PROVIDER_TIMEOUT") from error


def _request(redirect_uri: str, secrets: BrowserSecrets, account: Account) -> SignInRequest:
    digest = hashlib.sha256(secrets.verifier.encode("ascii")).digest()
    return SignInRequest(
        redirect_uri=redirect_uri,
        state=secrets.state,
        nonce=secrets.nonce,
        code_challenge=urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        login_hint=account.email,
        claims=account.reauth_claims,
    )


def _parts(text: str) -> tuple[str, str]:
    """Return the id and the secret of a state or a link; what cannot be either has the id of nobody."""
    identifier, _, secret = text.partition(".")
    return (identifier, secret) if text.isascii() else ("", "")


def _reason(error: IACSGraphError) -> str:
    """Return the code that is stored: where the provider says what must be done about it, that of `domain.reauth`."""
    if isinstance(error, ReauthenticationRequiredError | PolicyBlockedError):
        return error.reason
    return error.error_code.lower()


def _put_off(answer: DevicePoll | IACSGraphError) -> Callable[[SignIn, datetime], SignIn]:
    """Return what becomes of a device sign-in that is asked about later; no answer slows the polling down, too."""
    if answer is DevicePoll.PENDING:
        return rules.still_pending
    asked_for = answer.retry_after if isinstance(answer, IACSGraphError) else None
    return lambda current, now: rules.slow_down(current, now, asked_for or timedelta(0))


async def _to_the_end(work: Coroutine[Any, Any, T], grace: timedelta) -> T:
    """Do what must not be left half done: if the caller is cancelled meanwhile, it still has `grace` to finish."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait({task}, timeout=grace.total_seconds())
        finally:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _given(answer: Grant | IACSGraphError) -> Grant:
    if isinstance(answer, IACSGraphError):
        raise answer
    return answer


def _known(identity: Identity | None) -> Identity:
    if identity is None:
        msg = "The provider does not say who signed in; nothing was stored."
        raise AuthenticationError(msg, error_code="IDENTITY_MISSING")
    return identity


def _names(application: OAuthApplication, grant: Grant) -> Sequence[str]:
    """Return the names that say who came. An e-mail claim counts only where one known tenant vouches for it.

    Source: Microsoft identity platform, claims-validation.md (an e-mail claim of any tenant proves nothing).
    """
    trusted = (grant.username,) if application.tenant_id.casefold() in MANY_TENANTS else (grant.username, grant.email)
    return [*dict.fromkeys(name for name in trusted if name)]
