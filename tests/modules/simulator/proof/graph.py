"""Microsoft's Graph SDK on a simulator: base URL and credential are all that it is told.

Its builders of requests are loaded when they are first used, not by imports: each of them defines or loads what
is deprecated already, and a warning is an error here, unless a test has the mark `DEPRECATED`.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import pytest
from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory

from modules.simulator.mail.mailbox import Mailbox
from tests.modules.simulator.proof.clients import Untyped
from tests.modules.simulator.rig import Rig

DEPRECATED = pytest.mark.filterwarnings("ignore:(GetQueryParameters|This class) is deprecated:DeprecationWarning")
SCOPES = ["https://graph.microsoft.com/.default"]
CONTINUOUS = '{"access_token": {"xms_cc": {"values": ["cp1"]}}}'


@attrs.define
class Tokens:
    """A credential like azure-identity's aio ones. `renew` gets another token, for claims; `claims` are those asked
    with.
    """

    token: str = attrs.field(repr=False)
    renew: Callable[[str], Awaitable[str]]
    claims: list[str] = attrs.field(factory=list)

    async def get_token(self, *scopes: str, claims: str | None = None, **_options: Untyped) -> AccessToken:
        assert list(scopes) == SCOPES
        if claims is not None:
            self.claims.append(claims)
            self.token = await self.renew(claims)
        return AccessToken(self.token, int(time.time()) + 3600)


@attrs.frozen(kw_only=True)
class Graph:
    """The SDK's client, signed in as the first person, whose mailbox is at hand."""

    rig: Rig
    client: Untyped
    adapter: Untyped
    tokens: Tokens
    mailbox: Mailbox


@asynccontextmanager
async def open_graph(rig: Rig) -> AsyncIterator[Graph]:
    """The SDK as it comes, with its usual middleware; the HTTP client is made here only in order to be closed."""
    tokens = await _tokens(rig)
    http = GraphClientFactory.create_with_default_middleware(options=options)
    credential: Untyped = tokens  # it is asked for tokens only
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=SCOPES), http)
    adapter.base_url = f"{rig.simulator.http_url}/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    mailbox = rig.simulator.mail.mailbox(rig.user())
    try:
        yield Graph(rig=rig, client=client, adapter=adapter, tokens=tokens, mailbox=mailbox)
    finally:
        await http._transport.transport.aclose()  # noqa: SLF001 - with its middleware the client closes nothing itself


async def _tokens(rig: Rig) -> Tokens:
    async def sign_in(claims: str) -> str:
        answer = await rig.token(rig.redemption(await rig.callback(), claims=claims))
        return str(answer.body["access_token"])

    return Tokens(await sign_in(CONTINUOUS), sign_in)


def asking(of: Untyped, prefer: str | None = None, **parameters: Untyped) -> Untyped:
    """The configuration of a request that a builder makes; parameters are called as its own class calls them."""
    kind = next(value for name, value in vars(type(of)).items() if name.endswith("GetQueryParameters"))
    headers = HeadersCollection()
    if prefer:
        headers.add("Prefer", prefer)
    return RequestConfiguration(query_parameters=kind(**parameters), headers=headers)


async def value_of(graph: Graph, one: Untyped) -> Untyped:
    """The bytes of an attachment, for which the SDK has no method of its own."""
    asked = one.to_get_request_information()
    asked.url_template = asked.url_template.replace("{?", "/$value{?")
    return await graph.adapter.send_primitive_async(asked, "bytes", {"XXX": ODataError})
