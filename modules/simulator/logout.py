"""Signing out of the simulator's own session. Refresh tokens stay alive, as at Entra."""

from urllib.parse import quote, urlencode

from aiohttp import web

from modules.simulator.authority import find_authority
from modules.simulator.callbacks import redirect
from modules.simulator.exchange import form_of, single_fields, world_of
from modules.simulator.pages import COOKIE, cookie_of, page, texts_of


async def logout(request: web.Request) -> web.Response:
    """GET or POST /{tenant}/oauth2/v2.0/logout."""
    world = world_of(request)
    fields = {**single_fields(request.query), **(await form_of(request) if request.method == "POST" else {})}
    find_authority(world.directory, request.match_info["tenant"])
    world.sessions.end(cookie_of(request))
    target = fields.get("post_logout_redirect_uri", "")
    if target and any(each.redirect_platform(target) for each in world.directory.applications):
        state = fields.get("state")
        response = redirect(request, _with_state(target, state) if state else target)
    else:
        texts = texts_of(request)
        response = page(request, "message", title=texts["signed_out_title"], text=texts["signed_out"])
    response.del_cookie(COOKIE, path="/")
    return response


def _with_state(target: str, state: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}{urlencode({'state': state}, quote_via=quote)}"
