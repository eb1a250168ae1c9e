"""Entra ID as the authorization server."""

from functools import partial

import aiohttp
import attrs

from adapters.azure_ad import id_tokens
from adapters.azure_ad.endpoints import ENTRA, NOT_ONE_TENANT, PACE, Endpoints
from adapters.azure_ad.graph_answers import BEARER, accepted, mail_address
from adapters.azure_ad.outcomes import Call, refused, refused_at_sign_in
from adapters.azure_ad.responses import (
    OK,
    SignInAnswer,
    parse_device_authorization,
    parse_poll,
    parse_sign_in,
    parse_tokens,
)
from adapters.azure_ad.signing_keys import SigningKeys
from adapters.azure_ad.token_endpoint import TokenEndpoint, TokenRequest, sign_in_scope, with_claims
from adapters.http_client.retrying import Deadline, Pace, Repeat, Retrying
from adapters.http_client.transport import Answer, Request, Transport
from domain.account import Identity, OAuthApplication
from domain.errors import IACSGraphError
from domain.token import Grant
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import (
    AuthorizationResponse,
    DeviceAuthorization,
    DevicePoll,
    IdentityProvider,
    SignInRequest,
)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ADDRESS_WITHIN = 3.0
"""Seconds that the directory has to tell a person's address."""


