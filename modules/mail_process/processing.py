"""`mail process`: what waits now, or until interrupted."""

import asyncio
import logging
from typing import TYPE_CHECKING

from application.mail_processing import open_mail_processing
from modules.mail_process.compose import compose
from modules.mail_process.schema import ProcessedReport, WatchReport
from modules.runtime.logs import configure_logging
from modules.runtime.output import print_json, print_line
from modules.runtime.schema import make_converter

if TYPE_CHECKING:
    from modules.mail_process.settings import MailProcessSettings

_LOGGER = logging.getLogger(__name__)


async def process_waiting(settings: "MailProcessSettings") -> ProcessedReport:
    """Process what waits now.

    Raises: as `MailProcessing.process_all`.
    """
    async with compose(settings) as tools:
        counts = await tools.processing.process_all()
        depth = await tools.queue.depth()
    return ProcessedReport(announced=counts.announced, dropped=counts.dropped, failed=counts.failed, waiting=depth.new)


async def keep_processing(settings: "MailProcessSettings") -> None:
    """Process until cancelled; then what is claimed is finished or given back, within a bound.

    Raises: as `MailProcessing.run`.
    """
    configure_logging(settings.log, zone=settings.time.zone)
    async with compose(settings) as tools, open_mail_processing(tools.processing):
        report = WatchReport(
            database=str(settings.database.path), workers=tools.processing.workers, analysis=tools.analysis
        )
        _LOGGER.info("processing mail", extra=make_converter().unstructure(report))
        await asyncio.Event().wait()


def print_processed(report: ProcessedReport, *, as_json: bool) -> None:
    """Print what became of the mails."""
    if as_json:
        print_json(make_converter().unstructure(report))
        return
    mails = "mail" if report.announced == 1 else "mails"
    print_line(f"{report.announced} {mails} announced, {report.dropped} dropped, {report.failed} failed.")
    if report.waiting:
        print_line(f"{report.waiting} wait: they failed and are tried again later, or others process them.")
