"""What people do in their browsers while a client waits: each has one browser for the length of a test."""

import base64
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import attrs

from modules.simulator.simulator import Simulator
from tests.simulator.html_forms import Page
from tests.simulator.person import Callback, Person


@attrs.frozen(kw_only=True)
class Visits:
    """People are told by their number in the directory."""

    simulator: Simulator
    stack: AsyncExitStack
    http: aiohttp.ClientSession
    people: dict[int, Person] = attrs.field(factory=dict)

    async def sign_in(self, url: str, number: int = 0) -> dict[str, str]:
        """Sign in, consent to everything, and return what the browser brings back."""
        return (await (await self._person(number)).sign_in(url)).fields

    async def cancel(self, url: str, number: int = 0) -> dict[str, str]:
        return (await self._cancelled(url, number)).fields

    async def look(self, url: str, number: int = 0) -> dict[str, str]:
        """Open a URL that needs no page, and return what the browser brings back."""
        found = await (await self._person(number)).open(url)
        assert isinstance(found, Callback), found
        return found.fields

    async def deliver(self, url: str) -> None:
        """Sign in, and bring the result to the program that listens."""
        person = await self._person(0)
        await person.deliver(await person.sign_in(url))

    async def deliver_refusal(self, url: str) -> None:
        """Cancel, and bring that to the program that listens."""
        await (await self._person(0)).deliver(await self._cancelled(url, 0))

    async def enter_code(self, uri: str, user_code: str, *, decline: bool = False) -> None:
        """Type a device's code and sign in, or decline at the first page that asks."""
        person = await self._person(0)
        if not decline:
            await person.enter_code(uri, user_code)
            return
        page = await person.open(uri)
        assert isinstance(page, Page)
        asked = await person.submit(page.form("device"), {"otc": user_code})
        assert isinstance(asked, Page)
        await person.submit(asked.form("sign-in"), {"action": "cancel"})

    async def get_json(self, url: str, *, token: str | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def is_accepted(self, token: str) -> bool:
        """Whether Graph takes the token, whatever it permits."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.get(f"{self.simulator.https_url}/v1.0/me", headers=headers) as response:
            return response.status != 401

    async def challenged(self, token: str) -> str:
        """Use a token that is refused, and return the claims that Graph wants, decoded as MSAL wants them."""
        url = f"{self.simulator.https_url}/v1.0/me"
        async with self.http.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
            assert response.status == 401, await response.text()
            found = re.search(r'error="insufficient_claims", claims="([^"]+)"', response.headers["WWW-Authenticate"])
        assert found
        return base64.b64decode(found[1]).decode()

    async def _cancelled(self, url: str, number: int) -> Callback:
        found = await (await self._person(number)).cancel(url)
        assert isinstance(found, Callback), found
        return found

    async def _person(self, number: int) -> Person:
        if number not in self.people:
            user = self.simulator.directory.user(number)
            self.people[number] = await self.stack.enter_async_context(Person(user, ca_file=self.simulator.ca_file))
        return self.people[number]


@asynccontextmanager
async def open_visits(simulator: Simulator) -> AsyncIterator[Visits]:
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=simulator.ca_file))
    async with AsyncExitStack() as stack, aiohttp.ClientSession(connector=connector) as http:
        yield Visits(simulator=simulator, stack=stack, http=http)
