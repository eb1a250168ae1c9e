"""A person's browser without a screen: it goes through the sign-in pages as their owner would, and ends at the program.

For demonstrations, where nobody sits in front of it.
"""

from html.parser import HTMLParser
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import attrs
from yarl import URL

_MOST_PAGES: Final = 20
_ANSWERS: Final = {"mfa": {"action": "approve"}, "consent": {"action": "accept"}}
"""What is answered, by the id of a page's form, besides name and password."""


class LostError(Exception):
    """The pages led nowhere. The message says where it ended, without the address's query."""


@attrs.define(kw_only=True)
class _Form:
    form_id: str
    action: str
    fields: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class _Page:
    url: str
    forms: dict[str, _Form]


class _Forms(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.found: dict[str, _Form] = {}
        self._last: _Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._last = _Form(form_id=given.get("id", ""), action=urljoin(self._url, given.get("action", "")))
            self.found[self._last.form_id] = self._last
        elif tag == "input" and self._last is not None:
            self._last.fields[given.get("name", "")] = given.get("value", "")


class Browser:
    """Of one person, with cookies of its own. An async context manager."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))  # of addresses without a name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def sign_in(self, url: str) -> None:
        """Follow the address, sign in, consent, and bring the answer to the program that waits for it.

        Raises: LostError if it ends on another page; aiohttp.ClientError if nobody answers.
        """
        target = await self._walk(await self._fetch("GET", url))
        if isinstance(target, _Page):
            raise _lost(target)
        async with self._session.get(URL(target, encoded=True)) as response:
            await response.read()

    async def enter_code(self, url: str, code: str) -> None:
        """Type a device's code, sign in, and consent.

        Raises: as `sign_in`.
        """
        page = await self._fetch("GET", url)
        if not isinstance(page, _Page) or "device" not in page.forms:
            raise _lost(page)
        await self._walk(await self._submit(page.forms["device"], {"otc": code}))

    async def _walk(self, found: _Page | str) -> _Page | str:
        """Answer page after page; return the address that leads away from the server, or a page that asks nothing."""
        for _ in range(_MOST_PAGES):
            if isinstance(found, str):
                return found
            asked = next((name for name in ("sign-in", *_ANSWERS) if name in found.forms), None)
            if asked is None:
                return found
            found = await self._submit(found.forms[asked], _ANSWERS.get(asked, self._credentials))
        raise _lost(found)

    @property
    def _credentials(self) -> dict[str, str]:
        return {"upn": self._username, "password": self._password, "action": "next"}

    async def _submit(self, form: _Form, changes: dict[str, str]) -> _Page | str:
        return await self._fetch("POST", form.action, {**form.fields, **changes})

    async def _fetch(self, method: str, url: str, data: dict[str, str] | None = None) -> _Page | str:
        for _ in range(_MOST_PAGES):
            wire = URL(url, encoded=True)
            async with self._session.request(method, wire, data=data, allow_redirects=False) as response:
                text, location = await response.text(), response.headers.get("Location")
            if location is None:
                forms = _Forms(url)
                forms.feed(text)
                return _Page(url=url, forms=forms.found)
            target = urljoin(url, location)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                return target
            method, url, data = "GET", target, None
        raise _lost(url)


def _lost(found: _Page | str) -> LostError:
    parts = urlsplit(found.url if isinstance(found, _Page) else found)
    return LostError(f"the sign-in ended at {parts.scheme}://{parts.netloc}{parts.path}")
