"""`mail stats`: what is stored of each mailbox, and what waits to be processed."""

from datetime import tzinfo

from modules.mail_sync.compose import Stored
from modules.mail_sync.schema import StatsReport, StoredLine
from modules.runtime.output import in_zone, print_json, print_line, print_table
from modules.runtime.schema import make_converter


async def stats(stored: Stored) -> StatsReport:
    """Return what is stored.

    Raises:
        DatabaseError: the store failed.
    """
    depth = await stored.queue.depth()
    lines = [
        StoredLine(
            user=counts.user_id,
            folders=counts.folders,
            new=counts.new,
            announced=counts.announced,
            dropped=counts.dropped,
            deleted=counts.deleted,
            unreadable=counts.unreadable,
            complete_at=counts.complete_at,
        )
        for counts in await stored.archive.counts()
    ]
    return StatsReport(mailboxes=lines, waiting=depth.new, failing=depth.failing, waiting_since=depth.oldest_at)


def print_stats(report: StatsReport, zone: tzinfo | None, *, as_json: bool) -> None:
    """Print it as JSON, or as a table with the sums below."""
    document = make_converter().unstructure(report)
    if as_json:
        print_json(document)
        return
    if not report.mailboxes:
        print_line("No mailbox was synced yet.")
        return
    print_table([in_zone(row, zone) for row in document["mailboxes"]])
    failing = f", {report.failing} of them failed before" if report.failing else ""
    waiting = "1 mail waits" if report.waiting == 1 else f"{report.waiting} mails wait"
    print_line(f"{waiting} to be processed{failing}.")
