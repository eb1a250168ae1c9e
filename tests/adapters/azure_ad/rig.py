"""The adapter before a hostile server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from adapters.azure_ad.endpoints import PACE, Endpoints
from adapters.azure_ad.identity_provider import AzureADIdentityProvider
from adapters.azure_ad.tenant_directory import AzureADTenantDirectory
from adapters.http_client.retrying import Pace
from adapters.http_client.session import open_session
from adapters.memory.identifiers import MemoryIdentifiers
from domain.account import OAuthApplication
from ports.identity_provider import AuthorizationResponse, SignInRequest
from tests.adapters.azure_ad.keys import CLIENT, NONCE, NOW, TENANT, claims, jwk, signed
from tests.fakes.hostile_server import HostileServer, Trouble, answer, open_hostile_server
from tests.fakes.hurried_clock import HurriedClock

SECRET, CODE, VERIFIER, REFRESH = "secret-canary", "code-canary", "verifier-canary", "rt-canary"
APPLICATION = OAuthApplication(
    client_id=CLIENT, tenant_id=TENANT, scopes=("Mail.Read", "offline_access"), client_secrets=(SECRET,)
)
REQUEST = SignInRequest(
    redirect_uri="http://localhost:5000/callback", state="state-canary", nonce=NONCE, code_challenge="challenge"
)
RESPONSE = AuthorizationResponse(code=CODE)


@attrs.frozen(kw_only=True)
class Rig:
    """Provider and directory of one server; time stands still but for pauses."""

    server: HostileServer
    clock: HurriedClock
    provider: AzureADIdentityProvider
    directory: AzureADTenantDirectory

    def will(self, *steps: bytes | Trouble) -> None:
        """Let the server do this next; then nothing but break the connection."""
        self.server.script.extend(steps)

    def metadata(self, **changes: object) -> bytes:
        """Return a discovery document of this server."""
        document = {"issuer": self.issuer, "jwks_uri": f"{self.server.url}/keys", **changes}
        return answer(200, json.dumps(document))

    @property
    def issuer(self) -> str:
        """Return who this server says it is."""
        return f"{self.server.url}/{TENANT}/v2.0"

    def tokens(self, **changes: object) -> bytes:
        """Return a good token answer; `claims` are changes of its id token."""
        document = {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": "at-canary",
            "refresh_token": "rt-new-canary",
            "id_token": signed(claims(iss=self.issuer)),
            **changes,
        }
        return answer(200, json.dumps(document))


def keys(*entries: dict[str, object]) -> bytes:
    """Return a key set, with the first key unless others are given."""
    return answer(200, json.dumps({"keys": entries or (jwk("key-1"),)}))


def refusal(error: str, *codes: int, status: int = 400, **headers: str) -> bytes:
    """Return a refusal of the token endpoint."""
    return answer(status, json.dumps({"error": error, "error_codes": codes}), **headers)


@asynccontextmanager
async def open_azure_rig(pace: Pace = PACE) -> AsyncIterator[Rig]:
    """Start the server and the adapter."""
    async with open_hostile_server() as server, open_session() as session:
        clock = HurriedClock(lambda: NOW)
        endpoints = Endpoints(authority=server.url, graph_url=server.url)
        identifiers = MemoryIdentifiers()
        yield Rig(
            server=server,
            clock=clock,
            provider=AzureADIdentityProvider(
                session=session, clock=clock, identifiers=identifiers, endpoints=endpoints, pace=pace
            ),
            directory=AzureADTenantDirectory(
                session=session, clock=clock, identifiers=identifiers, endpoints=endpoints
            ),
        )
