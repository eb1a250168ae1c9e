"""What happens around every request: it is noted, meets its faults, and a refusal becomes the right kind of answer."""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Mapping

from aiohttp import web

from modules.simulator.exchange import TRACE, new_trace, refuse, world_of
from modules.simulator.faults import HTML_PAGE, MAIL_ENDPOINTS, Fault, Place
from modules.simulator.garbling import garbled
from modules.simulator.graph_error import GraphError, graph_refuse
from modules.simulator.mail import reception
from modules.simulator.mail.batch import met_by_neighbours
from modules.simulator.page_refusals import page_refusal
from modules.simulator.refusal import Refusal, RefusedError, refused
from modules.simulator.request_log import Request, headers_of_interest, without_secrets
from modules.simulator.routes import ROUTES, Handler, Route
from modules.simulator.subjects import place_of

_log = logging.getLogger(__name__)
_BY_HANDLER: Mapping[Handler, Route] = {route.handler: route for route in ROUTES}
OK, TOO_MANY = 200, 429


@web.middleware
async def handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The only middleware: note the request, meet faults, answer."""
    world = world_of(request)
    request[TRACE] = new_trace(request, world)
    route = _BY_HANDLER.get(request.match_info.handler)
    if route is not None and route.kind == "control":
        return await handler(request)
    form = await _readable_form(request)
    _note(request, route, form or {})
    if route is None:
        return await handler(request)
    if form is None:
        return await _refused(request, route, refused(9002313, shown="page").refusal)
    place = place_of(world, request, route.endpoint, form)
    if route.endpoint in MAIL_ENDPOINTS:
        return await _at_mailbox(request, route, place)
    response = await _worked_on(request, route, place)
    if route.endpoint == "token":
        reception.note_claims(request, form, response)
    return response


async def _at_mailbox(request: web.Request, route: Route, place: Place) -> web.StreamResponse:
    """A slot of the mailbox is taken for as long as the request lasts, faults included."""
    try:
        with reception.admitted(request):
            await asyncio.sleep(world_of(request).switches.mailbox_latency)
            await met_by_neighbours(request)
            return await _worked_on(request, route, place)
    except GraphError as error:
        return graph_refuse(request, error)


async def _worked_on(request: web.Request, route: Route, place: Place) -> web.StreamResponse:
    met = await world_of(request).faults.meet(place)
    instead = await _before(request, route, [fault for fault in met if fault[0].before])
    response = instead or await _answered(request, route)
    return await _after(request, [fault for fault in met if not fault[0].before], response)


async def _readable_form(request: web.Request) -> dict[str, str] | None:
    try:
        fields = await request.post()
    except (ValueError, LookupError):  # a broken multipart body, an unknown charset
        return None
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _note(request: web.Request, route: Route | None, form: Mapping[str, str]) -> None:
    entry = Request(
        method=request.method,
        path=request.path,
        endpoint=route.endpoint if route else "",
        query=without_secrets(request.query),
        form=without_secrets(form),
        headers=headers_of_interest(request.headers),
        authorization=request.headers.get("Authorization", "").partition(" ")[0],
        moment=request[TRACE].moment,
        scheme=request.scheme,
    )
    world_of(request).requests.add(entry)
    _log.info("%s %s", entry.method, entry.endpoint or "unknown path")


async def _answered(request: web.Request, route: Route) -> web.StreamResponse:
    try:
        if route.endpoint in MAIL_ENDPOINTS:
            reception.check(request)
        return _open_to_pages(request, await route.handler(request))
    except RefusedError as error:
        return await _refused(request, route, error.refusal)
    except GraphError as error:
        return graph_refuse(request, error)


def _open_to_pages(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """A single-page application reads the answer from its own origin."""
    if "Origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def _refused(request: web.Request, route: Route, refusal: Refusal) -> web.StreamResponse:
    if route.kind == "page":
        return await page_refusal(request, route.endpoint, refusal)
    return _open_to_pages(request, refuse(request, refusal))


async def _before(
    request: web.Request, route: Route, met: list[tuple[Fault, asyncio.Event]]
) -> web.StreamResponse | None:
    """What comes instead of the answer; None if the request is worked on."""
    for fault, released in met:
        match fault.kind:
            case "clock":
                world_of(request).clock.advance(fault.by)
            case "slow":
                await _wait(fault, released)
            case "dropped":
                return _drop(request)
            case _:
                return await _fault_answer(request, route, fault)
    return None


async def _after(
    request: web.Request, met: list[tuple[Fault, asyncio.Event]], response: web.StreamResponse
) -> web.StreamResponse:
    for fault, released in met:
        if fault.kind == "slow":
            await _wait(fault, released)
        elif fault.kind == "dropped":
            return _drop(request)
        elif isinstance(response, web.Response) and isinstance(response.body, bytes):
            response.body = _spoilt(fault, response.status, response.body)
    return response


def _spoilt(fault: Fault, status: int, body: bytes) -> bytes:
    """Only what is good can be damaged; anything can be cut."""
    if fault.kind == "truncated":
        return body[: len(body) // 2]
    return garbled(body, fault.damage, fault.nth) if fault.kind == "garbled" and status == OK else body


async def _wait(fault: Fault, released: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(fault.seconds):
            await released.wait()


async def _fault_answer(request: web.Request, route: Route, fault: Fault) -> web.StreamResponse:
    if fault.line is not None:
        response = await _refused(request, route, Refusal(line=fault.line))
    elif fault.kind == "html":
        response = web.Response(text=HTML_PAGE, status=fault.status or 200, content_type="text/html")
    elif fault.body is not None:
        response = web.Response(text=fault.body, status=fault.status or 500)
    elif fault.kind == "graph" or route.kind == "graph":
        response = graph_refuse(request, _graph_error(fault))
    else:
        response = await _refused(request, route, _outage(fault.status or 500))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _graph_error(fault: Fault) -> GraphError:
    usual = {429: "TooManyRequests", 503: "serviceNotAvailable"}.get(fault.status or 500, "UnknownError")
    return GraphError(fault.status or 500, fault.code or usual, fault.message or "Please retry again later.")


def _outage(status: int) -> Refusal:
    """Throttled, or out of order, as Entra says it."""
    return refused(90055 if status == TOO_MANY else 90033, status=status, shown="page").refusal


def _drop(request: web.Request) -> web.StreamResponse:
    """Reset the connection: the client sees neither an answer nor a regular end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
