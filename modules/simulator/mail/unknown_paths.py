"""What Graph says of paths that it does not have."""

from typing import Final

from aiohttp import web

from modules.simulator.graph_error import GraphError
from modules.simulator.graph_identity import bearer

PATH: Final = "/v1.0/{path:.*}"


async def unknown(request: web.Request) -> web.StreamResponse:
    """Raises: GraphError 401 without a good token, and 400 with one."""
    bearer(request)
    segment = request.match_info["path"].rstrip("/").rpartition("/")[2]
    raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
