"""Where an administrator consents for everybody: with scopes (`/v2.0/adminconsent`), or to what is registered."""

from aiohttp import web

from modules.simulator.authority import Authority, find_authority
from modules.simulator.exchange import needed, own_hosts, single_fields, world_of
from modules.simulator.flows import AdminConsent, Flow
from modules.simulator.pages import cookie_of
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import DEFAULT, GRAPH, Scope, parse
from modules.simulator.sign_in import proceed
from modules.simulator.world import World


async def admin_consent(request: web.Request) -> web.Response:
    """GET /{tenant}/v2.0/adminconsent."""
    scope = needed(single_fields(request.query), "scope")
    return _begin(request, parse(scope, own_hosts(request)), first_version=False)


async def admin_consent_v1(request: web.Request) -> web.Response:
    """GET /{tenant}/adminconsent: everything that is registered."""
    return _begin(request, parse(f"{GRAPH}/{DEFAULT}"), first_version=True)


def _begin(request: web.Request, scopes: tuple[Scope, ...], *, first_version: bool) -> web.Response:
    world, fields = world_of(request), single_fields(request.query)
    authority, application, redirect_uri = read_target(world, request.match_info["tenant"], fields)
    flow = Flow(
        flow_id=world.flows.new_id(),
        authority=authority,
        application=application,
        scopes=scopes,
        purpose=AdminConsent(redirect_uri=redirect_uri, state=fields.get("state"), first_version=first_version),
        begun_at=world.clock.now(),
    )
    world.flows.add(flow)
    return proceed(request, flow, cookie_of(request))


def read_target(world: World, tenant: str, fields: dict[str, str]) -> tuple[Authority, Application, str]:
    """Raises: RefusedError, to be shown as a page."""
    authority = find_authority(world.directory, tenant)
    client_id = needed(fields, "client_id")
    application = world.directory.find_application(client_id)
    if application is None:
        raise refused(700016, f"Application: {client_id}")
    authority.check_application(application)
    redirect_uri = fields.get("redirect_uri", "")
    if not redirect_uri or application.redirect_platform(redirect_uri) is None:
        raise refused(50011, f"It is: {redirect_uri}")
    return authority, application, redirect_uri
