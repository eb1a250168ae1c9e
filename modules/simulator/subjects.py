"""Whom a request is about, as far as it can be told before it is worked on."""

import contextlib
from collections.abc import Mapping

from aiohttp import web

from modules.simulator.client_authentication import basic_credentials
from modules.simulator.faults import Place
from modules.simulator.flows import Flow
from modules.simulator.mail.reception import named, presented
from modules.simulator.pages import cookie_of
from modules.simulator.people import User
from modules.simulator.refusal import RefusedError
from modules.simulator.registration import Application
from modules.simulator.world import World


def place_of(world: World, request: web.Request, endpoint: str, form: Mapping[str, str]) -> Place:
    """Where faults look for the request."""
    flow = world.flows.find(form.get("flow", ""))
    users = [*_users(world, form, flow), *_signed_in(world, request, endpoint), *_at_graph(request)]
    return Place(
        endpoint=endpoint,
        users=frozenset(name.casefold() for user in users for name in (user.upn, user.mail, user.object_id)),
        applications=frozenset(
            name.casefold()
            for application in _applications(world, request, form, flow)
            for name in (application.name, application.client_id)
        ),
    )


def _users(world: World, form: Mapping[str, str], flow: Flow | None) -> list[User]:
    grants, found = world.grants, []
    if code := grants.codes.get(form.get("code", "")):
        found.append(code.sign_in.user)
    if token := grants.refresh_tokens.get(form.get("refresh_token", "")):
        found.append(token.sign_in.user)
    device = grants.devices.get(form.get("device_code") or form.get("code", ""))
    if device and device.sign_in:
        found.append(device.sign_in.user)
    if flow and flow.sign_in:
        found.append(flow.sign_in.user)
    typed = (form.get(name) for name in ("username", "upn", "pick"))
    return found + [user for name in typed if name and (user := world.directory.find_user(name.strip()))]


def _signed_in(world: World, request: web.Request, endpoint: str) -> list[User]:
    if endpoint not in {"authorize", "logout", "adminconsent", "deviceauth"}:
        return []
    hinted = world.directory.find_user(request.query.get("login_hint", ""))
    known = [each.user for each in world.sessions.people(cookie_of(request))]
    return [hinted] if hinted else known


def _at_graph(request: web.Request) -> list[User]:
    """Whom the path names, and whose the token is."""
    token = presented(request)
    return [each for each in (named(request), token.user if token else None) if each]


def _applications(world: World, request: web.Request, form: Mapping[str, str], flow: Flow | None) -> list[Application]:
    client_id = form.get("client_id") or request.query.get("client_id", "")
    with contextlib.suppress(RefusedError):
        client_id = client_id or basic_credentials(request.headers.get("Authorization", ""))[0]
    by_id = world.directory.find_application(client_id)
    token = presented(request)
    return [each for each in (by_id, flow.application if flow else None, token.application if token else None) if each]
