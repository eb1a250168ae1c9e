"""Pages as HTML: every value is escaped, and no page runs a script but the one that posts a form onward."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modules.simulator.aadsts import TABLE
from modules.simulator.exchange import NO_STORE, TRACE, world_of
from modules.simulator.texts import texts_for

COOKIE = "ESTSAUTHPERSISTENT"

# Written here, so that its hash in the policy is of what is sent.
_SUBMIT = "document.forms[0].submit()"
_HASH = b64encode(sha256(_SUBMIT.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page(request: web.Request, name: str, *, status: int = 200, **values: object) -> web.Response:
    """Render `templates/<name>.html` in the browser's language."""
    headers = {
        **NO_STORE,
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": request[TRACE].trace_id,
    }
    text = _templates().get_template(f"{name}.html").render(t=texts_of(request), submit=_SUBMIT, **values)
    return web.Response(text=text, status=status, headers=headers, content_type="text/html", charset="utf-8")


def texts_of(request: web.Request) -> Mapping[str, str]:
    wished = request.query.get("ui_locales", "").replace(" ", ",") or request.query.get("mkt", "")
    return texts_for(",".join((wished, request.headers.get("Accept-Language", ""))))


def error_page(request: web.Request, code: int, text: str) -> web.Response:
    """The page for a request that must not be sent back anywhere."""
    status = world_of(request).switches.error_page_status
    return page(request, "error", status=status, code=code, text=text.partition("\r\n")[0], trace=request[TRACE])


def cookie_of(request: web.Request) -> str | None:
    return request.cookies.get(COOKIE)


def remember(response: web.Response, cookie: str) -> web.Response:
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax", path="/")
    return response


async def home(request: web.Request) -> web.Response:
    """GET /: that it runs."""
    texts = texts_of(request)
    return page(request, "message", title=texts["brand"], text=texts["note"])


async def about_error(request: web.Request) -> web.Response:
    """GET /error?code=...: where `error_uri` leads."""
    code = request.query.get("code", "")
    line = TABLE.get(int(code)) if code.isascii() and code.isdigit() and len(code) < len("123456789") else None
    return page(request, "message", title=f"AADSTS{line.code if line else ''}", text=line.text if line else "")
