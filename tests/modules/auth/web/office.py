"""The sign-in pages in front of a simulated Entra ID, with the adapter that speaks to the real one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import attrs

from adapters.azure_ad.endpoints import Endpoints
from adapters.azure_ad.identity_provider import AzureADIdentityProvider
from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.http_client.session import open_session
from adapters.memory.account_store import MemoryAccountStore
from adapters.memory.authentication_log import MemoryAuthenticationLog
from adapters.memory.cipher import MemoryCipher
from adapters.memory.database import MemoryDatabase
from adapters.memory.sign_in_store import MemorySignInStore
from adapters.memory.token_store import MemoryTokenStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.applications import Applications
from application.refresher import Refresher
from application.sign_ins import SignIns
from application.token_service import open_token_service
from domain.account import OAuthApplication
from modules.auth.http import make_application
from modules.runtime.http_server import open_server
from modules.simulator.people import User
from modules.simulator.simulator import Simulator
from tests.simulator.running import running_simulator

CALLBACK = "/auth/callback"


@attrs.frozen(kw_only=True)
class Office:
    """`url` is where people reach the pages."""

    simulator: Simulator
    sign_ins: SignIns
    operator: Accounts
    url: str

    async def enrol(self, number: int) -> User:
        """Enrol the simulator's person of this number, under the sign-in name's first part."""
        user = self.simulator.directory.users[number]
        registered = self.simulator.directory.application("web")
        application = OAuthApplication(
            client_id=registered.client_id,
            tenant_id=self.simulator.directory.tenant.tenant_id,
            scopes=("openid", "profile", "email", "offline_access", "User.Read", "Mail.Read"),
            redirect_uri=f"{self.url}{CALLBACK}",
            client_secrets=(registered.secrets[0].value,),
        )
        await self.operator.enrol(
            email=user.mail, name=user.name, actor="test", user_id=user_id(user), application=application
        )
        return user


def user_id(user: User) -> str:
    """Return the user id under which a person is enrolled."""
    return user.upn.partition("@")[0]


@asynccontextmanager
async def open_office(users: int) -> AsyncIterator[Office]:
    """Open it with this many people, none of them enrolled."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(running_simulator(users=users))
        session = await stack.enter_async_context(open_session())
        clock, identifiers, log = SystemClock(), SystemIdentifiers(), MemoryAuthenticationLog()
        endpoints = Endpoints(authority=simulator.http_url, graph_url=simulator.http_url)
        provider = AzureADIdentityProvider(session=session, clock=clock, identifiers=identifiers, endpoints=endpoints)
        database = MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
        accounts, applications = MemoryAccountStore(database), Applications()
        refresher = Refresher(
            tokens=MemoryTokenStore(database),
            provider=provider,
            clock=clock,
            identifiers=identifiers,
            log=log,
            applications=applications,
        )
        sign_ins = SignIns(
            store=MemorySignInStore(database),
            accounts=accounts,
            service=await stack.enter_async_context(open_token_service(accounts, refresher)),
            provider=provider,
            applications=applications,
            clock=clock,
            identifiers=identifiers,
            log=log,
        )
        application = make_application(
            sign_ins,
            public_url="http://localhost",
            callback_paths=(CALLBACK,),
            authority=simulator.http_url,
            ready=sign_ins.devices,
        )
        serving = open_server(application, host="127.0.0.1", port=0, grace=timedelta(seconds=1))
        _, port = await stack.enter_async_context(serving)
        yield Office(
            simulator=simulator,
            sign_ins=sign_ins,
            operator=Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers),
            url=f"http://localhost:{port}",
        )
