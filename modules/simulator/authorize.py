"""The authorize endpoint: what a request must hold before anybody sees a sign-in page."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

import attrs
from aiohttp import web

from modules.simulator.authority import Authority, find_authority
from modules.simulator.exchange import needed, own_hosts, single_fields, world_of
from modules.simulator.flows import Callback, Flow, ResponseMode
from modules.simulator.pages import cookie_of
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import parse
from modules.simulator.sign_in import proceed, resume
from modules.simulator.tokens import parsed_claims
from modules.simulator.world import World

_PROMPTS = frozenset({"login", "none", "consent", "select_account", "create"})
_CHALLENGE = range(43, 129)
_TAG = re.compile(r"<[^>]*>")


async def authorize(request: web.Request) -> web.Response:
    """GET or POST /{tenant}/oauth2/v2.0/authorize."""
    world = world_of(request)
    fields = await fields_of(request)
    authority, application, callback = read_callback(world, request.match_info["tenant"], fields)
    callback = _complete(application, callback, fields)
    parsed_claims(fields.get("claims", ""))
    scopes = parse(needed(fields, "scope"), own_hosts(request))
    if not scopes:
        raise refused(900144, "It is: scope")
    flow = Flow(
        flow_id=world.flows.new_id(),
        authority=authority,
        application=application,
        scopes=scopes,
        purpose=callback,
        begun_at=world.clock.now(),
        prompt=_prompt(fields),
        login_hint=fields.get("login_hint", ""),
        max_age=_max_age(fields),
    )
    world.flows.add(flow)
    resume(world, flow, cookie_of(request))
    return proceed(request, flow, cookie_of(request))


async def fields_of(request: web.Request) -> dict[str, str]:
    """Raises: as `single_fields`."""
    return single_fields(request.query if request.method == "GET" else await request.post())


def read_callback(world: World, tenant: str, fields: Mapping[str, str]) -> tuple[Authority, Application, Callback]:
    """What a person can be sent back with, whatever else is wrong. Raises: RefusedError, to be shown as a page."""
    authority = find_authority(world.directory, tenant)
    client_id = needed(fields, "client_id")
    application = world.directory.find_application(client_id)
    if application is None:
        raise refused(700016, f"Application: {client_id}", shown="page")
    authority.check_application(application)
    redirect_uri = fields.get("redirect_uri", "")
    platform = application.redirect_platform(redirect_uri) if redirect_uri else None
    if platform is None:
        raise refused(50011, f"It is: {redirect_uri}")
    types = frozenset(fields.get("response_type", "code").split())
    default: ResponseMode = "fragment" if "id_token" in types else "query"
    callback = Callback(
        redirect_uri=redirect_uri,
        platform=platform,
        response_mode=_mode(fields.get("response_mode", ""), default),
        response_types=types,
        state=_TAG.sub("", fields["state"]) if "state" in fields else None,
    )
    return authority, application, callback


def _mode(asked: str, default: ResponseMode) -> ResponseMode:
    modes: tuple[ResponseMode, ...] = get_args(ResponseMode)
    if asked == "query" and default == "fragment":
        return default
    return next((each for each in modes if each == asked), default)


def _complete(application: Application, callback: Callback, fields: Mapping[str, str]) -> Callback:
    """Raises: RefusedError, to be sent back."""
    needed(fields, "response_type")
    if callback.response_types not in ({"code"}, {"id_token"}, {"code", "id_token"}):
        raise refused(70005, f"It is: {fields['response_type']}")
    if "id_token" in callback.response_types and not application.id_tokens:
        raise refused(700054)
    if fields.get("response_mode", callback.response_mode) != callback.response_mode:
        raise refused(70007, f"It is: {fields['response_mode']}")
    if "id_token" in callback.response_types:
        needed(fields, "nonce")
    return attrs.evolve(callback, **_challenge(fields), nonce=fields.get("nonce"), client_info=_one(fields))


def _one(fields: Mapping[str, str]) -> bool:
    return fields.get("client_info") == "1"


def _challenge(fields: Mapping[str, str]) -> dict[str, Any]:
    method, challenge = fields.get("code_challenge_method", "plain"), fields.get("code_challenge")
    if method not in {"plain", "S256"}:
        raise refused(50147, f"It is: {method}")
    if challenge is not None and len(challenge) not in _CHALLENGE:
        raise refused(501491)
    return {"challenge": challenge, "challenge_method": method}


def _prompt(fields: Mapping[str, str]) -> frozenset[str]:
    prompts = frozenset(fields.get("prompt", "").split())
    if not prompts <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise refused(90023, f"Parameter: prompt, {fields['prompt']}")
    return prompts


def _max_age(fields: Mapping[str, str]) -> timedelta | None:
    text = fields.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len("999999999")):
        raise refused(90023, "Parameter: max_age")
    return timedelta(seconds=int(text))
