"""The sign-in pages: owners begin here, come back here from the identity provider, and see how it ended."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import attrs
from aiohttp import web

from application.sign_ins import SignIns
from domain.account import USER_ID_LENGTH, Account
from domain.errors import AuthenticationError, EncryptionError, NotFoundError
from domain.sign_in import EXPIRED, SignIn, SignInId, Stage, unknown_link, unknown_sign_in
from modules.auth import texts
from modules.auth.callbacks import read_answer
from modules.auth.pages import Button, View, notice_page, result_page, sign_in_page, style_hash
from modules.auth.visitors import Visitors
from modules.runtime.http_policy import SitePolicy, origin_of
from modules.runtime.http_server import LARGEST_BODY, Problem, add_health, harden, read_form
from modules.runtime.languages import best_language

FURTHER_PROVIDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "https://login.microsoftonline.com": ("https://login.live.com",),
}
"""To which origins a provider redirects before it shows a page: personal accounts sign in elsewhere."""

_LOCAL_NAMES = ("localhost", "127.0.0.1")
_VISIBLE = re.compile(r"[!-~]{1,500}")
_ENDED: Final[Mapping[Stage, str]] = {
    Stage.DONE: "SIGN_IN_USED",
    Stage.FAILED: "SIGN_IN_USED",
    Stage.CANCELLED: "SIGN_IN_CANCELLED",
}


def make_application(  # noqa: PLR0913 - each is one fact about where the site stands
    sign_ins: SignIns,
    *,
    public_url: str,
    callback_paths: Collection[str],
    authority: str,
    ready: Callable[[], Awaitable[object]],
    origins: Collection[str] = (),
    visitors: Visitors | None = None,
    lasting: bool = True,
) -> web.Application:
    """Return the site. `public_url` is where people reach it; if it has a path, pages are there with and without it.

    `callback_paths` are those of the redirect URIs. `origins` (or URLs) are others under which browsers come here,
    such as redirect URIs with another host or port than the public URL's. `visitors` hears of browsers that come back.
    A site that is not `lasting` ends with its sign-ins, and offers no new ones.
    """
    prefix = urlsplit(public_url).path.rstrip("/")
    callbacks = frozenset(unquote(path) or "/" for path in callback_paths)
    site = _Site(
        sign_ins=sign_ins,
        prefix=prefix,
        provider=urlsplit(authority).hostname or authority,
        visitors=visitors or Visitors(),
        lasting=lasting,
    )
    app = web.Application(client_max_size=LARGEST_BODY)
    for path in callbacks:
        site.add_callback(app, path)
    for base in dict.fromkeys(("", prefix)):
        site.add_pages(app, base, callbacks)
    add_health(app, ready)
    own = {one for url in (public_url, *origins) for one in _spellings(url)}
    provider = origin_of(authority)
    policy = SitePolicy(
        origins=frozenset(own),
        form_targets=(provider, *FURTHER_PROVIDERS.get(provider, ()), *sorted(own)),
        style_hash=style_hash(),
        open_paths=callbacks,
        secure=urlsplit(public_url).scheme == "https",
    )
    harden(app, policy, answer=answer_page, hidden={"link"})
    return app


def answer_page(request: web.Request, problem: Problem) -> web.Response:
    """Say in the reader's language why there is no other answer."""
    ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    notice = texts.NOTICES.get(problem.code) or texts.PROBLEMS.get(problem.status)
    notice = notice or (texts.SERVER_FAULT if ours else texts.REQUEST_FAULT)
    view = _view(request)
    text = notice_page(view, notice, reference=problem.request_id if ours else None)
    return _html(view, text, notice.status or problem.status)


