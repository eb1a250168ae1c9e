"""What comes of a finished sign-in: a code for the application, a device that goes on, or a tenant's consent."""

from typing import assert_never

from aiohttp import web

from modules.simulator.callbacks import send_back
from modules.simulator.exchange import base_of, world_of
from modules.simulator.flows import AdminConsent, Callback, Flow
from modules.simulator.grants import Code, DeviceCode, DeviceState, SignIn
from modules.simulator.pages import page, texts_of
from modules.simulator.signing import client_info
from modules.simulator.tokens import code_id_token
from modules.simulator.world import World


def finish(request: web.Request, flow: Flow, sign_in: SignIn) -> web.Response:
    """Answer the flow, and forget it."""
    world_of(request).flows.finish(flow)
    match flow.purpose:
        case Callback() as callback:
            return _call_back(request, flow, callback, sign_in)
        case DeviceCode() as device:
            device.sign_in, device.state = sign_in, DeviceState.APPROVED
            texts = texts_of(request)
            return page(request, "message", title=texts["done"], text=texts["device_done"])
        case AdminConsent() as asked:
            parameters = {"admin_consent": "True", "tenant": sign_in.user.tenant_id}
            if not asked.first_version:
                parameters["scope"] = " ".join(each.asked for each in flow.scopes)
            return send_back(request, asked.redirect_uri, "query", {**parameters, **with_state(asked.state)})
        case _ as never:
            assert_never(never)


def _call_back(request: web.Request, flow: Flow, callback: Callback, sign_in: SignIn) -> web.Response:
    world, parameters = world_of(request), {}
    if "code" in callback.response_types:
        parameters["code"] = _code(world, flow, callback, sign_in)
    if "id_token" in callback.response_types:
        parameters["id_token"] = code_id_token(
            world,
            flow.application,
            sign_in,
            flow.scopes,
            nonce=callback.nonce or "",
            code=parameters.get("code", ""),
            base=base_of(request),
        )
    if callback.client_info:
        parameters["client_info"] = client_info(sign_in.user.object_id, sign_in.user.tenant_id)
    parameters |= with_state(callback.state)
    parameters["session_state"] = sign_in.session_id
    return send_back(request, callback.redirect_uri, callback.response_mode, parameters)


def _code(world: World, flow: Flow, callback: Callback, sign_in: SignIn) -> str:
    code = Code(
        value=world.grants.code_text(),
        sign_in=sign_in,
        application=flow.application,
        scopes=flow.scopes,
        redirect_uri=callback.redirect_uri,
        platform=callback.platform,
        expires_at=world.clock.now() + world.switches.code_lifetime,
        challenge=callback.challenge,
        challenge_method=callback.challenge_method,
        nonce=callback.nonce,
        max_age=flow.max_age is not None,
        family=world.grants.family(),
    )
    return world.grants.new_code(code).value


def with_state(state: str | None) -> dict[str, str]:
    return {} if state is None else {"state": state}
