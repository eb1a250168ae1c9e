"""What every endpoint does with a request: its fields, its trace, answers in JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from modules.simulator.refusal import Refusal, Trace, apply, refused
from modules.simulator.world import World

WORLD: web.AppKey[World] = web.AppKey("world", World)
TRACE: web.RequestKey[Trace] = web.RequestKey("trace", Trace)

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "Expires": "-1"}
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_SERVER = {
    "x-ms-ests-server": "2.1.0 - SIMULATOR",
    "x-ms-clitelem": "1,0,0,,",
    "X-Content-Type-Options": "nosniff",
    "P3P": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
}


def world_of(request: web.Request) -> World:
    return request.app[WORLD]


def new_trace(request: web.Request, world: World) -> Trace:
    own = request.headers.get("client-request-id", "")
    return Trace(
        trace_id=world.chance.guid("trace"),
        correlation_id=own if _ID.fullmatch(own) else world.chance.guid("correlation"),
        moment=world.clock.now(),
    )


def base_of(request: web.Request) -> str:
    """Scheme, host and port as the client wrote them: links lead back the same way."""
    return f"{request.scheme}://{request.host}"


def own_hosts(request: web.Request) -> frozenset[str]:
    return frozenset({request.host.lower(), request.host.lower().rpartition(":")[0]}) - {""}


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form. Raises: RefusedError 9000411 if one is repeated, 9002313 if one is a file."""
    return single_fields(await request.post())


def single_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """Raises: as `form_of`."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if name in found:
            raise refused(9000411, f"Parameter: {name}")
        if not isinstance(value, str):
            raise refused(9002313, f"Parameter: {name}")
        found[name] = value
    return found


def needed(fields: Mapping[str, str], name: str) -> str:
    """Raises: RefusedError 900144 if it is missing or empty."""
    if not fields.get(name):
        raise refused(900144, f"It is: {name}")
    return fields[name]


def answer(request: web.Request, body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """JSON that is not to be stored."""
    headers = {**NO_STORE, **_SERVER, "x-ms-request-id": request[TRACE].trace_id}
    return web.Response(
        text=json.dumps(body), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def refuse(request: web.Request, refusal: Refusal) -> web.Response:
    """The JSON with which the token endpoint refuses."""
    trace = request[TRACE]
    final = apply(world_of(request).switches.overrides, refusal)
    response = answer(request, final.body(trace, base_of(request)), status=final.line.status)
    response.headers["x-ms-clitelem"] = f"1,{final.code},0,,"
    return response
