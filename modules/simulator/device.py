"""The device code endpoint, and the page where a person types the code."""

from aiohttp import web

from modules.simulator.authority import find_authority
from modules.simulator.callbacks import redirect
from modules.simulator.exchange import answer, base_of, form_of, needed, own_hosts, world_of
from modules.simulator.flows import Flow
from modules.simulator.pages import cookie_of, page, texts_of
from modules.simulator.refusal import refused
from modules.simulator.scopes import parse
from modules.simulator.sign_in import proceed, resume
from modules.simulator.texts import DEVICE_MESSAGES
from modules.simulator.tokens import parsed_claims

PAGE = "/common/oauth2/deviceauth"


async def device_code(request: web.Request) -> web.Response:
    """POST /{tenant}/oauth2/v2.0/devicecode."""
    world, form = world_of(request), await form_of(request)
    authority = find_authority(world.directory, request.match_info["tenant"])
    client_id = needed(form, "client_id")
    application = world.directory.find_application(client_id)
    if application is None:
        raise refused(700016, f"Application: {client_id}")
    authority.check_application(application)
    parsed_claims(form.get("claims", ""))
    device = world.grants.new_device(
        application=application,
        scopes=parse(needed(form, "scope"), own_hosts(request)),
        path=authority.path,
        lifetime=world.switches.device_lifetime,
    )
    uri = f"{base_of(request)}/devicelogin"
    message = DEVICE_MESSAGES[texts_of(request)["language"]]
    body = {
        "user_code": device.user_code,
        "device_code": device.value,
        "verification_uri": uri,
        "expires_in": int(world.switches.device_lifetime.total_seconds()),
        "interval": world.switches.device_interval,
        "message": message.format(uri=uri, code=device.user_code),
    }
    return answer(request, body)


async def short_address(request: web.Request) -> web.Response:
    """GET /devicelogin."""
    query = request.rel_url.raw_query_string
    return redirect(request, f"{PAGE}?{query}" if query else PAGE)


async def show(request: web.Request) -> web.Response:
    """GET /common/oauth2/deviceauth."""
    return _page(request, typed=request.query.get("otc", ""))


async def enter(request: web.Request) -> web.Response:
    """POST /common/oauth2/deviceauth: the code was typed."""
    world, form = world_of(request), await form_of(request)
    typed = form.get("otc", "")
    device = world.grants.device_by_user_code(typed)
    if device is None:
        return _page(request, typed=typed, wrong=texts_of(request)["device_wrong"])
    flow = Flow(
        flow_id=world.flows.new_id(),
        authority=find_authority(world.directory, device.path),
        application=device.application,
        scopes=device.scopes,
        purpose=device,
        begun_at=world.clock.now(),
    )
    world.flows.add(flow)
    resume(world, flow, cookie_of(request))
    return proceed(request, flow, cookie_of(request))


def _page(request: web.Request, *, typed: str, wrong: str = "") -> web.Response:
    return page(request, "device", typed=typed, wrong=wrong, action=PAGE)
