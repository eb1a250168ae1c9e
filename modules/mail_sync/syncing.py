"""`mail sync`: once, with a summary, or again and again until interrupted."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta, tzinfo

import attrs

from application.background import running
from application.mail_sync import SyncReport
from application.mail_sync_all import SyncsEnded, sync_all
from application.mail_sync_watch import MailSyncWatch, SyncTimes
from domain.account import user_key
from domain.errors import IACSGraphError
from modules.mail_sync.compose import MailSyncing, compose
from modules.mail_sync.progress import SyncProgress
from modules.mail_sync.schema import FolderFailure, SyncLine, WatchLine
from modules.mail_sync.settings import MailSyncSettings
from modules.runtime.exit_codes import exit_code
from modules.runtime.logs import configure_logging
from modules.runtime.output import in_zone, print_error, print_json, print_table
from modules.runtime.schema import make_converter
from modules.runtime.whose import attributed, error_document

_LOGGER = logging.getLogger(__name__)
_STOP = timedelta(seconds=10)
_COLUMNS = (
    "user",
    "new",
    "changed",
    "moved",
    "deleted",
    "folders",
    "complete",
    "unreadable",
    "complete_at",
    "seconds",
)


async def sync_once(
    tools: MailSyncing,
    users: Sequence[str] | None,
    since: datetime | None,
    zone: tzinfo | None,
    *,
    as_json: bool,
) -> int:
    """Sync, draw how far it is, and print the summary; return the exit code: that of the first failure.

    Raises: what concerns all, such as the database.
    """
    watched = not as_json and sys.stderr.isatty()
    with SyncProgress(stream=sys.stderr if watched else None) as progress:
        ended = await sync_all(tools.sync, users, since=since, heard=progress.hear, ended=progress.end)
    _print(ended, zone, as_json=as_json)
    failures = [(report, error) for report in ended.reports for error in _errors(report)]
    for report, error in failures:
        print_error(attributed(error, report.user_id), as_json=as_json)
    return exit_code(failures[0][1]) if failures else 0


async def keep_syncing(
    settings: MailSyncSettings, users: Sequence[str] | None, since: datetime | None, interval: timedelta
) -> None:
    """Sync these accounts, or all, again and again until cancelled.

    Raises:
        DatabaseError: the accounts cannot be read, for good.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    async with compose(settings) as tools:
        only = None if users is None else frozenset(map(user_key, users))
        watch = watching(tools, only, since, interval)
        line = WatchLine(
            database=str(settings.database.path),
            interval_seconds=interval.total_seconds(),
            mailboxes="all" if users is None else ", ".join(users),
        )
        _LOGGER.info("syncing mailboxes", extra=make_converter().unstructure(line))
        async with running(watch.run, tools.clock, bound=_STOP):
            await asyncio.Event().wait()


def watching(
    tools: MailSyncing, only: frozenset[str] | None, since: datetime | None, interval: timedelta
) -> MailSyncWatch:
    """Return what syncs these accounts again and again."""
    times = SyncTimes(interval=interval, look=min(interval, tools.watch.times.look))
    return attrs.evolve(tools.watch, times=times, since=since, only=only)


def sync_line(report: SyncReport) -> SyncLine:
    """Return the record of a report."""
    return SyncLine(
        user=report.user_id,
        new=report.stored.new,
        changed=report.stored.changed,
        moved=report.stored.moved,
        deleted=report.stored.deleted,
        folders=report.folders,
        complete=report.complete,
        overtaken=report.overtaken,
        unreadable=report.unreadable,
        complete_at=report.complete_at,
        seconds=round(report.duration.total_seconds(), 3),
        failed=[
            FolderFailure(folder=path, error=error_document(attributed(error, report.user_id)))
            for path, error in report.failed.items()
        ],
        error=None if report.error is None else error_document(attributed(report.error, report.user_id)),
    )


def _print(ended: SyncsEnded, zone: tzinfo | None, *, as_json: bool) -> None:
    left_out = [SyncLine(user=user, left_out=status.value) for user, status in ended.left_out.items()]
    rows = make_converter().unstructure([*map(sync_line, ended.reports), *left_out])
    if as_json:
        print_json({"accounts": rows})
        return
    if not rows:
        sys.stderr.write("note: no account is enrolled; see: iacsgraph account enroll\n")
        return
    print_table([in_zone(row, zone) for row in rows if row["left_out"] is None], columns=_COLUMNS)
    for row in rows:
        if row["left_out"] is not None:
            sys.stderr.write(f"note: not synced, since {row['left_out']}: {row['user']}\n")
        if row["overtaken"]:
            sys.stderr.write(f"note: {row['user']}: another process syncs {row['overtaken']} of the folders\n")


def _errors(report: SyncReport) -> Sequence[IACSGraphError]:
    return [*([report.error] if report.error else []), *(_in_folder(*each) for each in report.failed.items())]


def _in_folder(path: str, error: IACSGraphError) -> IACSGraphError:
    told = copy(error)
    told.message = f"folder {path!r}: {error.message}"
    return told
