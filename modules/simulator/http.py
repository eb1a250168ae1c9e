"""The server: all endpoints on one application."""

from aiohttp import web

from modules.simulator.exchange import WORLD
from modules.simulator.mail.access import MAIL
from modules.simulator.mail.answers import RENDERINGS
from modules.simulator.mail.listing import VIEWS
from modules.simulator.mail.mailboxes import Mailboxes
from modules.simulator.mail.rendering import Renderings
from modules.simulator.mail.views import Views
from modules.simulator.middleware import handled
from modules.simulator.routes import ROUTES
from modules.simulator.world import World

_LARGEST_BODY = 1024**2


def make_app(world: World, mail: Mailboxes) -> web.Application:
    """Return the application over this state. The control API is there only if the world says so."""
    app = web.Application(middlewares=[handled], client_max_size=_LARGEST_BODY)
    app[WORLD] = world
    app[MAIL], app[RENDERINGS], app[VIEWS] = mail, Renderings(), Views()
    for route in ROUTES:
        if route.kind != "control" or world.control:
            app.router.add_route(route.method, route.path, route.handler)
    return app
