"""A client that speaks plain HTTP to a simulator, so that tests show the protocol itself."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp
import attrs

from modules.simulator.people import User
from modules.simulator.registration import Application
from modules.simulator.simulator import Simulator
from tests.simulator.person import Callback, Person
from tests.simulator.running import running_simulator

REDIRECT = {
    "web": "http://localhost:5000/auth/callback",
    "public": "http://localhost:5000/",
    "spa": "http://localhost:5000/spa",
}
SCOPE = "openid profile offline_access User.Read Mail.Read"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ORIGIN = {"Origin": "http://localhost:5000"}


@attrs.frozen(kw_only=True)
class Answer:
    """What came back. `body` is the JSON; empty if it was something else."""

    status: int
    text: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> int:
        """The AADSTS number of a refusal; 0 if it is none."""
        codes = self.body.get("error_codes", [0])
        return int(codes[-1])

    @property
    def error(self) -> tuple[int, str, str | None]:
        """Status, OAuth error and sub-error."""
        return self.status, self.body["error"], self.body.get("suberror")


@attrs.frozen(kw_only=True)
class Rig:
    """A running simulator, an HTTP session, and people with browsers of their own."""

    simulator: Simulator
    http: aiohttp.ClientSession
    stack: AsyncExitStack

    def application(self, name: str = "web") -> Application:
        return self.simulator.directory.application(name)

    def user(self, number: int = 0) -> User:
        return self.simulator.directory.users[number]

    async def person(self, user: User | int = 0, **wishes: Any) -> Person:  # noqa: ANN401 - of Person
        chosen = self.user(user) if isinstance(user, int) else user
        return await self.stack.enter_async_context(Person(chosen, **wishes))

    def url(self, path: str, **query: str) -> str:
        return f"{self.simulator.http_url}/{path}{'?' if query else ''}{urlencode(query)}"

    def authorize_url(self, name: str = "web", *, tenant: str = "common", **changes: str) -> str:
        """A usual request; an empty change leaves the parameter out."""
        query = {
            "client_id": self.application(name).client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT[name],
            "scope": SCOPE,
            "state": "the state",
            **changes,
        }
        return self.url(f"{tenant}/oauth2/v2.0/authorize", **{key: value for key, value in query.items() if value})

    async def post(self, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        async with self.http.post(self.url(path), data=form, headers=headers) as response:
            return await _answer(response)

    async def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        target = url if url.startswith("http") else self.url(url)
        async with self.http.get(target, headers=headers, allow_redirects=False) as response:
            return await _answer(response)

    async def token(
        self, form: dict[str, str], *, tenant: str = "common", headers: dict[str, str] | None = None
    ) -> Answer:
        return await self.post(f"{tenant}/oauth2/v2.0/token", form, headers)

    def credentials(self, name: str = "web") -> dict[str, str]:
        application = self.application(name)
        secrets = {"client_secret": application.secrets[0].value} if application.secrets else {}
        return {"client_id": application.client_id, **secrets}

    def redemption(self, callback: Callback, name: str = "web", **changes: str) -> dict[str, str]:
        form = {
            "grant_type": "authorization_code",
            "code": callback.code,
            "redirect_uri": REDIRECT[name],
            **self.credentials(name),
            **changes,
        }
        return {key: value for key, value in form.items() if value}

    async def callback(self, user: User | int = 0, /, name: str = "web", **changes: str) -> Callback:
        """Have somebody sign in, in a new browser."""
        return await (await self.person(user)).sign_in(self.authorize_url(name, **changes))

    async def signed_in(self, user: User | int = 0, /, name: str = "web", **changes: str) -> Answer:
        """The tokens of a new sign-in."""
        headers = ORIGIN if name == "spa" else None
        pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        callback = await self.callback(user, name, **pkce, **changes)
        return await self.token(self.redemption(callback, name, code_verifier=VERIFIER), headers=headers)

    async def refresh(self, refresh_token: str, name: str = "web", **changes: str) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.credentials(name), **changes}
        return await self.token(form, headers=ORIGIN if name == "spa" else None)

    async def graph(self, path: str, access_token: str, method: str = "GET") -> Answer:
        headers = {"Authorization": f"Bearer {access_token}"}
        async with self.http.request(method, self.url(path), headers=headers) as response:
            return await _answer(response)

    async def begin_device(self, name: str = "public", scope: str = SCOPE, tenant: str = "common") -> dict[str, Any]:
        form = {"client_id": self.application(name).client_id, "scope": scope}
        return (await self.post(f"{tenant}/oauth2/v2.0/devicecode", form)).body

    async def poll(self, device_code: str, name: str = "public", tenant: str = "common") -> Answer:
        form = {"grant_type": DEVICE_GRANT, "device_code": device_code, "code": device_code}
        return await self.token({**form, **self.credentials(name)}, tenant=tenant)


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    text = await response.text()
    body = await response.json() if response.content_type == "application/json" and text.endswith("}") else {}
    return Answer(status=response.status, text=text, headers=dict(response.headers), body=body)


@asynccontextmanager
async def running_rig(**settings: Any) -> AsyncIterator[Rig]:  # noqa: ANN401 - of SimulatorSettings
    """A rig on a simulator with these settings."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(running_simulator(**settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Rig(simulator=simulator, http=http, stack=stack)
