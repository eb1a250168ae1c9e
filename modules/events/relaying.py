"""Carrying the outbox to the bus: until interrupted, or once."""

import asyncio
import logging

from application.outbox_relay import open_outbox_relay
from domain.errors import ConflictError
from modules.events.compose import compose
from modules.events.schema import RelayReport
from modules.events.settings import OutboxSettings
from modules.runtime.logs import configure_logging
from modules.runtime.schema import make_converter

_LOGGER = logging.getLogger(__name__)


async def relay(settings: OutboxSettings) -> None:
    """Relay until cancelled; then what is pending still goes out, within a bound.

    Raises: as `OutboxRelay.run`.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    report = RelayReport(database=str(settings.database.path), bus=settings.bus.kind)
    async with compose(settings) as events, open_outbox_relay(events.relay):
        _LOGGER.info("relaying events", extra=make_converter().unstructure(report))
        await asyncio.Event().wait()


async def relay_once(settings: OutboxSettings) -> int:
    """Relay what is pending now; return how many are out of the way.

    Raises: as `OutboxRelay.pump`, and
        ConflictError: ANOTHER_RELAY (transient): something is pending, but another relay has the outbox.
    """
    async with compose(settings) as events:
        try:
            count = await events.relay.pump()
        finally:
            await events.relay.release()
        summary = await events.outbox.parked.summary()
        now = events.outbox.clock.now()
        if not count and summary.pending and summary.relay_until is not None and now < summary.relay_until:
            msg = f"{summary.pending} events are pending, but another relay is at work, or died a moment ago."
            raise ConflictError(msg, error_code="ANOTHER_RELAY", transient=True)
        return count
