"""A person without a browser: follows a sign-in from page to page, and ends where the application waits."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp
import attrs
from yarl import URL

from modules.simulator.people import User
from tests.simulator.html_forms import Form, Page, parse_page

_MOST_PAGES = 20


class AstrayError(Exception):
    """The pages led elsewhere than the test thought; the message tells where."""


@attrs.frozen(kw_only=True)
class Callback:
    """What the person's browser brings to the application: a URL to get, or fields to post there."""

    url: str
    posted: bool = False
    fields: dict[str, str]

    @property
    def code(self) -> str:
        """Raises: KeyError with the answer if it holds none."""
        if "code" not in self.fields:
            raise KeyError(str(self.fields))
        return self.fields["code"]


class Person:
    """One browser with its cookies, used by one user. An async context manager.

    `pick`: click the tile with the name, instead of typing name and password. `consents`: say yes to what is asked.
    """

    def __init__(
        self,
        user: User,
        *,
        ca_file: Path | None = None,
        pick: bool = False,
        consents: bool = True,
        language: str = "en",
    ) -> None:
        self.user, self.pick, self.consents = user, pick, consents
        context = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._session = aiohttp.ClientSession(
            # unsafe: cookies of addresses without a name.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Accept-Language": language},
        )
        self.pages: list[Page] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def open(self, url: str) -> Page | Callback:
        """Get a page, following redirects as long as they stay at the same server."""
        return await self._fetch("GET", url, {})

    async def sign_in(self, url: str) -> Callback:
        """Follow an authorize URL to its callback. Raises: AstrayError if it ends on another page, such as an error."""
        found = await self._walk(await self.open(url))
        if isinstance(found, Page):
            raise AstrayError(f"the sign-in ended on a page: {found.status} AADSTS{found.code} {found.text}")
        return found

    async def see(self, url: str) -> Page:
        """Follow a URL to a page on which there is nothing more to do. Raises: AstrayError if it ends at a callback."""
        found = await self._walk(await self.open(url))
        if isinstance(found, Callback):
            raise AstrayError(f"the sign-in ended at a callback: {found.fields}")
        return found

    async def enter_code(self, verification_uri: str, user_code: str) -> Page:
        """Type a device's code and sign in. Return the last page."""
        page = await self.open(verification_uri)
        assert isinstance(page, Page)
        found = await self._walk(await self.submit(page.form("device"), {"otc": user_code}))
        assert isinstance(found, Page)
        return found

    async def cancel(self, url: str) -> Page | Callback:
        """Open a URL and press the first cancel button."""
        page = await self.open(url)
        if not isinstance(page, Page):
            raise AstrayError(f"there was nothing to cancel: {page.fields}")
        form = next(form for form in page.forms if ("action", "cancel") in form.buttons)
        return await self.submit(form, {"action": "cancel"})

    async def post(self, url: str, fields: dict[str, str]) -> Page | Callback:
        """Post fields to a URL, as a form on a page of the application would."""
        return await self._fetch("POST", url, fields)

    async def submit(self, form: Form, changes: dict[str, str]) -> Page | Callback:
        """Send a form with these changes to its fields."""
        return await self._fetch(form.method.upper(), form.action, {**form.fields, **changes})

    async def deliver(self, callback: Callback) -> tuple[int, str]:
        """Bring a callback to the application. Return its status and text."""
        method = "POST" if callback.posted else "GET"
        data = callback.fields if callback.posted else None
        async with self._session.request(method, URL(callback.url, encoded=True), data=data) as response:
            return response.status, await response.text()

    async def _walk(self, found: Page | Callback) -> Page | Callback:
        for _ in range(_MOST_PAGES):
            answer = self._answer(found) if isinstance(found, Page) else None
            if answer is None:
                return found
            found = await self.submit(*answer)
        raise AstrayError("the pages have no end")

    def _answer(self, page: Page) -> tuple[Form, dict[str, str]] | None:
        if page.has("sign-in") and 'role="alert"' not in page.text:
            if self.pick:
                return page.form("pick"), {"pick": self.user.object_id}
            return page.form("sign-in"), {"upn": self.user.upn, "password": self.user.password, "action": "next"}
        if page.has("mfa"):
            return page.form("mfa"), {"action": "approve"}
        if page.has("consent"):
            return page.form("consent"), {"action": "accept" if self.consents else "cancel"}
        return None

    async def _fetch(self, method: str, url: str, data: dict[str, str]) -> Page | Callback:
        for _ in range(_MOST_PAGES):
            body = data if method == "POST" else None
            wire = URL(url, encoded=True)
            async with self._session.request(method, wire, data=body, allow_redirects=False) as response:
                text = await response.text()
                location = response.headers.get("Location")
                status = response.status
            if location is None:
                page = parse_page(url, status, text)
                self.pages.append(page)
                return self._posted(page) or page
            # urljoin would drop an empty fragment.
            target = location if urlsplit(location).scheme else urljoin(url, location)
            if _origin(target) != _origin(url):
                return _called_back(target)
            method, url = "GET", target
        raise AstrayError("the redirects have no end")

    def _posted(self, page: Page) -> Callback | None:
        """The callback that the page's script would post."""
        if not page.has("callback"):
            return None
        form = page.form("callback")
        return Callback(url=form.action, posted=True, fields=form.fields)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _called_back(url: str) -> Callback:
    parts = urlsplit(url)
    text = parts.fragment or parts.query
    return Callback(url=url, fields=dict(parse_qsl(text, keep_blank_values=True)))
