"""Composition root of the simulator: its sockets, and the state behind them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from ssl import SSLContext

from aiohttp import web

from modules.simulator.certificate import issue
from modules.simulator.http import make_app
from modules.simulator.mail.mailboxes import Mailboxes
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator
from modules.simulator.world import make_world

__all__ = ["Simulator", "compose"]

# How long a request in progress may take when the simulator closes; then its connection is cut.
_GRACE_SECONDS = 0.5

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be replaced


@asynccontextmanager
async def compose(settings: SimulatorSettings) -> AsyncIterator[Simulator]:
    """Listen on HTTP, and HTTPS if wanted; stop within about a second, whatever clients do.

    Raises: OSError if a port is taken, or the certificates cannot be written.
    """
    world = make_world(settings)
    mail = Mailboxes(seed=settings.seed, directory=world.directory, clock=world.clock, switches=world.switches)
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(make_app(world, mail), access_log=None, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        stack.push_async_callback(_close, runner)
        stack.callback(world.faults.release_all)
        http_url = await _listen(runner, settings.host, settings.port, None)
        https_url: str | None = None
        ca_file: Path | None = None
        if settings.tls:
            directory = settings.certificate_directory
            certificates = issue(directory or Path(stack.enter_context(tempfile.TemporaryDirectory())))
            https_url = await _listen(runner, settings.host, settings.tls_port, certificates.context)
            ca_file = certificates.ca_file
        yield Simulator(http_url=http_url, https_url=https_url, ca_file=ca_file, world=world, mail=mail)


async def _close(runner: web.AppRunner) -> None:
    """Also cut connections whose clients do not answer the farewell of TLS: asyncio would wait for it half a minute."""
    connections = runner.server.connections if runner.server else []
    transports = [each.transport for each in connections if each.transport]
    await runner.cleanup()
    for transport in transports:
        with suppress(AttributeError):  # Python 3.11.2 raises it where the connection is lost and closed already
            transport.abort()
    await asyncio.sleep(0)  # lets them notice


async def _listen(runner: web.AppRunner, host: str, port: int, context: SSLContext | None) -> str:
    """Listen, and return the URL without a slash at the end."""
    await web.TCPSite(runner, host, port, ssl_context=context).start()
    bound = runner.addresses[-1][1]
    name = _WILDCARDS.get(host, host)
    shown = f"[{name}]" if ":" in name else name
    return f"{'https' if context else 'http'}://{shown}:{bound}"