@attrs.frozen(kw_only=True)
class _Site:
    """Handlers: each reads a request, calls the use case and shows what came of it."""

    sign_ins: SignIns
    prefix: str
    provider: str
    visitors: Visitors
    lasting: bool

    def add_pages(self, app: web.Application, base: str, callbacks: Collection[str]) -> None:
        for home in {f"{base}/", base or "/"} - {*callbacks}:
            app.router.add_get(home, self.home)
        app.router.add_get(f"{base}/favicon.ico", _no_icon)
        for path, show, act in (
            ("/auth/sign-in/{user_id:[^/]+}", self.show_sign_in, self.begin),
            ("/auth/reconnect/{link:[^/]+}", self.show_link, self.follow_link),
            ("/auth/result/{sign_in_id:[^/]+}", self.show_result, self.begin_again),
        ):
            app.router.add_get(f"{base}{path}", show)
            app.router.add_post(f"{base}{path}", act)

    def add_callback(self, app: web.Application, path: str) -> None:
        """GET only, without HEAD, which would redeem a code, too; a plain resource takes any path literally."""
        resource = web.PlainResource(path)
        app.router.register_resource(resource)
        resource.add_route("GET", self.come_back)
        resource.add_route("POST", self.come_back_with_form)

    async def home(self, request: web.Request) -> web.Response:
        view = _view(request, switch=True)
        return _html(view, notice_page(view, texts.HOME))

    async def show_sign_in(self, request: web.Request) -> web.Response:
        view = _view(request, switch=True)
        return _html(view, sign_in_page(view, await self._account(request), self.provider))

    async def begin(self, request: web.Request) -> web.Response:
        await read_form(request)
        account = await self._account(request)
        return _go((await self.sign_ins.begin(account.user_id)).url)

    async def show_link(self, request: web.Request) -> web.Response:
        view = _view(request, switch=True)
        account, _ = await self.sign_ins.follow_link(_link(request))
        return _html(view, sign_in_page(view, account, self.provider))

    async def follow_link(self, request: web.Request) -> web.Response:
        await read_form(request)
        account, link_id = await self.sign_ins.follow_link(_link(request))
        return _go((await self.sign_ins.begin(account.user_id, link_id=link_id)).url)

    async def come_back(self, request: web.Request) -> web.Response:
        """A callback that is the site's root is its home page, too."""
        if not request.query_string and request.path.rstrip("/") in ("", self.prefix):
            return await self.home(request)
        return await self._complete(request, request.query.items())

    async def come_back_with_form(self, request: web.Request) -> web.Response:
        return await self._complete(request, [*request.query.items(), *await read_form(request)])

    async def show_result(self, request: web.Request) -> web.Response:
        view = _view(request, switch=True)
        sign_in = await self.sign_ins.find(_sign_in_id(request))
        owner = await self._owner(sign_in)
        self.visitors.saw(sign_in.sign_in_id)
        return _html(view, result_page(view, sign_in, owner, lasting=self.lasting))

    async def begin_again(self, request: web.Request) -> web.Response:
        """Begin another sign-in of the same account, by the same link, with the same way back."""
        await read_form(request)
        before = await self.sign_ins.find(_sign_in_id(request))
        account = await self.sign_ins.account_of(before)
        uri, link_id = before.redirect_uri, before.link_id
        return _go((await self.sign_ins.begin(account.user_id, redirect_uri=uri, link_id=link_id)).url)

    async def _complete(self, request: web.Request, fields: Iterable[tuple[str, str]]) -> web.Response:
        state, response = read_answer(fields)
        self.visitors.came(SignInId(state.partition(".")[0]))
        try:
            ended, _ = await self.sign_ins.complete(state, response)
        except AuthenticationError as error:
            return await self._refused(request, SignInId(state.partition(".")[0]), error.error_code)
        return _go(self._result_path(ended.sign_in_id))

    async def _refused(self, request: web.Request, sign_in_id: SignInId, code: str) -> web.Response:
        """Say why a state is not accepted; of a sign-in that has ended only the stage tells, its state is forgotten."""
        known: SignIn | None = None
        with suppress(AuthenticationError):
            known = await self.sign_ins.find(sign_in_id)
        ended = None if known is None else _ENDED.get(known.stage)
        if known is not None and ended is not None:
            code = "SIGN_IN_EXPIRED" if known.reason == EXPIRED else ended
        view, path = _view(request), self._result_path(sign_in_id)
        again = known is not None and known.stage in (Stage.FAILED, Stage.CANCELLED)
        notice = texts.NOTICES.get(code, texts.NOTICES["SIGN_IN_UNKNOWN"])
        text = notice_page(
            view,
            notice,
            button=Button(label=texts.AGAIN, path=path) if again and self.lasting else None,
            link=None if code == "SIGN_IN_UNKNOWN" else path,
        )
        return _html(view, text, notice.status or HTTPStatus.NOT_FOUND)

    async def _account(self, request: web.Request) -> Account:
        """Return whose page it is; what cannot be a user id is not asked for."""
        user_id = request.match_info["user_id"]
        plausible = len(user_id) <= USER_ID_LENGTH and user_id.isprintable()
        account = await self.sign_ins.accounts.find(user_id) if plausible else None
        if account is None:
            raise web.HTTPNotFound
        return account

    async def _owner(self, sign_in: SignIn) -> Account | None:
        with suppress(NotFoundError, EncryptionError):
            return await self.sign_ins.account_of(sign_in)
        return None

    def _result_path(self, sign_in_id: SignInId) -> str:
        return f"{self.prefix}/auth/result/{quote(sign_in_id, safe='')}"


async def _no_icon(_request: web.Request) -> web.Response:
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _link(request: web.Request) -> str:
    link = request.match_info["link"]
    if not _VISIBLE.fullmatch(link):
        raise unknown_link()
    return link


def _sign_in_id(request: web.Request) -> SignInId:
    sign_in_id = request.match_info["sign_in_id"]
    if not _VISIBLE.fullmatch(sign_in_id):
        raise unknown_sign_in()
    return SignInId(sign_in_id)


def _view(request: web.Request, *, switch: bool = False) -> View:
    asked = request.query.get("lang")
    if asked in texts.LANGUAGES:
        return View(language=asked, switch=switch)
    accepted = ",".join(request.headers.getall("Accept-Language", ()))
    return View(language=best_language(accepted, texts.LANGUAGES), switch=switch)


def _html(view: View, text: str, status: int = HTTPStatus.OK) -> web.Response:
    headers = {"Content-Language": view.language, "Vary": "Accept-Language"}
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _go(url: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": url})


def _spellings(url: str) -> Iterable[str]:
    """Return the origin; of one on this machine, under both its names: a redirect URI may have the other one."""
    parts = urlsplit(url)
    if parts.hostname not in _LOCAL_NAMES:
        return (origin_of(url),)
    port = "" if parts.port is None else f":{parts.port}"
    return [f"{parts.scheme}://{name}{port}" for name in _LOCAL_NAMES]
