"""`/health` and `/metrics`: for supervisors, Prometheus, and people who look."""

from collections.abc import Callable, Collection
from http import HTTPStatus

import attrs
from aiohttp import web

from domain.standing import LagLimits, Standing
from modules.iacsgraph.health import FAILING, health_report
from modules.runtime.http_policy import SitePolicy
from modules.runtime.http_server import LARGEST_BODY, harden


@attrs.frozen(kw_only=True)
class Page:
    """How numbers are written: from how everything stands, as text of `content_type`."""

    content_type: str
    write: Callable[[Standing], bytes]


@attrs.frozen(kw_only=True)
class _Site:
    """Handlers. They ask nobody: how everything stands is known."""

    standing: Callable[[], Standing]
    limits: LagLimits
    page: Page

    async def health(self, _request: web.Request) -> web.Response:
        report = health_report(self.standing(), self.limits)
        status = HTTPStatus.SERVICE_UNAVAILABLE if report.status == FAILING else HTTPStatus.OK
        return web.json_response(attrs.asdict(report), status=status)

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self.page.write(self.standing()), headers={"Content-Type": self.page.content_type})


def make_application(
    standing: Callable[[], Standing], limits: LagLimits, page: Page, *, hosts: Collection[str] = ()
) -> web.Application:
    """Return the site. `hosts` are names under which it is reached, besides this machine's own."""
    site = _Site(standing=standing, limits=limits, page=page)
    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_get("/health", site.health)
    app.router.add_get("/health/live", _live)
    app.router.add_get("/metrics", site.metrics)
    harden(app, SitePolicy(origins=frozenset(f"http://{host}" for host in hosts)))
    return app


async def _live(_request: web.Request) -> web.Response:
    return web.json_response({"status": "live"})
