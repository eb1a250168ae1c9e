"""Composition root of mail processing."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.sqlite.database import Database, open_current, open_database
from adapters.sqlite.mail_archive import SqliteMailArchive
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.system.clock import SystemClock
from application.mail_processing import MailProcessing
from domain.correspondence.senders import ChairRoster
from modules.mail_process.settings import MailProcessSettings
from modules.runtime.settings import MailProcessingSettings, OpenAISettings
from ports.clock import Clock
from ports.mail_analyst import MailAnalyst
from ports.mail_archive import MailArchive
from ports.mail_log import MailLog
from ports.mail_queue import MailQueue
from ports.mail_readers import MailReaders

READER: Final = "modules.mail_process.reader"
"""The program that reads mails for another process."""


@attrs.frozen(kw_only=True)
class MailProcess:
    """The use cases of this module. `analysis` is the name of what analyses the mail that is announced."""

    processing: MailProcessing
    queue: MailQueue
    archive: MailArchive
    analysis: str
    clock: Clock


@asynccontextmanager
async def open_analyst(settings: OpenAISettings, ca_file: Path | None) -> AsyncIterator[MailAnalyst | None]:
    """Open the analyst that the settings name; None without a key: then mail is analysed on this machine alone.

    Its server's certificate is checked against `ca_file`, or the system's authorities.

    Raises:
        ConfigurationError: `ca_file` cannot be read (CA_FILE_UNREADABLE).
    """
    if settings.api_key is None:
        yield None
        return
    from adapters.openai.mail_analyst import OpenAIOptions, open_openai_analyst
    from adapters.system.identifiers import SystemIdentifiers

    options = OpenAIOptions(
        api_key=settings.api_key,
        model=settings.model,
        base_url=settings.base_url,
        max_concurrency=settings.max_concurrency,
        timeout=timedelta(seconds=settings.timeout_seconds),
    )
    clock, identifiers = SystemClock(), SystemIdentifiers()
    async with open_openai_analyst(options, clock=clock, identifiers=identifiers, ca_file=ca_file) as analyst:
        yield analyst


@asynccontextmanager
async def open_readers(settings: MailProcessingSettings) -> AsyncIterator[MailReaders | None]:
    """Open the processes that read mail beside this one, started when there is much of it; None on a single core."""
    most = min(settings.workers, _cores() - 1)
    if most < 1:
        yield None
        return
    from adapters.reader_processes.mail_readers import open_reader_processes

    command = (sys.executable, "-P", "-m", READER)  # -P: nothing of the working directory is loaded
    async with open_reader_processes(command, _chairs(settings), most=most) as readers:
        yield readers


def serve_reader() -> None:
    """Read mails for the process at the other end of standard input, until that ends. Never return."""
    from adapters.html_text.mail_text import HtmlMailText
    from adapters.offline_text.mail_analyst import OfflineMailAnalyst
    from adapters.reader_processes.serving import serve
    from adapters.system.identifiers import SystemIdentifiers
    from application.mail_reading import MailReading

    text, offline, clock, identifiers = HtmlMailText(), OfflineMailAnalyst(), SystemClock(), SystemIdentifiers()
    serve(
        lambda chairs: MailReading(text=text, offline=offline, chairs=chairs, clock=clock, identifiers=identifiers).read
    )


def wire(
    database: Database,
    settings: MailProcessSettings,
    analyst: MailAnalyst | None,
    *,
    readers: MailReaders | None = None,
    log: MailLog | None = None,
) -> MailProcess:
    """Build the use cases on an open database, and on what `open_analyst` and `open_readers` gave.

    `log` is by default the mail log.
    """
    from adapters.html_text.mail_text import HtmlMailText
    from adapters.logging.mail_log import LoggingMailLog
    from adapters.offline_text.mail_analyst import OfflineMailAnalyst
    from adapters.sqlite.analyses import SqliteAnalyses
    from adapters.system.identifiers import SystemIdentifiers
    from application.mail_analysis import AnalysisTimes, MailAnalysis
    from application.mail_processing import ProcessingTimes
    from application.mail_reading import MailReading

    clock, identifiers, offline = SystemClock(), SystemIdentifiers(), OfflineMailAnalyst()
    log = LoggingMailLog() if log is None else log
    queue = SqliteMailQueue(database, _codec(settings), clock)
    call, analysis = timedelta(seconds=settings.openai.timeout_seconds + 1), None
    if analyst is not None:
        analysis = MailAnalysis(
            analyst=analyst,
            analyses=SqliteAnalyses(database),
            clock=clock,
            identifiers=identifiers,
            log=log,
            times=AnalysisTimes(call=call),
            concurrency=settings.openai.max_concurrency,
        )
    reading = MailReading(
        text=HtmlMailText(),
        offline=offline,
        chairs=_chairs(settings.processing),
        clock=clock,
        identifiers=identifiers,
        analysis=analysis,
        readers=readers,
    )
    processing = MailProcessing(
        queue=queue,
        reading=reading,
        clock=clock,
        identifiers=identifiers,
        log=log,
        times=ProcessingTimes(lease=ProcessingTimes().lease + 2 * call),
        workers=settings.processing.workers,
    )
    return MailProcess(
        processing=processing,
        queue=queue,
        archive=SqliteMailArchive(database),
        analysis=(analyst or offline).means.name,
        clock=clock,
    )


@asynccontextmanager
async def compose(settings: MailProcessSettings) -> AsyncIterator[MailProcess]:
    """Open the database, migrating it, and the analyst, and wire."""
    async with (
        open_database(settings.database.path) as database,
        open_analyst(settings.openai, settings.provider.ca_file) as analyst,
        open_readers(settings.processing) as readers,
    ):
        yield wire(database, settings, analyst, readers=readers)


@asynccontextmanager
async def compose_reading(settings: MailProcessSettings) -> AsyncIterator[MailProcess]:
    """Open the database as it is, for looking."""
    async with open_current(settings.database.path) as database:
        yield wire(database, settings, None)


def _chairs(settings: MailProcessingSettings) -> ChairRoster:
    return ChairRoster(addresses=frozenset(settings.chairs))


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _codec(settings: MailProcessSettings) -> CloudEventCodec:
    return CloudEventCodec(email_topic=settings.events.topic_email_events)
