"""The server: all endpoints on one application."""

from aiohttp import web

from modules.simulator.exchange import WORLD
from modules.simulator.middleware import handled
from modules.simulator.routes import ROUTES
from modules.simulator.world import World

_LARGEST_BODY = 1024**2


def make_app(world: World) -> web.Application:
    """Return the application over this state. The control API is there only if the world says so."""
    app = web.Application(middlewares=[handled], client_max_size=_LARGEST_BODY)
    app[WORLD] = world
    for route in ROUTES:
        if route.kind != "control" or world.control:
            app.router.add_route(route.method, route.path, route.handler)
    return app
