"""What the commands print about processing and about dropped mail, as records."""

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class ProcessedReport:
    """What became of mails. `waiting` are left: claimed by others, or failed and tried again later."""

    announced: int
    dropped: int
    failed: int
    waiting: int


@attrs.frozen(kw_only=True)
class WatchReport:
    """The beginning of processing that goes on."""

    database: str
    workers: int
    analysis: str


@attrs.frozen(kw_only=True)
class DroppedLine:
    """A mail that is not announced."""

    id: str
    user: str
    reason: str
    dropped: datetime
    received: datetime
    sender: str | None
    subject: str | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class RestoredReport:
    """Which mails are wanted again, and how many of them are announced; the others wait for who processes them."""

    restored: tuple[str, ...]
    announced: int
