"""Refusals where a person looks on: sent back to the application where that can be done, otherwise told on a page."""

import contextlib

from aiohttp import web

from modules.simulator.authorize import fields_of, read_callback
from modules.simulator.callbacks import send_back
from modules.simulator.exchange import TRACE, base_of, form_of, world_of
from modules.simulator.finish import with_state
from modules.simulator.flows import AdminConsent, Callback, Flow
from modules.simulator.grants import DeviceCode, DeviceState
from modules.simulator.pages import error_page, page, texts_of
from modules.simulator.refusal import DECLINED, Refusal, RefusedError, apply


async def page_refusal(request: web.Request, endpoint: str, refusal: Refusal) -> web.Response:
    """Send the person back with the error if that can be done, and is due; otherwise tell them."""
    refusal = apply(world_of(request).switches.overrides, refusal)
    if endpoint == "authorize":
        callback, silent = await _asked_callback(request)
        is_due = silent or refusal.line.shown == "redirect"
        return _to_application(request, callback, refusal) if callback and is_due else _told(request, refusal)
    flow = await _flow(request)
    if flow is None or (refusal.line.shown == "page" and refusal.code != DECLINED):
        return _told(request, refusal)
    if refusal.code == DECLINED:
        world_of(request).flows.finish(flow)
    match flow.purpose:
        case Callback() as callback:
            return _to_application(request, callback, refusal)
        case AdminConsent() as asked:
            return _to_administrator(request, asked, refusal)
        case DeviceCode() as device if refusal.code == DECLINED:
            device.state = DeviceState.DECLINED
            texts = texts_of(request)
            return page(request, "message", title=texts["done"], text=texts["device_declined"])
    return _told(request, refusal)


async def _asked_callback(request: web.Request) -> tuple[Callback | None, bool]:
    """Where an authorize request wants its answer, if it may have one there, and whether it forbids pages."""
    with contextlib.suppress(RefusedError):
        fields = await fields_of(request)
        _, _, callback = read_callback(world_of(request), request.match_info["tenant"], fields)
        return callback, "none" in fields.get("prompt", "").split()
    return None, False


async def _flow(request: web.Request) -> Flow | None:
    with contextlib.suppress(RefusedError):
        return world_of(request).flows.find((await form_of(request)).get("flow", ""))
    return None


def _to_application(request: web.Request, callback: Callback, refusal: Refusal) -> web.Response:
    parameters = refusal.callback(request[TRACE], base_of(request)) | with_state(callback.state)
    return send_back(request, callback.redirect_uri, callback.response_mode, parameters)


def _to_administrator(request: web.Request, asked: AdminConsent, refusal: Refusal) -> web.Response:
    error = "permission_denied" if asked.first_version else refusal.line.error
    changes = {"admin_consent": "True", "error": error} | with_state(asked.state)
    return send_back(request, asked.redirect_uri, "query", refusal.callback(request[TRACE], base_of(request)) | changes)


def _told(request: web.Request, refusal: Refusal) -> web.Response:
    return error_page(request, refusal.code, refusal.text(request[TRACE]))
