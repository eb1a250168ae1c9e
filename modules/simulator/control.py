"""The control API under /_control: faults, clock, people, keys and switches for programs that are not Python.

It is for this machine only: a request from elsewhere, by another host's name or from a web page is refused.
"""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from modules.simulator import control_records as records
from modules.simulator.exchange import world_of

_Handler = Callable[[web.Request], Awaitable[dict[str, Any]]]


def guarded(handler: _Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Check who asks, and turn the outcome into JSON."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not _is_local(request):
            return web.json_response({"error": "the control API is for programs on this machine"}, status=403)
        try:
            return web.json_response(await handler(request))
        except KeyError as error:
            return web.json_response({"error": f"unknown: {error.args[0]}"}, status=404)
        except (ValueError, OverflowError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return guarded


def _is_local(request: web.Request) -> bool:
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return "Origin" not in request.headers and _is_loopback(request.remote or "") and _is_loopback(host)


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


async def body_of(request: web.Request) -> object:
    """Raises: ValueError unless it is JSON, declared as such; nothing at all is an empty object."""
    if not request.can_read_body:
        return {}
    if request.content_type != "application/json":
        raise ValueError("the body must be application/json")
    try:
        return json.loads(await request.text())
    except RecursionError as error:
        raise ValueError("the body is nested too deeply") from error


@guarded
async def _state(request: web.Request) -> dict[str, Any]:
    world = world_of(request)
    return {"now": world.clock.now().isoformat(), **records.shown_directory(world.directory)}


@guarded
async def _faults(request: web.Request) -> dict[str, Any]:
    faults = world_of(request).faults
    return {"faults": {each: records.shown_fault(fault, faults.hits(each)) for each, fault in faults.all.items()}}


@guarded
async def _add_fault(request: web.Request) -> dict[str, Any]:
    return {"id": world_of(request).faults.add(records.fault_from(await body_of(request)))}


@guarded
async def _clear_faults(request: web.Request) -> dict[str, Any]:
    world_of(request).faults.clear()
    return {}


@guarded
async def _remove_fault(request: web.Request) -> dict[str, Any]:
    world_of(request).faults.remove(request.match_info["fault"])
    return {}


@guarded
async def _release_fault(request: web.Request) -> dict[str, Any]:
    world_of(request).faults.release(request.match_info["fault"])
    return {}


@guarded
async def _advance(request: web.Request) -> dict[str, Any]:
    clock = world_of(request).clock
    fields = records.checked(await body_of(request), needed={"advance_seconds": (int, float)})
    clock.advance(timedelta(seconds=fields["advance_seconds"]))
    return {"now": clock.now().isoformat()}


@guarded
async def _change_user(request: web.Request) -> dict[str, Any]:
    user = world_of(request).directory.user(request.match_info["user"])
    fields = records.checked(await body_of(request), allowed=records.USER)
    for name, value in fields.items():
        setattr(user, name, value)
    user.passwords_of += "password" in fields
    return {"upn": user.upn}


@guarded
async def _revoke(request: web.Request) -> dict[str, Any]:
    world = world_of(request)
    world.directory.user(request.match_info["user"]).revoke(world.clock.seconds())
    return {}


@guarded
async def _add_user(request: web.Request) -> dict[str, Any]:
    directory = world_of(request).directory
    fields = records.checked(await body_of(request), needed={"upn": (str,)}, allowed=records.NEW_USER)
    name = fields.get("tenant", directory.tenant.tenant_id)
    tenant = directory.find_tenant(name)
    if tenant is None:
        raise KeyError(name)
    user = directory.add_user(fields["upn"], fields.get("name", ""), tenant=tenant, mail=fields.get("mail"))
    return {"upn": user.upn, "object_id": user.object_id, "password": user.password}


@guarded
async def _change_application(request: web.Request) -> dict[str, Any]:
    application = world_of(request).directory.application(request.match_info["application"])
    for name, value in records.checked(await body_of(request), allowed=records.APPLICATION).items():
        setattr(application, name, value)
    return {"client_id": application.client_id}


@guarded
async def _add_secret(request: web.Request) -> dict[str, Any]:
    directory = world_of(request).directory
    application = directory.application(request.match_info["application"])
    fields = records.checked(await body_of(request), needed={"lifetime_seconds": (int, float)})
    secret = directory.add_secret(application, lifetime=timedelta(seconds=fields["lifetime_seconds"]))
    return {"secret_id": secret.secret_id, "value": secret.value}


@guarded
async def _add_redirect_uri(request: web.Request) -> dict[str, Any]:
    directory = world_of(request).directory
    application = directory.application(request.match_info["application"])
    fields = records.checked(await body_of(request), needed={"uri": (str,), "platform": (str,)})
    directory.add_redirect_uri(application, fields["uri"], fields["platform"])
    return {"client_id": application.client_id}


@guarded
async def _roll_keys(request: web.Request) -> dict[str, Any]:
    fields = records.checked(await body_of(request), allowed={"keep_old": (bool,)})
    return {"kid": world_of(request).signing.roll(keep_old=fields.get("keep_old", True)).kid}


@guarded
async def _switches(request: web.Request) -> dict[str, Any]:
    switches = world_of(request).switches
    records.set_switches(switches, await body_of(request))
    return records.shown_switches(switches)


@guarded
async def _requests(request: web.Request) -> dict[str, Any]:
    return {"requests": [records.shown_request(each) for each in world_of(request).requests]}


@guarded
async def _forget_requests(request: web.Request) -> dict[str, Any]:
    world_of(request).requests.clear()
    return {}


_USER, _APPLICATION = "/_control/users/{user}", "/_control/applications/{application}"

ROUTES = (
    ("GET", "/_control/state", _state),
    ("GET", "/_control/faults", _faults),
    ("POST", "/_control/faults", _add_fault),
    ("DELETE", "/_control/faults", _clear_faults),
    ("DELETE", "/_control/faults/{fault}", _remove_fault),
    ("POST", "/_control/faults/{fault}/release", _release_fault),
    ("POST", "/_control/clock", _advance),
    ("POST", "/_control/users", _add_user),
    ("PATCH", _USER, _change_user),
    ("POST", f"{_USER}/revoke", _revoke),
    ("PATCH", _APPLICATION, _change_application),
    ("POST", f"{_APPLICATION}/secrets", _add_secret),
    ("POST", f"{_APPLICATION}/redirect_uris", _add_redirect_uri),
    ("POST", "/_control/keys/roll", _roll_keys),
    ("GET", "/_control/switches", _switches),
    ("PATCH", "/_control/switches", _switches),
    ("GET", "/_control/requests", _requests),
    ("DELETE", "/_control/requests", _forget_requests),
)
