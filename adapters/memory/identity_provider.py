"""An authorization server in memory: applications, users, codes, rotating refresh tokens; with faults on demand."""

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

import attrs

from adapters.memory.device_flows import DeviceFlows
from adapters.memory.refusals import refusal
from domain.account import Identity, OAuthApplication
from domain.errors import (
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    ReauthenticationRequiredError,
)
from domain.reauth import GRANT_REVOKED
from domain.token import AccessToken, Grant, Token
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import (
    AuthorizationResponse,
    DeviceAuthorization,
    DevicePoll,
    IdentityProvider,
    SignInRequest,
)

AUTHORITY = "https://login.memory.invalid"
CODE_LIFETIME = timedelta(minutes=10)
Intervention = IACSGraphError | Callable[[], Awaitable[None]]
"""What a call meets: an error to raise, or something to await first."""


@attrs.define(kw_only=True)
class User:
    """Somebody who can sign in. Refresh tokens of an earlier `generation` are revoked."""

    username: str
    email: str
    identity: Identity
    generation: int = 0


@attrs.frozen(kw_only=True)
class Code:
    """An authorization code that was not redeemed yet."""

    client_id: str
    username: str
    request: SignInRequest
    issued_at: datetime


@attrs.define(kw_only=True, eq=False)
class MemoryIdentityProvider(IdentityProvider):
    """Behaves as Entra ID does where the port can tell: a refresh gives a new refresh token, the old one stays good.

    `calls` counts by method. Each call meets the next of `interventions` first; `after_answer` is awaited between
    computing an answer and giving it.
    """

    clock: Clock
    identifiers: Identifiers
    lifetime: timedelta = timedelta(hours=1)
    refresh_in: timedelta | None = None
    strict: bool = False
    """Whether using an old refresh token again revokes the whole family, as RFC 9700 advises and Entra does not."""
    applications: dict[str, tuple[str, ...]] = attrs.field(factory=dict, repr=False)
    tenants: dict[str, str] = attrs.field(factory=dict)
    """Tenant ids by the names that the tenants go by."""
    devices: DeviceFlows = attrs.field(
        default=attrs.Factory(lambda self: DeviceFlows(clock=self.clock, identifiers=self.identifiers), takes_self=True)
    )
    users: dict[str, User] = attrs.field(factory=dict)
    calls: Counter[str] = attrs.field(factory=Counter)
    interventions: deque[Intervention] = attrs.field(factory=deque)
    after_answer: Callable[[], Awaitable[None]] | None = None
    _codes: dict[str, Code] = attrs.field(factory=dict, repr=False)
    _refresh_tokens: dict[str, tuple[str, str, int]] = attrs.field(factory=dict, repr=False)
    _spent: set[str] = attrs.field(factory=set, repr=False)
    _access_tokens: dict[str, AccessToken] = attrs.field(factory=dict, repr=False)
    _owners: dict[str, str] = attrs.field(factory=dict, repr=False)

    def register(self, application: OAuthApplication) -> None:
        """Make the application known with its client secrets, and its tenant."""
        self.applications[application.client_id] = application.client_secrets
        self.tenants.setdefault(application.tenant_id, application.tenant_id)

    def add_user(self, username: str, tenant_id: str = "tenant", email: str | None = None) -> User:
        """Make somebody known, whose address is the user name unless `email` says otherwise."""
        identity = Identity(tenant_id=tenant_id, object_id=f"oid-{username}")
        user = User(username=username, email=email or username, identity=identity)
        self.users[username] = user
        return user

    def revoke(self, username: str) -> None:
        """Make every refresh token of the user worthless; access tokens go on living."""
        self.users[username].generation += 1

    def issued(self) -> list[str]:
        """Return every token that was ever given out."""
        return [*self._refresh_tokens, *self._access_tokens]

    def sign_in(self, application: OAuthApplication, username: str) -> Token:
        """Return the tokens of a completed sign-in, without the detour over a browser."""
        return self._grant(application, username).token

    def authorize(self, application: OAuthApplication, request: SignInRequest, username: str) -> str:
        """Return the code that the user's browser brings back after signing in."""
        code = f"code-{self.identifiers.unique()}"
        self._codes[code] = Code(
            client_id=application.client_id, username=username, request=request, issued_at=self.clock.now()
        )
        return code

    def approve(self, user_code: str, username: str) -> None:
        """Sign somebody in who typed the user code of a device flow."""
        self.devices.entered(user_code).username = username

    def decline(self, user_code: str) -> None:
        """Let somebody who typed the user code decline."""
        self.devices.entered(user_code).declined = True

    def held(self, access_token: str) -> AccessToken | None:
        """Return the access token if it was issued here and has not expired."""
        found = self._access_tokens.get(access_token)
        return found if found is not None and self.clock.now() < found.expires_at else None

    def owner(self, access_token: str) -> str | None:
        """Return whose access token it is; None for an application's own."""
        return self._owners.get(access_token)

    def authorization_url(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return an address on a host that does not exist."""
        optional = {"login_hint": request.login_hint, "prompt": request.prompt, "claims": request.claims}
        query = {
            "client_id": application.client_id,
            "response_type": "code",
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(application.scopes),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "code_challenge_method": "S256",
            **{name: value for name, value in optional.items() if value is not None},
        }
        return f"{AUTHORITY}/{application.tenant_id}/oauth2/v2.0/authorize?{urlencode(query)}"

    async def exchange_code(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        response: AuthorizationResponse,
        verifier: str,
        request: SignInRequest,
    ) -> Grant:
        """Redeem a code of `authorize`."""
        if response.code is None:
            raise refusal(response)
        await self._begin("exchange_code", application, client_secret)
        issued = self._codes.pop(response.code, None)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if (
            issued is None
            or issued.client_id != application.client_id
            or issued.request.redirect_uri != request.redirect_uri
            or issued.request.nonce != request.nonce
            or issued.request.code_challenge != challenge
            or self.clock.now() - issued.issued_at > CODE_LIFETIME
        ):
            msg = "The sign-in could not be completed: its code is wrong, expired or was used before. Sign in again."
            raise AuthenticationError(msg, error_code="CODE_REJECTED")
        return await self._answer(self._grant(application, issued.username))

    async def begin_device_flow(
        self,
        application: OAuthApplication,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> DeviceAuthorization:
        """Hand out a user code for `approve` and `decline`."""
        await self.meet("begin_device_flow")
        self.known(application)
        return self.devices.begin(application.client_id)

    async def redeem_device_code(
        self, application: OAuthApplication, client_secret: str | None, device_code: str
    ) -> Grant | DevicePoll:
        """Redeem the code of a flow that somebody has approved."""
        await self._begin("redeem_device_code", application, client_secret)
        answer = self.devices.poll(application.client_id, device_code)
        if isinstance(answer, DevicePoll):
            return answer
        return await self._answer(self._grant(application, answer))

    async def refresh(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        refresh_token: str,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> Grant:
        """Redeem a refresh token of this provider."""
        await self._begin("refresh", application, client_secret)
        client_id, username, generation = self._refresh_tokens.get(refresh_token, ("", "", -1))
        reused = self.strict and refresh_token in self._spent
        if reused:
            self.revoke(username)
        if reused or client_id != application.client_id or self.users[username].generation != generation:
            msg = "The grant was revoked or has expired: the owner must sign in again."
            raise ReauthenticationRequiredError(msg, reason=GRANT_REVOKED)
        self._spent.add(refresh_token)
        return await self._answer(attrs.evolve(self._grant(application, username), identity=None))

    async def client_credentials(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> Grant:
        """Grant the application a token of its own."""
        await self._begin("client_credentials", application, client_secret)
        return await self._answer(Grant(token=Token(access=self._access(application))))

    async def validate_token(self, access_token: str) -> bool:
        """Return whether it was issued here and has not expired."""
        await self.meet("validate_token")
        return self.held(access_token) is not None

    def known(self, application: OAuthApplication) -> tuple[str, ...]:
        """Return the application's secrets.

        Raises:
            ConfigurationError: it is not registered.
        """
        secrets = self.applications.get(application.client_id)
        if secrets is None:
            msg = f"Application {application.client_id} is not registered: check AZURE_CLIENT_ID and AZURE_TENANT_ID."
            raise ConfigurationError(msg, error_code="APPLICATION_UNKNOWN")
        return secrets

    def check(self, application: OAuthApplication, client_secret: str | None) -> None:
        """Return if the application is known by this secret.

        Raises:
            ConfigurationError: it is not registered.
            InvalidClientError: the secret is not one of its own.
        """
        if (client_secret or "") not in (self.known(application) or ("",)):
            msg = f"A client secret of application {application.client_id} is wrong or expired: issue a new one."
            raise InvalidClientError(msg)

    async def meet(self, method: str) -> None:
        """Count a call, and meet the next intervention."""
        self.calls[method] += 1
        if self.interventions:
            intervention = self.interventions.popleft()
            if isinstance(intervention, IACSGraphError):
                raise intervention
            await intervention()

    async def _begin(self, method: str, application: OAuthApplication, client_secret: str | None) -> None:
        await self.meet(method)
        self.check(application, client_secret)

    async def _answer(self, grant: Grant) -> Grant:
        if self.after_answer is not None:
            await self.after_answer()
        return grant

    def _grant(self, application: OAuthApplication, username: str) -> Grant:
        user = self.users[username]
        refresh_token = f"rt-{self.identifiers.unique()}"
        self._refresh_tokens[refresh_token] = (application.client_id, username, user.generation)
        access = self._access(application)
        self._owners[access.value] = username
        return Grant(
            token=Token(access=access, refresh=refresh_token),
            identity=user.identity,
            username=username,
            email=user.email,
            name=username.partition("@")[0],
        )

    def _access(self, application: OAuthApplication) -> AccessToken:
        now = self.clock.now()
        token = AccessToken(
            value=f"at-{self.identifiers.unique()}",
            obtained_at=now,
            expires_at=now + self.lifetime,
            refresh_at=None if self.refresh_in is None else now + self.refresh_in,
            scopes=application.scopes,
        )
        self._access_tokens[token.value] = token
        return token
