"""An HTTP server fit to face a network: bounded in time and size, hardened answers, logs without secrets.

`harden` an application with a policy, then `open_server`. Probes of its health must send one of its names as `Host`.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import attrs
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from domain.errors import IACSGraphError
from modules.runtime.exit_codes import http_status
from modules.runtime.http_policy import SitePolicy
from modules.runtime.sockets import bind

GRACE = timedelta(seconds=5)
"""How long requests under way may go on when the server is closed; then they are cancelled."""

IDLE = timedelta(seconds=15)
"""Longest time without a complete request header."""

BODY_WITHIN = timedelta(seconds=10)
READY_WITHIN = timedelta(seconds=5)
LARGEST_BODY: Final = 64 * 1024
MOST_HEADERS = 64
MOST_FIELDS = 50
MOST_CONNECTIONS = 500

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOGGER = logging.getLogger(__name__)
_POLICY = web.AppKey("policy", SitePolicy)
_REQUEST_ID = web.RequestKey("request_id", str)
_SHOWN_PATH = web.RequestKey("shown_path", str)
_FORM = "application/x-www-form-urlencoded"
_LONGEST_SHOWN = 100
_HEALTH = "/health/"
_ASKED_OFTEN = ("/health", "/metrics")
"""By programs: such requests are logged at DEBUG if all is well."""


@attrs.frozen(kw_only=True)
class Problem:
    """Why a request gets no answer of its own. `error` is None where HTTP itself says why (404, 405, 413)."""

    status: int
    request_id: str
    error: IACSGraphError | None = None

    @property
    def code(self) -> str:
        """A stable name."""
        return HTTPStatus(self.status).name if self.error is None else self.error.error_code


Answer = Callable[[web.Request, Problem], web.Response]


def answer_json(_request: web.Request, problem: Problem) -> web.Response:
    """Tell a program; what only the operator can mend is told in the log alone."""
    message = HTTPStatus(problem.status).phrase
    if problem.error is not None and problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        message = problem.error.message
    body = {"error": {"code": problem.code, "message": message, "request_id": problem.request_id}}
    return web.json_response(body, status=problem.status)


def harden(
    app: web.Application, policy: SitePolicy, *, answer: Answer = answer_json, hidden: Collection[str] = ()
) -> None:
    """Put the policy around whatever the application answers.

    `answer` makes the error pages. `hidden` names the variable parts of paths that are secrets: they are not logged.
    """
    app[_POLICY] = policy
    app.middlewares.insert(0, _Guard(policy=policy, answer=answer, hidden=frozenset(hidden)).around)
    app.on_response_prepare.append(_add_headers)


def add_health(app: web.Application, ready: Callable[[], Awaitable[object]]) -> None:
    """Add `/health/live` (the process answers) and `/health/ready` (503 if `ready` raises or takes too long)."""

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def whether_ready(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READY_WITHIN.total_seconds()):
                await ready()
        except (IACSGraphError, TimeoutError) as error:
            code = error.error_code if isinstance(error, IACSGraphError) else "TIMEOUT"
            _LOGGER.warning("not ready: %s", str(error) or "no answer in time", extra={"error_code": code})
            return web.json_response({"status": "not ready", "error_code": code}, status=503)
        return web.json_response({"status": "ready"})

    app.router.add_get(f"{_HEALTH}live", live)
    app.router.add_get(f"{_HEALTH}ready", whether_ready)


async def read_form(request: web.Request) -> Sequence[tuple[str, str]]:
    """Return the fields of a posted form in their order, also those that are there twice.

    Raises:
        web.HTTPException: 400, 408, 413 or 415.
    """
    if request.body_exists and request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(BODY_WITHIN.total_seconds()):
            body = await request.read()
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None


@asynccontextmanager
async def open_server(
    app: web.Application, *, host: str, port: int, grace: timedelta = GRACE
) -> AsyncIterator[tuple[str, int]]:
    """Serve a hardened application until the end of the block; yields where: port 0 becomes any free one.

    Closing takes twice `grace` at most, whatever clients do.

    Raises:
        ConfigurationError: PORT_TAKEN, PORT_FORBIDDEN, or HOST_UNKNOWN.
    """
    async with AsyncExitStack() as stack:
        listeners = await bind(host, port)
        for listener in listeners:
            stack.callback(listener.close)
        runner = web.AppRunner(app, shutdown_timeout=grace.total_seconds())
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        if runner.server is None:
            raise RuntimeError("a runner that was set up has a server")
        loop, connect = asyncio.get_running_loop(), partial(_Connection, runner.server, app[_POLICY])
        for listener in listeners:
            stack.callback((await loop.create_server(connect, sock=listener)).close)
        yield host, listeners[0].getsockname()[1]


@attrs.frozen(kw_only=True)
class _Guard:
    """Turns requests away, and exceptions into answers."""

    policy: SitePolicy
    answer: Answer
    hidden: frozenset[str]

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_REQUEST_ID] = request_id = secrets.token_hex(8)
        request[_SHOWN_PATH] = _shown_path(request, self.hidden)
        try:
            self._admit(request)
            return await handler(request)
        except web.HTTPException as refusal:
            if refusal.status < HTTPStatus.BAD_REQUEST:
                raise
            response = self.answer(request, Problem(status=refusal.status, request_id=request_id))
            if "Allow" in refusal.headers:
                response.headers["Allow"] = refusal.headers["Allow"]
            return response
        except IACSGraphError as error:
            return self._explained(request, Problem(status=http_status(error), request_id=request_id, error=error))
        except Exception as error:
            _LOGGER.critical("unexpected %s", type(error).__name__, exc_info=error, extra={"request_id": request_id})
            return self.answer(request, Problem(status=HTTPStatus.INTERNAL_SERVER_ERROR, request_id=request_id))

    def _admit(self, request: web.Request) -> None:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1:
            raise web.HTTPBadRequest
        if not self.policy.answers_to(hosts[0]):
            raise web.HTTPMisdirectedRequest
        if not self.policy.admits(request.method, request.path, hosts[0], request.headers):
            raise web.HTTPForbidden

    def _explained(self, request: web.Request, problem: Problem) -> web.Response:
        response = self.answer(request, problem)
        if problem.error is not None and problem.error.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, round(problem.error.retry_after.total_seconds())))
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            facts = {"error_code": problem.code, "request_id": problem.request_id}
            _LOGGER.warning("a request failed: %s", problem.error, extra=facts)
        return response


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(request.app[_POLICY].headers())
    if _REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[_REQUEST_ID]


def _shown_path(request: web.Request, hidden: frozenset[str]) -> str:
    """Return what may be logged. A path that leads nowhere may be a mistyped link: nothing of it is."""
    resource = request.match_info.route.resource
    if resource is None:
        return "(unknown)"
    shown = resource.canonical
    for name, value in request.match_info.items():
        shown = shown.replace(f"{{{name}}}", "***" if name in hidden else value[:_LONGEST_SHOWN])
    return shown


class _AccessLog(AbstractAccessLogger):
    """One line for each request, without its query: codes and states are in it."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        path = request.get(_SHOWN_PATH, "(not understood)")
        facts = {
            "client": request.remote,
            "milliseconds": round(time * 1000),
            "request_id": request.get(_REQUEST_ID),
        }
        level = logging.DEBUG if path.startswith(_ASKED_OFTEN) and response.status == HTTPStatus.OK else logging.INFO
        self.logger.log(level, "%s %s %d", request.method, path, response.status, extra=facts)


class _Connection(web.RequestHandler):
    """A client's connection with our limits; what is not HTTP is answered with the same headers as all else."""

    __slots__ = ("_headers", "_server")

    def __init__(self, server: web.Server, policy: SitePolicy) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE.total_seconds(),
            lingering_time=1.0,
            max_headers=MOST_HEADERS,
            auto_decompress=False,
            logger=_LOGGER,
            access_log=_LOGGER,
            access_log_class=_AccessLog,
        )
        self._server = server
        self._headers = policy.headers()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Drop whoever comes when too many are here."""
        super().connection_made(transport)
        if len(self._server.connections) > MOST_CONNECTIONS:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - repeats what the client sent
    ) -> web.StreamResponse:
        """Say as little as possible; the parser's exceptions repeat the request, so they are not logged."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer that has begun cannot be replaced")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _LOGGER.critical("unexpected %s", type(exc).__name__, exc_info=exc)
        response = web.Response(status=status, text=f"{status} {HTTPStatus(status).phrase}\n", headers=self._headers)
        response.force_close()
        return response
