"""`mail reconcile`: what is missing, or that nothing is."""

import sys
from collections.abc import Callable, Iterator
from datetime import tzinfo
from shlex import quote

from application.mail_reconciliation import FolderComparison, Reconciliation
from modules.mail_sync.schema import FolderLine, ReconcileReport
from modules.runtime.output import print_json, print_line
from modules.runtime.schema import make_converter

_NAMED = 10
"""How many messages of a folder are named to people."""
_CLEAR = "\r\x1b[2K"


def announcer(*, as_json: bool) -> Callable[[str, int, int], None]:
    """Return what says on a terminal which folder is being compared."""
    drawn = not as_json and sys.stderr.isatty()

    def say(_path: str, number: int, folders: int) -> None:
        if drawn:
            sys.stderr.write(f"{_CLEAR}comparing folder {number} of {folders}")
            if number == folders:
                sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    return say


def reconcile_report(found: Reconciliation) -> ReconcileReport:
    """Return the record of a comparison."""
    return ReconcileReport(
        user=found.user_id,
        right=found.is_right,
        complete_at=found.complete_at,
        folders=[_line(folder) for folder in found.folders],
    )


def print_report(report: ReconcileReport, zone: tzinfo | None, *, as_json: bool) -> None:
    """Print it as JSON, or in words; unmasked, since ids of messages look like keys."""
    if as_json:
        print_json(make_converter().unstructure(report), show_secrets=True)
        return
    for line in _words(report, zone):
        print_line(line, show_secrets=True)


def _words(report: ReconcileReport, zone: tzinfo | None) -> Iterator[str]:
    for folder in report.folders:
        yield from _of_folder(folder)
    mails, pending = sum(each.mails for each in report.folders), sum(each.pending for each in report.folders)
    if pending:
        yield f"{_mails(pending)} came, went or changed since the last sync: the next one will hear of it."
    if report.complete_at is not None:
        at = report.complete_at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
        yield f"{report.user}: complete up to {at}; {len(report.folders)} folders, {_mails(mails)}."
    elif report.right:
        yield f"{report.user}: nothing is missing."
    else:
        yield f"{report.user}: not complete.{_next_step(report)}"


def _next_step(report: ReconcileReport) -> str:
    """Return what would make it complete: a sync first, since a repair leaves unsynced folders as they are."""
    user, steps = quote(report.user), []
    if not all(folder.synced for folder in report.folders):
        steps.append(f"iacsgraph mail sync {user}")
    if any(folder.missing or folder.superfluous for folder in report.folders):
        steps.append(f"iacsgraph mail reconcile {user} --repair")
    return f" See: {', then '.join(steps)}" if steps else ""


def _of_folder(folder: FolderLine) -> Iterator[str]:
    if not folder.synced:
        yield f"{folder.folder}: not synced to its end yet ({_mails(folder.mails)})"
    for ids, what in ((folder.missing, "missing"), (folder.superfluous, "stored, but not there any more")):
        if ids:
            yield f"{folder.folder}: {len(ids)} {what}"
            yield from (f"  {message_id}" for message_id in ids[:_NAMED])
            if len(ids) > _NAMED:
                yield f"  and {len(ids) - _NAMED} more"
    if folder.unreadable:
        yield f"{folder.folder}: {folder.unreadable} that cannot be read"
    if folder.repaired:
        yield f"{folder.folder}: {folder.repaired} repaired"


def _mails(number: int) -> str:
    return "1 mail" if number == 1 else f"{number} mails"


def _line(folder: FolderComparison) -> FolderLine:
    repaired = folder.repaired
    return FolderLine(
        folder=folder.path,
        synced=folder.is_followed,
        mails=folder.mails,
        missing=folder.missing,
        superfluous=folder.superfluous,
        unreadable=folder.unreadable,
        pending=folder.pending,
        repaired=repaired.new + repaired.changed + repaired.moved + repaired.deleted,
        complete_at=folder.complete_at,
    )
