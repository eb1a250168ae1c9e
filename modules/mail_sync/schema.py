"""What the commands print about mailboxes and what is stored of them, as records."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class FolderFailure:
    """Why a folder could not be synced."""

    folder: str
    error: Mapping[str, object]


@attrs.frozen(kw_only=True)
class SyncLine:
    """How one mailbox's sync ended. `complete` of the `folders` are complete, up to `complete_at` all of them.

    `overtaken` folders are being synced by another process. `left_out` is the status that forbids the account's use.
    """

    user: str
    new: int = 0
    changed: int = 0
    moved: int = 0
    deleted: int = 0
    folders: int = 0
    complete: int = 0
    overtaken: int = 0
    unreadable: int = 0
    complete_at: datetime | None = None
    seconds: float = 0.0
    left_out: str | None = None
    failed: Sequence[FolderFailure] = ()
    error: Mapping[str, object] | None = None


@attrs.frozen(kw_only=True)
class WatchLine:
    """With what a watch begins."""

    database: str
    interval_seconds: float
    mailboxes: str


@attrs.frozen(kw_only=True)
class StoredLine:
    """What is stored of one mailbox. `deleted` mails count under their state, too."""

    user: str
    folders: int
    new: int
    announced: int
    dropped: int
    deleted: int
    unreadable: int
    complete_at: datetime | None


@attrs.frozen(kw_only=True)
class StatsReport:
    """What is stored, and what waits to be processed: since `waiting_since`; `failing` have failed before."""

    mailboxes: Sequence[StoredLine]
    waiting: int
    failing: int
    waiting_since: datetime | None


@attrs.frozen(kw_only=True)
class FolderLine:
    """How a folder compares. `missing` and `superfluous` are message ids; `pending`: the next sync hears of them.

    `unreadable` cannot be read and are not stored. `synced` is false where a sync has not come to its end, or has to
    begin anew. `repaired` counts what was stored of the differences.
    """

    folder: str
    synced: bool
    mails: int
    missing: Sequence[str]
    superfluous: Sequence[str]
    unreadable: int
    pending: int
    repaired: int
    complete_at: datetime | None


@attrs.frozen(kw_only=True)
class ReconcileReport:
    """How a mailbox compares with what is stored of it; `complete_at` None: something is missing or superfluous."""

    user: str
    right: bool
    complete_at: datetime | None
    folders: Sequence[FolderLine]
