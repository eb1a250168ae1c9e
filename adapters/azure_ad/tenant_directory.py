"""Entra ID as a directory: what can be asked before anybody signs in, and ending a person's sessions."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import aiohttp
from yarl import URL

from adapters.azure_ad.documents import parse_object
from adapters.azure_ad.endpoints import ENTRA, NOT_ONE_TENANT, PACE, Endpoints, is_guid
from adapters.azure_ad.graph_answers import BEARER, UNAUTHORIZED, graph_error, not_graph
from adapters.azure_ad.outcomes import Call, refused
from adapters.azure_ad.responses import OK, parse_device_authorization, parse_tokens
from adapters.azure_ad.signing_keys import TENANT_PLACE, SigningKeys
from adapters.azure_ad.token_endpoint import TokenEndpoint, TokenRequest
from adapters.http_client.retrying import Repeat, Retrying
from adapters.http_client.transport import Answer, Request, Transport
from domain.account import AuthFlow, OAuthApplication
from domain.errors import AuthenticationError, ConfigurationError, PermissionDeniedError
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.tenant_directory import TenantDirectory, TenantReport

NO_CONTENT = 204
FORBIDDEN = 403
HALF_A_SECOND = timedelta(milliseconds=500)
"""A Date header is cut to the second: on average it is half a second later."""
UNKNOWN = frozenset({"APPLICATION_UNKNOWN", "APPLICATION_DISABLED", "TENANT_UNKNOWN", "TENANT_NOT_ALLOWED"})
"""What a refused device flow says about applications that never use one."""


class AzureADTenantDirectory(TenantDirectory):
    """Asks Entra ID and Microsoft Graph."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        identifiers: Identifiers,
        endpoints: Endpoints | None = None,
    ) -> None:
        self._endpoints = endpoints or Endpoints()
        self._transport = Transport(session=session, clock=clock, identifiers=identifiers, server=ENTRA)
        self._retrying = Retrying(clock=clock, identifiers=identifiers, pace=PACE)
        self._tokens = TokenEndpoint(transport=self._transport, retrying=self._retrying, endpoints=self._endpoints)
        self._keys = SigningKeys(transport=self._transport, retrying=self._retrying, endpoints=self._endpoints)

    async def reach(self, tenant_id: str) -> TenantReport:
        """Read the tenant's discovery document, whose issuer names its id."""
        metadata, answer = await self._keys.describe(tenant_id, self._retrying.deadline())
        return TenantReport(tenant_id=_named(metadata.issuer), clock_offset=_offset(answer))

    async def try_application(self, application: OAuthApplication, client_secret: str | None) -> bool:
        """Ask for a token of the application's own and throw it away; without tenant or credential, for a user code."""
        if client_secret is not None and application.tenant_id.lower() not in NOT_ONE_TENANT:
            form = {"grant_type": "client_credentials", "scope": self._endpoints.default_scope}
            asked = TokenRequest(application=application, credential=client_secret, form=form, call=Call.APPLICATION)
            await self._tokens.ask(asked, partial(parse_tokens, requested=()), self._retrying.deadline())
            return True
        try:
            await self._retrying.run(
                lambda seconds: self._device_code(application, seconds), Repeat.ALWAYS, self._retrying.deadline()
            )
        except ConfigurationError as error:
            if application.flow is AuthFlow.DEVICE_CODE or error.error_code in UNKNOWN:
                raise
        return False

    async def revoke_sessions(self, access_token: str) -> None:
        """Ask Graph to forget every session of the token's owner."""
        if BEARER.fullmatch(access_token) is None:
            raise _not_accepted({})
        request = Request(method="POST", url=self._endpoints.revoke_sessions, bearer=access_token)

        async def attempt(seconds: float) -> None:
            _revoked(await self._transport.send(request, seconds))

        await self._retrying.run(attempt, Repeat.ALWAYS, self._retrying.deadline())

    async def _device_code(self, application: OAuthApplication, seconds: float) -> None:
        form = {"client_id": application.client_id, "scope": "openid"}
        url = self._endpoints.device_code(application.tenant_id)
        answer = await self._transport.send(Request(method="POST", url=url, form=form), seconds)
        if answer.status != OK:
            raise refused(answer, Call.DEVICE_BEGIN)
        parse_device_authorization(answer)


def _named(issuer: str) -> str | None:
    """Return the tenant in an issuer; None where it stands for many."""
    if TENANT_PLACE in issuer:
        return None
    segments = URL(issuer).parts
    return next((segment for segment in segments if is_guid(segment)), None)


def _offset(answer: Answer) -> timedelta | None:
    """Return how far the server's clock is ahead, taking its moment for the middle of the exchange."""
    if answer.date is None:
        return None
    middle = answer.asked_at + (answer.answered_at - answer.asked_at) / 2
    return answer.date + HALF_A_SECOND - middle


def _revoked(answer: Answer) -> None:
    """Return if Graph did it."""
    done = answer.status == OK and (parse_object(answer.body) or {}).get("value") is True
    if done or answer.status == NO_CONTENT:
        return
    code = graph_error(answer)
    if answer.status == FORBIDDEN and code is not None:
        msg = (
            "The access token does not carry the permission to end sessions: the operator must add"
            " User.RevokeSessions.All to AZURE_SCOPES, and the owner must sign in again."
        )
        raise PermissionDeniedError(msg, error_code="SCOPE_MISSING", details=answer.details)
    if answer.status != UNAUTHORIZED and code is None:
        raise not_graph(answer)
    raise _not_accepted(answer.details)


def _not_accepted(details: Mapping[str, object]) -> AuthenticationError:
    msg = "The access token is not accepted, or is no person's: the owner must sign in again."
    return AuthenticationError(msg, error_code="TOKEN_REJECTED", details=details)
