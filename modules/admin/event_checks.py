"""The check-up's lines about events: whether the bus answers, and what stands in the outbox."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from domain.errors import IACSGraphError
from modules.admin.checks import failed, if_sound, passed
from modules.admin.compose import BusView, compose_bus
from modules.admin.schema import CheckResult, Outcome
from modules.runtime.environment import Environment
from modules.runtime.event_settings import BusSettings, EventSettings, KafkaSettings
from modules.runtime.settings_loading import any_is_set, load

CHECK = "event bus"
OUTBOX = "outbox"


async def check_event_bus(source: Environment, database: Path | None) -> Sequence[CheckResult]:
    """Ask the bus for its topics; without a `database` that opens the embedded one is left out.

    Faults of its settings have lines of their own, unless it is that they do not go together.
    """
    if if_sound(partial(load, EventSettings, source)) is None:
        return []
    if any_is_set(KafkaSettings, source) and if_sound(partial(load, KafkaSettings, source)) is None:
        return []
    try:
        settings = load(BusSettings, source)
        if settings.kind == "embedded" and database is None:
            return []
        async with compose_bus(settings, database) as bus:
            return [await _bus_line(settings, bus), *await _outbox_lines(bus)]
    except IACSGraphError as error:
        return [failed(CHECK, error)]


async def _bus_line(settings: BusSettings, bus: BusView) -> CheckResult:
    servers = (
        f" at {', '.join(settings.kafka.bootstrap_servers)}" if settings.kafka and settings.kind == "kafka" else ""
    )
    try:
        count = len(await bus.topics.topics())
    except IACSGraphError as error:
        return failed(CHECK, error)
    return passed(CHECK, f"{settings.kind}{servers}, {count} topic{'' if count == 1 else 's'}")


async def _outbox_lines(bus: BusView) -> Sequence[CheckResult]:
    """Say what waits, also while the bus is away: nothing is lost then."""
    if bus.parked is None:
        return []
    try:
        summary = await bus.parked.summary()
    except IACSGraphError as error:
        return [failed(OUTBOX, error)]
    detail = f"{summary.pending} pending, {summary.parked} parked"
    if not summary.parked:
        return [passed(OUTBOX, detail)]
    advice = "see why, and try them again, with: iacsgraph events outbox"
    return [CheckResult(check=OUTBOX, outcome=Outcome.WARN, detail=detail, remedy=advice)]