class AzureADIdentityProvider(IdentityProvider):
    """Speaks OAuth 2.0 and OpenID Connect with Entra ID, or with a server like it.

    Scopes are sent as the application has them; sign-ins add `openid profile`, never `offline_access`.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        identifiers: Identifiers,
        endpoints: Endpoints | None = None,
        pace: Pace = PACE,
    ) -> None:
        self._clock = clock
        self._endpoints = endpoints or Endpoints()
        self._transport = Transport(session=session, clock=clock, identifiers=identifiers, server=ENTRA)
        self._retrying = Retrying(clock=clock, identifiers=identifiers, pace=pace)
        self._tokens = TokenEndpoint(transport=self._transport, retrying=self._retrying, endpoints=self._endpoints)
        self._keys = SigningKeys(transport=self._transport, retrying=self._retrying, endpoints=self._endpoints)

    def authorization_url(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return the address; the answer comes back in the query."""
        optional = {"login_hint": request.login_hint, "prompt": request.prompt, "claims": request.claims}
        query = {
            "client_id": application.client_id,
            "response_type": "code",
            "redirect_uri": request.redirect_uri,
            "response_mode": "query",
            "scope": sign_in_scope(application),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "code_challenge_method": "S256",
            **{name: value for name, value in optional.items() if value is not None},
        }
        return str(self._endpoints.authorize(application.tenant_id).with_query(query))

    async def exchange_code(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        response: AuthorizationResponse,
        verifier: str,
        request: SignInRequest,
    ) -> Grant:
        """Redeem the code; the keys are fetched before it is sent, so that a failure there does not cost the code."""
        if response.code is None:
            raise refused_at_sign_in(response)
        deadline = self._retrying.deadline()
        await self._keys.prepare(application.tenant_id, deadline)
        form = {
            "grant_type": "authorization_code",
            "code": response.code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": verifier,
            "scope": sign_in_scope(application),
        }
        asked = TokenRequest(
            application=application, credential=client_secret, form=with_claims(form, request.claims), call=Call.CODE
        )
        found = await self._tokens.ask(asked, partial(parse_sign_in, requested=application.scopes), deadline)
        return await self._believed(application, found, request.nonce, deadline)

    async def begin_device_flow(self, application: OAuthApplication, claims: str | None = None) -> DeviceAuthorization:
        """Ask the device authorization endpoint."""
        form = {"client_id": application.client_id, "scope": sign_in_scope(application)}
        request = Request(
            method="POST", url=self._endpoints.device_code(application.tenant_id), form=with_claims(form, claims)
        )

        async def attempt(seconds: float) -> DeviceAuthorization:
            answer = await self._transport.send(request, seconds)
            if answer.status != OK:
                raise refused(answer, Call.DEVICE_BEGIN)
            return parse_device_authorization(answer)

        return await self._retrying.run(attempt, Repeat.ALWAYS, self._retrying.deadline())

    async def redeem_device_code(
        self, application: OAuthApplication, client_secret: str | None, device_code: str
    ) -> Grant | DevicePoll:
        """Poll once."""
        deadline = self._retrying.deadline()
        await self._keys.prepare(application.tenant_id, deadline)
        asked = TokenRequest(
            application=application,
            credential=client_secret,
            form={"grant_type": DEVICE_GRANT, "device_code": device_code},
            call=Call.DEVICE,
        )

        def read(answer: Answer) -> SignInAnswer | DevicePoll:
            return parse_poll(answer) or parse_sign_in(answer, application.scopes)

        found = await self._tokens.ask(asked, read, deadline)
        if isinstance(found, DevicePoll):
            return found
        return await self._believed(application, found, None, deadline)

    async def refresh(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        refresh_token: str,
        claims: str | None = None,
    ) -> Grant:
        """Redeem the refresh token for the application's scopes."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        if application.scopes:
            form["scope"] = " ".join(application.scopes)
        asked = TokenRequest(
            application=application, credential=client_secret, form=with_claims(form, claims), call=Call.REFRESH
        )
        read = partial(parse_tokens, requested=application.scopes)
        return Grant(token=await self._tokens.ask(asked, read, self._retrying.deadline()))

    async def client_credentials(
        self, application: OAuthApplication, client_secret: str | None, claims: str | None = None
    ) -> Grant:
        """Ask for all permissions that the application was given in this cloud's Graph."""
        scope = self._endpoints.default_scope
        form = {"grant_type": "client_credentials", "scope": scope}
        asked = TokenRequest(
            application=application, credential=client_secret, form=with_claims(form, claims), call=Call.APPLICATION
        )
        token = await self._tokens.ask(asked, partial(parse_tokens, requested=(scope,)), self._retrying.deadline())
        return Grant(token=attrs.evolve(token, refresh=None))

    async def validate_token(self, access_token: str) -> bool:
        """Ask Graph who the token's owner is. An application's own token has none, and is accepted all the same."""
        if BEARER.fullmatch(access_token) is None:
            return False
        request = Request(method="GET", url=self._endpoints.me, bearer=access_token)

        async def attempt(seconds: float) -> bool:
            return accepted(await self._transport.send(request, seconds))

        return await self._retrying.run(attempt, Repeat.ALWAYS, self._retrying.deadline())

    async def _believed(
        self, application: OAuthApplication, found: SignInAnswer, nonce: str | None, deadline: Deadline
    ) -> Grant:
        """Return the grant with who signed in, once the id token is verified."""
        key_id = id_tokens.key_id(found.id_token)
        key = await self._keys.find(application.tenant_id, key_id, deadline)
        if key is None:
            raise id_tokens.rejected("is signed with a key that the tenant does not have")
        expected = id_tokens.Expected(
            client_id=application.client_id,
            issuer=await self._keys.issuer(application.tenant_id, deadline),
            nonce=nonce,
            now=self._clock.now(),
        )
        person = id_tokens.verify(found.id_token, key, expected)
        email = person.email or await self._address(application, found.token.access.value, person.identity)
        return Grant(
            token=found.token, identity=person.identity, username=person.username, email=email, name=person.name
        )

    async def _address(self, application: OAuthApplication, access_token: str, identity: Identity) -> str | None:
        """Return the person's mail address by the directory, where the id token has none and one tenant is asked.

        Entra puts it into id tokens only for applications that ask for `email`. A sign-in does not fail, nor wait
        long, for want of it.
        """
        if application.tenant_id.lower() in NOT_ONE_TENANT or BEARER.fullmatch(access_token) is None:
            return None
        request = Request(method="GET", url=self._endpoints.mailbox, bearer=access_token)
        try:
            return mail_address(await self._transport.send(request, ADDRESS_WITHIN), identity.object_id)
        except IACSGraphError:
            return None
