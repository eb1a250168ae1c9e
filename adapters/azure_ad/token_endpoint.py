"""Asking the token endpoint as an application that proves who it is (RFC 6749 sections 2.3, 3.2 and 5)."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from adapters.azure_ad.client_assertion import ASSERTION_TYPE, assertion, is_pem
from adapters.azure_ad.endpoints import Endpoints
from adapters.azure_ad.outcomes import Call, refused
from adapters.azure_ad.responses import OK, parse_poll
from adapters.http_client.retrying import Deadline, Repeat, Retrying
from adapters.http_client.transport import Answer, Request, Transport
from domain.account import OAuthApplication

T = TypeVar("T")

SIGN_IN_SCOPES = ("openid", "profile")
"""Without them there is no id token, and nobody would know who signed in."""

REPEATS = {
    Call.CODE: Repeat.UNLESS_RECEIVED,
    Call.DEVICE: Repeat.UNLESS_RECEIVED,
    Call.REFRESH: Repeat.IF_ANSWERED,
    Call.APPLICATION: Repeat.ALWAYS,
}


@attrs.frozen(kw_only=True)
class TokenRequest:
    """What is asked, by whom, and for what purpose. `credential` is as `IdentityProvider` says."""

    application: OAuthApplication
    credential: str | None = attrs.field(repr=False)
    form: Mapping[str, str] = attrs.field(repr=False)
    call: Call


@attrs.frozen(kw_only=True, eq=False)
class TokenEndpoint:
    """Of every tenant."""

    transport: Transport
    retrying: Retrying
    endpoints: Endpoints

    async def ask(self, request: TokenRequest, read: Callable[[Answer], T], deadline: Deadline) -> T:
        """Return what is read from the answer of success; of a device code also from that nobody has decided yet.

        Raises: the error that any other answer means for this call, and what `read` raises.
        """
        url = self.endpoints.token(request.application.tenant_id)

        async def attempt(seconds: float) -> T:
            proof = self._proof(request.application.client_id, request.credential, str(url))
            sent = Request(method="POST", url=url, form={**request.form, **proof})
            answer = await self.transport.send(sent, seconds)
            if answer.status == OK or (request.call is Call.DEVICE and parse_poll(answer) is not None):
                return read(answer)
            raise refused(answer, request.call)

        return await self.retrying.run(attempt, REPEATS[request.call], deadline)

    def _proof(self, client_id: str, credential: str | None, audience: str) -> dict[str, str]:
        """Return the fields that say who asks; each attempt has an assertion of its own, which works once."""
        if credential is None:
            return {"client_id": client_id}
        if not is_pem(credential):
            return {"client_id": client_id, "client_secret": credential}
        return {
            "client_id": client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(
                credential, client_id, audience, self.transport.clock.now(), self.transport.identifiers.unique()
            ),
        }


def sign_in_scope(application: OAuthApplication) -> str:
    """Return the scopes of a sign-in: the application's, and what an id token needs."""
    missing = [scope for scope in SIGN_IN_SCOPES if scope not in application.scopes]
    return " ".join([*missing, *application.scopes])


def with_claims(form: Mapping[str, str], claims: str | None) -> dict[str, str]:
    """Return the form with a claims request, if there is one."""
    return {**form} if claims is None else {**form, "claims": claims}
