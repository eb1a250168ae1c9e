"""POST /v1.0/$batch: up to twenty requests in one, each of which goes the way that it would go alone."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import attrs
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from modules.simulator.exchange import base_of, world_of
from modules.simulator.graph_error import GraphError
from modules.simulator.graph_identity import bearer, graph_answer

PATH = "/v1.0/$batch"
LARGEST = 20

_FAILED, _FAILED_DEPENDENCY = 400, 424
_OWN_HEADERS = frozenset({"authorization", "host", "content-length", "transfer-encoding", "expect"})


@attrs.frozen(kw_only=True)
class _Step:
    """One request of a batch. `after`: ids, in lower case like its own `key`, of those that must have succeeded."""

    id: str
    method: str
    url: URL
    headers: Mapping[str, str] = attrs.field(repr=False)
    after: frozenset[str]

    @property
    def key(self) -> str:
        return self.id.lower()


class _Meeting:
    """Where requests that begin together wait for each other, so that each one's limits count all the others."""

    def __init__(self, expected: int) -> None:
        self._expected, self._here, self._all = expected, set[str](), asyncio.Event()

    def arrived(self, step_id: str) -> None:
        self._here.add(step_id)
        if len(self._here) == self._expected:
            self._all.set()

    async def all_arrived(self) -> None:
        await self._all.wait()


@attrs.frozen
class _Seat:
    meeting: _Meeting
    step_id: str


_SEAT: web.RequestKey[_Seat] = web.RequestKey("seat", _Seat)


async def met_by_neighbours(request: web.Request) -> None:
    """Wait until all requests of the same batch that begin with this one have begun; alone, go on."""
    if seat := request.get(_SEAT):
        seat.meeting.arrived(seat.step_id)
        await seat.meeting.all_arrived()


async def batch(request: web.Request) -> web.Response:
    """Requests without dependencies begin together, others when those before them have ended."""
    bearer(request)
    if request.content_type != "application/json":
        raise GraphError(400, "BadRequest", "Write requests (excluding DELETE) must contain the Content-Type header.")
    try:
        # Read by a copy: a request that was read itself cannot be cloned into those within it.
        body = json.loads(await request.clone().read())
    except (ValueError, RecursionError) as error:
        raise _malformed("it is no JSON") from error
    steps = _steps(request, body)
    answers = await _run(request, steps)
    if world_of(request).switches.batch_shuffle:
        answers.sort(key=lambda answer: sha256(answer["id"].encode(errors="surrogatepass")).digest())
    return graph_answer(request, {"responses": answers})


def _steps(request: web.Request, body: object) -> Sequence[_Step]:
    """Raises: GraphError 400 unless it is a batch that can be carried out."""
    found = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(found, list) or not found:
        raise _malformed("there are no requests")
    if len(found) > LARGEST:
        message = f"Number of batch request steps exceeds the maximum value of {LARGEST}."
        raise GraphError(400, "MaximumValueExceeded", message)
    steps = [_step(request, each) for each in found]
    keys = {step.key for step in steps}
    if len(keys) < len(steps):
        raise _malformed("an id occurs twice")
    if any(not step.after <= keys for step in steps):
        raise _malformed("a request depends on one that is not there")
    return steps


def _step(request: web.Request, found: object) -> _Step:
    if not isinstance(found, dict):
        raise _malformed("a request is no object")
    step_id, method, url = (_text(found, name) for name in ("id", "method", "url"))
    headers = found.get("headers") or {}
    after = found.get("dependsOn") or found.get("depends_on") or []  # the latter is how an SDK of Microsoft's says it
    if not method.isascii() or not method.isalpha() or not isinstance(headers, dict) or not isinstance(after, list):
        raise _malformed("a method, headers or dependencies are none")
    return _Step(
        id=step_id,
        method=method.upper(),
        url=_target(request, url),
        headers=_headers(headers),
        after=frozenset(str(each).lower() for each in after),
    )


def _headers(found: Mapping[str, object]) -> dict[str, str]:
    """Those that a request within may have for itself."""
    headers = {name: str(value) for name, value in found.items() if name.lower() not in _OWN_HEADERS}
    if not all(text.isprintable() for pair in headers.items() for text in pair):
        raise _malformed("a header cannot be written")
    return headers


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise _malformed(f"a request has no {name}")
    return value


def _target(request: web.Request, url: str) -> URL:
    """The path and query that a url means: relative to the version, or whole and of this host."""
    own = f"{base_of(request)}/v1.0/"
    relative = url[len(own) :] if url.lower().startswith(own.lower()) else url.removeprefix("/")
    try:
        target = URL(f"/v1.0/{relative}")
    except ValueError as error:
        raise _malformed("a url cannot be read") from error
    if "://" in relative.partition("?")[0] or target.path.lower().rstrip("/") == PATH:
        raise _malformed("a url leads elsewhere, or to a batch")
    return target


def _malformed(why: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid batch payload format: {why}.")


async def _run(request: web.Request, steps: Sequence[_Step]) -> list[dict[str, Any]]:
    """The answers in the order of the requests. Raises: GraphError 400 if requests wait for each other in a circle."""
    done: dict[str, dict[str, Any]] = {}
    while waiting := [step for step in steps if step.key not in done]:
        ready = [step for step in waiting if step.after <= done.keys()]
        if not ready:
            raise _malformed("requests depend on each other in a circle")
        failed = {key for key, answer in done.items() if answer["status"] >= _FAILED}
        free = [step for step in ready if not step.after & failed]
        done |= {step.key: _dependent(step) for step in ready if step.after & failed}
        meeting = _Meeting(len(free))
        async with asyncio.TaskGroup() as group:
            answers = {step.key: group.create_task(_dispatched(request, step, meeting)) for step in free}
        done |= {key: answer.result() for key, answer in answers.items()}
    return [done[step.key] for step in steps]


def _dependent(step: _Step) -> dict[str, Any]:
    message = "Failed Dependency: a request that this one depends on has failed."
    error = {"error": {"code": "FailedDependency", "message": message}}
    return {"id": step.id, "status": _FAILED_DEPENDENCY, "headers": {}, "body": error}


async def _dispatched(request: web.Request, step: _Step, meeting: _Meeting) -> dict[str, Any]:
    outer = {name: value for name in ("Authorization", "Host") if (value := request.headers.get(name))}
    inner = request.clone(method=step.method, rel_url=step.url, headers=CIMultiDict({**step.headers, **outer}))
    inner[_SEAT] = _Seat(meeting, step.id)
    try:
        # The application's way of handling what a connection brings; it has no public name.
        response = await request.app._handle(inner)  # noqa: SLF001 - so requests within meet what all others meet
    except web.HTTPException as error:
        response = _unknown(error)
    finally:
        meeting.arrived(step.id)
    return _answer(step, response)


def _unknown(error: web.HTTPException) -> web.Response:
    body = {"error": {"code": "BadRequest", "message": f"Resource not found for the segment: {error.reason}."}}
    return web.json_response(body, status=error.status)


def _answer(step: _Step, response: web.StreamResponse) -> dict[str, Any]:
    """What came, as a part of the batch's answer: JSON as it is, anything else as base64."""
    raw = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    body: Any = b64encode(raw).decode()
    if response.content_type == "application/json" and step.url.name != "$value":
        try:
            body = json.loads(raw)
        except ValueError:  # damaged on purpose
            body = b64encode(raw).decode()
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    answer = {"id": step.id, "status": response.status, "headers": headers}
    return {**answer, "body": body} if raw else answer
