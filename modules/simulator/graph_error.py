"""How Graph says no."""

import json
from collections.abc import Mapping

from aiohttp import web

from modules.simulator.exchange import TRACE


class GraphError(Exception):
    """A request that Graph does not grant."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def graph_refuse(request: web.Request, error: GraphError) -> web.Response:
    """The error as Graph writes it: an envelope with an inner error, whose date has no zone."""
    trace = request[TRACE]
    inner = {
        "date": f"{trace.moment:%Y-%m-%dT%H:%M:%S}",
        "request-id": trace.trace_id,
        "client-request-id": trace.correlation_id,
    }
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    headers = {**graph_headers(request), **error.headers}
    return web.Response(
        text=json.dumps(body), status=error.status, headers=headers, content_type="application/json", charset="utf-8"
    )


def graph_headers(request: web.Request) -> dict[str, str]:
    """What every answer of Graph carries."""
    trace = request[TRACE]
    diagnostic = {"ServerInfo": {"DataCenter": "Simulator", "Slice": "E", "Ring": "0", "RoleInstance": "SIM0"}}
    return {
        "request-id": trace.trace_id,
        "client-request-id": trace.correlation_id,
        "x-ms-ags-diagnostic": json.dumps(diagnostic),
        "OData-Version": "4.0",
        "Cache-Control": "no-cache",
    }
