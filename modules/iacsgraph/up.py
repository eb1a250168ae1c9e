"""`iacsgraph up`: everything at once, under supervision, until a signal."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import attrs

from application.background import Work, unless_stopped
from application.loop_lag import LoopLag
from application.supervision import Supervisor, Task
from application.token_keeper import TokenKeeper
from application.watch import Watch
from modules.iacsgraph.compose import Up, compose_up
from modules.iacsgraph.http import make_application
from modules.iacsgraph.settings import UpProgramSettings
from modules.runtime.http_server import open_server
from modules.runtime.logs import configure_logging
from modules.runtime.output import print_line
from modules.runtime.stopping import told_to_stop
from modules.runtime.up_settings import UpSettings

SYNC, PROCESSING, RELAY, KEEPER, LOOP, WATCH = "sync", "processing", "relay", "keeper", "loop", "watch"
STAGES: Final = ((SYNC, PROCESSING), (RELAY,), (KEEPER, LOOP, WATCH))
"""Sync and processing end first, so that the relay still carries what they brought about; the keeper ends last."""
SHARES: Final = (0.2, 0.2, 0.05)
"""Of the time for ending: each stage's. The rest is for what is open: requests, refreshes in flight, the bus."""
HTTP_GRACE: Final = timedelta(seconds=1)
_LOGGER = logging.getLogger(__name__)


async def run_up(settings: UpProgramSettings) -> None:
    """Run everything until the first signal; then end, within `UP_STOP_SECONDS`.

    Raises:
        ConfigurationError: a setting, or the port, is not good; the provider has no mailboxes.
        DatabaseError: the database does not open.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    with told_to_stop(settings.up.stop_within) as stopping:
        async with compose_up(settings) as up:
            await serve(up, works(up), settings.up, stopping, ready=_say_ready)
        await asyncio.get_running_loop().shutdown_default_executor()  # a thread that hangs counts, too
    print_line("iacsgraph up: ended")


def works(up: Up) -> dict[str, Work]:
    """Return what is to be done by name; each may be begun anew, with nothing left of the time before."""
    return {
        SYNC: up.sync.run,
        PROCESSING: lambda stopping: attrs.evolve(up.processing).run(stopping),
        RELAY: lambda stopping: attrs.evolve(up.relay).run(stopping),
        KEEPER: lambda stopping: _keep(up.keeper, stopping),
    }


async def serve(
    up: Up, works: Mapping[str, Work], settings: UpSettings, stopping: asyncio.Event, *, ready: Callable[[str], None]
) -> None:
    """Do all works, and answer requests, until it is time to stop; `ready` is told the address once they have begun.

    Raises:
        ConfigurationError: PORT_TAKEN, PORT_FORBIDDEN, or HOST_UNKNOWN. Nothing was begun.
    """
    loop = LoopLag(clock=up.clock)
    watch = Watch(
        accounts=up.accounts,
        tokens=up.keeper.tokens,
        archive=up.archive,
        queue=up.queue,
        outbox=up.outbox,
        clock=up.clock,
        keeper=up.keeper.looked,
        loop=loop,
        states=lambda: supervisor.states,
        sync_errors=up.sync.errors,
        fresh=settings.limits.relay,
    )
    own: dict[str, Work] = {LOOP: loop.run, WATCH: watch.run}
    supervisor = Supervisor(
        stages=_stages({**own, **works}, settings.stop_within),
        clock=up.clock,
        identifiers=up.identifiers,
        log=up.log,
    )
    app = make_application(lambda: watch.standing, settings.limits, up.page, hosts=settings.hosts)
    host, _, port = settings.listen.rpartition(":")
    async with (
        open_server(app, host=host.strip("[]"), port=int(port), grace=HTTP_GRACE) as (_, bound),
        supervisor.running(),
    ):
        ready(f"http://{host}:{bound}")
        await stopping.wait()
        _LOGGER.info("ending")


def _say_ready(url: str) -> None:
    print_line(f"iacsgraph up: ready, {url}/health and /metrics")


def _stages(works: Mapping[str, Work], within: timedelta) -> list[list[Task]]:
    return [
        [Task(name=name, work=works[name], bound=within * share) for name in names]
        for names, share in zip(STAGES, SHARES, strict=True)
    ]


async def _keep(keeper: TokenKeeper, stopping: asyncio.Event) -> None:
    await unless_stopped(stopping, keeper.run())
