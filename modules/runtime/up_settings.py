"""The settings of the program that runs everything: where it tells how it is, and how long what may take."""

from datetime import timedelta

from attrs import field, frozen

from domain.standing import LagLimits
from modules.runtime import values
from modules.runtime.variables import Variable

_A_DAY = 86_400


@frozen(kw_only=True)
class UpSettings:
    """Of `iacsgraph up`. A limit that is passed makes `/health` answer 503."""

    listen: str = field(
        default="127.0.0.1:8080",
        validator=Variable(
            name="UP_LISTEN",
            meaning="host:port of /health and /metrics; port 0 is any free one. They name accounts",
            example="127.0.0.1:8080",
            convert=str,
            check=values.server,
        ),
    )
    hosts: tuple[str, ...] = field(
        default=(),
        validator=Variable(
            name="UP_HOSTS",
            meaning="Names under which others reach it, comma separated; this machine's own need not be named",
            example="iacsgraph.internal",
            convert=values.items,
            check=values.all_words,
        ),
    )
    stop_seconds: int = field(
        default=60,
        validator=Variable(
            name="UP_STOP_SECONDS",
            meaning="Within how many seconds it ends when it is told to; what goes on then is lost to the next start",
            example="60",
            convert=values.whole_number,
            check=values.between(1, 3600),
        ),
    )
    keeper_seconds: int = field(
        default=300,
        validator=Variable(
            name="HEALTH_KEEPER_SECONDS",
            meaning="Longest time between two looks of the token keeper through all accounts",
            example="300",
            convert=values.whole_number,
            check=values.between(1, _A_DAY),
        ),
    )
    relay_seconds: int = field(
        default=300,
        validator=Variable(
            name="HEALTH_RELAY_SECONDS",
            meaning="Longest time that an event waits to be published, and that the database cannot be read",
            example="300",
            convert=values.whole_number,
            check=values.between(1, _A_DAY),
        ),
    )
    sync_seconds: int = field(
        default=900,
        validator=Variable(
            name="HEALTH_SYNC_SECONDS",
            meaning="Longest time since the stored mail of an active account was complete",
            example="900",
            convert=values.whole_number,
            check=values.between(1, _A_DAY),
        ),
    )

    @property
    def limits(self) -> LagLimits:
        """How far each part may be behind."""
        return LagLimits(
            keeper=timedelta(seconds=self.keeper_seconds),
            relay=timedelta(seconds=self.relay_seconds),
            sync=timedelta(seconds=self.sync_seconds),
        )

    @property
    def stop_within(self) -> timedelta:
        """How long it may take to end."""
        return timedelta(seconds=self.stop_seconds)
