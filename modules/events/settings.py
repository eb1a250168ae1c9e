"""What the `events` commands need to know."""

import attrs

from modules.runtime.event_settings import BusSettings
from modules.runtime.settings import DatabaseSettings, LogSettings, TimeSettings
from modules.runtime.variables import ContradictionError


@attrs.frozen(kw_only=True)
class BusToolSettings:
    """For commands that ask the bus alone; the database is required where it is the bus."""

    bus: BusSettings = attrs.field(factory=BusSettings)
    database: DatabaseSettings | None = None
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)

    def __attrs_post_init__(self) -> None:
        if self.bus.kind == "embedded" and self.database is None:
            raise ContradictionError({"DATABASE_PATH": "is not set, but the event bus is embedded in the database"})


@attrs.frozen(kw_only=True)
class OutboxSettings:
    """For commands about the outbox, which is in the database whatever the bus."""

    database: DatabaseSettings
    bus: BusSettings = attrs.field(factory=BusSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    time: TimeSettings = attrs.field(factory=TimeSettings)
