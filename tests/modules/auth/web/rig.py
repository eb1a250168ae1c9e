"""The sign-in pages on adapters in memory, behind a real socket, with a client that keeps nothing between requests."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import attrs

from adapters.memory.identity_provider import AUTHORITY
from adapters.memory.sign_in_store import MemorySignInStore
from application.sign_ins import SignIns
from domain.account import AccountStatus, OAuthApplication
from domain.sign_in import SignInId
from modules.auth.http import make_application
from modules.runtime.http_server import open_server
from ports.identity_provider import SignInRequest
from tests.application.rig import APPLICATION, Rig, open_rig

CALLBACK = "/auth/callback"
REDIRECT_URI = f"http://localhost:5000{CALLBACK}"
KIM = "kim@office.example"
LEE = "lee@office.example"
WEB_APPLICATION = attrs.evolve(APPLICATION, redirect_uri=REDIRECT_URI)


@attrs.frozen(kw_only=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Any
    text: str

    @property
    def location(self) -> str:
        """Where it redirects to."""
        return str(self.headers["Location"])


@attrs.frozen(kw_only=True)
class Departed:
    """What a browser knows that was sent to the provider."""

    state: str
    query: dict[str, str]

    @property
    def sign_in_id(self) -> SignInId:
        """The part of the state that is no secret."""
        return SignInId(self.state.partition(".")[0])


@attrs.frozen(kw_only=True)
class Site:
    """The pages of one process."""

    process: Rig
    sign_ins: SignIns
    url: str
    client: aiohttp.ClientSession

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    async def ask(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - of aiohttp
        """Send a request as no browser does: without `Origin` and `Sec-Fetch-Site`, unless told to."""
        async with self.client.request(method, self.url + path, allow_redirects=False, **options) as response:
            return Answer(status=response.status, headers=response.headers, text=await response.text())

    async def get(self, path: str, language: str = "en", **options: Any) -> Answer:  # noqa: ANN401 - of aiohttp
        """Get a page as a browser of that language."""
        return await self.ask("GET", path, headers={"Accept-Language": language}, **options)

    async def post(self, path: str, language: str = "en", **options: Any) -> Answer:  # noqa: ANN401 - of aiohttp
        """Send a form as a browser does from the site's own page."""
        headers = {"Accept-Language": language, "Sec-Fetch-Site": "same-origin", "Origin": "null"}
        return await self.ask("POST", path, headers=headers, **options)

    async def depart(self, path: str = "/auth/sign-in/kim") -> Departed:
        """Press the button, and stop at the provider."""
        return departed(await self.post(path))

    def code(self, departure: Departed, username: str = KIM) -> str:
        """Sign in at the provider."""
        query = departure.query
        request = SignInRequest(
            redirect_uri=query["redirect_uri"],
            state=query["state"],
            nonce=query["nonce"],
            code_challenge=query["code_challenge"],
        )
        return self.process.provider.authorize(WEB_APPLICATION, request, username)

    async def come_back(self, departure: Departed, language: str = "en", **fields: str) -> Answer:
        """Return from the provider with these fields."""
        return await self.get(CALLBACK, language, params={"state": departure.state, **fields})

    async def finished(self, username: str = KIM, **fields: str) -> str:
        """Sign in from the first page to the last; return the last one's path. `fields` instead of a code."""
        departure = await self.depart()
        answer = fields or {"code": self.code(departure, username)}
        return (await self.come_back(departure, **answer)).location

    async def lock(self) -> None:
        """Lock the account."""
        await self.process.operator.lock("kim", actor="test", reason="test")
        assert (await self.process.account()).status is AccountStatus.LOCKED


def departed(answer: Answer) -> Departed:
    """Read where the browser was sent to."""
    assert answer.status == 303
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    return Departed(state=query["state"], query=query)


@asynccontextmanager
async def open_process(default: OAuthApplication | None = WEB_APPLICATION) -> AsyncIterator[tuple[Rig, SignIns]]:
    """Open a process in which kim is enrolled, and known to the provider like lee."""
    async with open_rig(default=default) as process:
        process.provider.add_user(KIM)
        process.provider.add_user(LEE)
        await process.operator.enrol(email=KIM, name="김지원", actor="test", user_id="kim")
        yield (
            process,
            SignIns(
                store=MemorySignInStore(process.database),
                accounts=process.accounts,
                service=process.service,
                provider=process.provider,
                applications=process.refresher.applications,
                clock=process.clock,
                identifiers=process.identifiers,
                log=process.log,
            ),
        )


@asynccontextmanager
async def open_site(
    public_url: str = "http://localhost:5000",
    *,
    default: OAuthApplication | None = WEB_APPLICATION,
    callback_paths: Collection[str] = (CALLBACK,),
    authority: str = AUTHORITY,
    origins: Collection[str] = (),
) -> AsyncIterator[Site]:
    """Serve the pages, and offer a client without cookies."""
    async with open_process(default) as (process, sign_ins):
        application = make_application(
            sign_ins,
            public_url=public_url,
            callback_paths=callback_paths,
            authority=authority,
            ready=sign_ins.devices,
            origins=origins,
        )
        async with (
            open_server(application, host="127.0.0.1", port=0, grace=timedelta(seconds=1)) as (host, port),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        ):
            yield Site(process=process, sign_ins=sign_ins, url=f"http://{host}:{port}", client=client)
