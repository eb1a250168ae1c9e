"""The pages between a request and its answer: who it is, a second proof, consent."""

import hmac

from aiohttp import web

from modules.simulator.consents import consented_scopes, not_consented
from modules.simulator.exchange import form_of, needed, world_of
from modules.simulator.finish import finish
from modules.simulator.flows import AdminConsent, Callback, Flow
from modules.simulator.grants import DeviceCode, SignIn
from modules.simulator.pages import cookie_of, page, remember, texts_of
from modules.simulator.people import User
from modules.simulator.refusal import refused
from modules.simulator.scopes import OPENID_SCOPES, PERMISSIONS
from modules.simulator.world import World

_MOST_TILES = 12


def resume(world: World, flow: Flow, cookie: str | None) -> None:
    """Take the person who is signed in at this browser, if it is clear who, and the request allows it.

    Raises: RefusedError 50058 if nobody is, and the request allows no page.
    """
    known = [each for each in world.sessions.people(cookie) if _fits(world, flow, each)]
    if len(known) == 1 and not flow.prompt & {"login", "select_account", "create"}:
        flow.sign_in = known[0]
    elif "none" in flow.prompt:
        raise refused(50058)


def _fits(world: World, flow: Flow, sign_in: SignIn) -> bool:
    hinted = world.directory.find_user(flow.login_hint) if flow.login_hint else sign_in.user
    is_recent = flow.max_age is None or world.clock.now() - sign_in.moment <= flow.max_age
    return hinted is sign_in.user and flow.authority.admits(sign_in.user) and is_recent


def proceed(request: web.Request, flow: Flow, cookie: str | None) -> web.Response:
    """Show the page that is still missing, or finish.

    Raises: RefusedError if the person may not come in, or a page is missing that the request does not allow.
    """
    world, silent = world_of(request), "none" in flow.prompt
    sign_in = flow.sign_in
    if sign_in is None:
        return sign_in_page(request, flow)
    user = sign_in.user
    _check_may_come_in(flow, user)
    if user.mfa and not sign_in.mfa:
        if silent:
            raise refused(50076)
        return page(request, "mfa", flow=flow, person=user, action=_action(flow, "mfa"))
    missing = _missing(world, flow, user)
    if missing is not None:
        if silent:
            raise refused(65001)
        return _consent_page(request, flow, user, missing)
    response = finish(request, flow, sign_in)
    return remember(response, cookie) if cookie else response


def _check_may_come_in(flow: Flow, user: User) -> None:
    if not flow.authority.admits(user):
        raise refused(50020, f"Account: {user.upn}")
    if not user.enabled:
        raise refused(50057)
    if flow.application.assigned_only and user.object_id not in flow.application.assigned:
        raise refused(50105)
    if user.blocked:
        raise refused(53003)


def _missing(world: World, flow: Flow, user: User) -> list[str] | None:
    """What must be consented to; None if nothing, an empty list if only a yes is wanted.

    Raises: RefusedError 90094 if only an administrator can give it.
    """
    if isinstance(flow.purpose, AdminConsent) and not user.is_admin:
        raise refused(90094)
    missing = not_consented(world.directory, flow.application, user, flow.scopes)
    if not user.is_admin and any(PERMISSIONS.get(each.rpartition("/")[2], False) for each in missing):
        raise refused(90094)
    if flow.consented:
        return None
    if missing:
        return missing
    if "consent" in flow.prompt or not isinstance(flow.purpose, Callback):
        return [each.full for each in flow.scopes] if "consent" in flow.prompt else []
    return None


def _consent_page(request: web.Request, flow: Flow, user: User, missing: list[str]) -> web.Response:
    return page(
        request,
        "consent",
        flow=flow,
        person=user,
        application=flow.application,
        permissions=[_described(request, each) for each in missing],
        for_device=isinstance(flow.purpose, DeviceCode),
        for_everybody=isinstance(flow.purpose, AdminConsent),
        action=_action(flow, "consent"),
    )


