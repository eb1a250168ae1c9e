"""The settings of the sync of mailboxes, which several programs do."""

from datetime import timedelta

from attrs import field, frozen

from modules.runtime import values
from modules.runtime.variables import Variable

_EXCLUDED = ("drafts", "outbox", "sentitems", "junkemail", "deleteditems")
_MOST_DAYS = 36_500
_A_DAY = 86_400


@frozen(kw_only=True)
class SyncSettings:
    """What is copied of mailboxes, and how often."""

    exclude: tuple[str, ...] = field(
        default=_EXCLUDED,
        validator=Variable(
            name="MAIL_SYNC_EXCLUDE",
            meaning="Folders left out, with those inside of them: role, id, path or name, comma separated",
            example=",".join(_EXCLUDED),
            convert=values.items,
        ),
    )
    days: int | None = field(
        default=None,
        validator=Variable(
            name="MAIL_SYNC_DAYS",
            meaning="How many days back a mailbox's first sync reaches; by default to its beginning",
            example="90",
            convert=values.whole_number,
            check=values.between(1, _MOST_DAYS),
        ),
    )
    interval_seconds: int = field(
        default=60,
        validator=Variable(
            name="MAIL_SYNC_INTERVAL",
            meaning="Seconds between two syncs of a mailbox, where mailboxes are watched",
            example="60",
            convert=values.whole_number,
            check=values.between(1, _A_DAY),
        ),
    )
    concurrency: int = field(
        default=16,
        validator=Variable(
            name="MAIL_SYNC_CONCURRENCY",
            meaning="How many mailboxes a process syncs at the same time: 1 to 64",
            example="16",
            convert=values.whole_number,
            check=values.between(1, 64),
        ),
    )

    @property
    def interval(self) -> timedelta:
        """The time between two syncs of a mailbox."""
        return timedelta(seconds=self.interval_seconds)

    @property
    def reach(self) -> timedelta | None:
        """How far back a first sync reaches; None: to the beginning."""
        return None if self.days is None else timedelta(days=self.days)