def _described(request: web.Request, full: str) -> str:
    return texts_of(request)[f"scope_{full}"] if full in OPENID_SCOPES else full


def sign_in_page(request: web.Request, flow: Flow, *, wrong: str = "", typed: str | None = None) -> web.Response:
    """Tiles of the people, and fields for name and password. `wrong`: the text that says what was."""
    world = world_of(request)
    return page(
        request,
        "sign_in",
        flow=flow,
        application=flow.application,
        people=_tiles(world, flow),
        signed_in={each.user.object_id for each in world.sessions.people(cookie_of(request))},
        wrong=wrong,
        typed=flow.login_hint if typed is None else typed,
        action=_action(flow, "login"),
    )


def _tiles(world: World, flow: Flow) -> list[User]:
    """The people who may be picked, the one that the request hints at first."""
    if isinstance(flow.purpose, AdminConsent):
        everybody = [tenant.administrator for tenant in world.directory.tenants]
    else:
        everybody = [user for tenant in world.directory.tenants for user in tenant.users]
    admitted = [user for user in everybody if flow.authority.admits(user)]
    hinted = world.directory.find_user(flow.login_hint) if flow.login_hint else None
    return sorted(admitted, key=lambda user: user is not hinted)[:_MOST_TILES]


def _action(flow: Flow, step: str) -> str:
    return f"/{flow.authority.link_tenant}/{step}"


async def login(request: web.Request) -> web.Response:
    """POST /{tenant}/login: a person picked, or name and password."""
    world, (form, flow) = world_of(request), await _step(request)
    if "pick" in form:
        user, wrong = world.directory.find_user(form["pick"]), "unknown_user"
    else:
        user, wrong = _by_password(world, form.get("upn", ""), form.get("password", ""))
    if user is not None and not user.enabled:
        user, wrong = None, "disabled_user"
    if user is None or not flow.authority.admits(user):
        text = texts_of(request)[wrong if user is None else "unknown_user"]
        return sign_in_page(request, flow, wrong=text, typed=form.get("upn"))
    cookie, flow.sign_in = world.sessions.sign_in(cookie_of(request), user, mfa=False)
    return remember(proceed(request, flow, cookie), cookie)


def _by_password(world: World, upn: str, password: str) -> tuple[User | None, str]:
    user = world.directory.find_user(upn.strip())
    if user is None:
        return None, "unknown_user"
    is_right = hmac.compare_digest(password.encode(errors="surrogatepass"), user.password.encode())
    return (user, "") if is_right else (None, "wrong_password")


async def mfa(request: web.Request) -> web.Response:
    """POST /{tenant}/mfa: the second proof."""
    _, flow = await _step(request)
    if flow.sign_in is not None:
        flow.sign_in = world_of(request).sessions.note_mfa(cookie_of(request), flow.sign_in)
    return proceed(request, flow, cookie_of(request))


async def consent(request: web.Request) -> web.Response:
    """POST /{tenant}/consent: the person accepted."""
    world, (_, flow) = world_of(request), await _step(request)
    if flow.sign_in is None:
        return sign_in_page(request, flow)
    user = flow.sign_in.user
    _check_may_come_in(flow, user)
    _missing(world, flow, user)
    for_everybody = isinstance(flow.purpose, AdminConsent)
    scopes = consented_scopes(flow.application, flow.scopes, for_everybody=for_everybody)
    world.directory.consent(flow.application, user.tenant_id if for_everybody else user.object_id, scopes)
    flow.consented = True
    return proceed(request, flow, cookie_of(request))


async def _step(request: web.Request) -> tuple[dict[str, str], Flow]:
    """The form and its flow. Raises: RefusedError 65004 if the person cancels, 50089 if the flow is over."""
    form = await form_of(request)
    flow = world_of(request).flows.find(needed(form, "flow"))
    if flow is None:
        raise refused(50089, shown="page")
    if form.get("action") == "cancel":
        raise refused(65004)
    return form, flow
