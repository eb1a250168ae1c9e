"""The check-up, from the settings to the last secret."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import attrs

from modules.admin.azure_checks import check_azure
from modules.admin.checks import Secrets, check_database, check_directory, check_secrets, check_settings, if_sound
from modules.admin.compose import compose_reading, inspect
from modules.admin.event_checks import check_event_bus
from modules.admin.schema import CheckResult
from modules.admin.settings import KeyToolSettings
from modules.runtime.environment import Environment
from modules.runtime.event_settings import EventSettings, KafkaSettings
from modules.runtime.faults import configuration_error
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    GraphSettings,
    LogSettings,
    MailProcessingSettings,
    ProviderSettings,
    SignInServerSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import any_is_set, load
from modules.runtime.sync_settings import SyncSettings
from modules.runtime.up_settings import UpSettings


async def check_up(environment: Environment | None = None) -> list[CheckResult]:
    """Check settings, database, secrets, event bus and applications; what depends on something missing is left out.

    Nothing is written. A fault of the `.env` file is told once, and not again for every group.
    """
    read = environment or Environment.read()
    source = attrs.evolve(read, faults=())
    results = [
        check_settings("settings file", partial(_well_formed, read)),
        check_settings("log settings", lambda: "{0.level}, {0.format}".format(load(LogSettings, source))),
        check_settings("time zone", lambda: str(load(TimeSettings, source).zone or "the system's")),
        check_settings("key settings", lambda: f"{len(load(EncryptionSettings, source).keys)} in ENCRYPTION_KEY"),
        check_settings("database settings", lambda: str(load(DatabaseSettings, source).path)),
        check_settings("provider settings", lambda: _provider(load(ProviderSettings, source))),
        check_settings("sign-in server", lambda: load(SignInServerSettings, source).listen),
        check_settings("azure settings", partial(_azure, source)),
        check_settings("graph settings", lambda: _asked(load(GraphSettings, source))),
        check_settings("mail sync", lambda: _synced(load(SyncSettings, source))),
        check_settings("mail processing", lambda: _processed(load(MailProcessingSettings, source))),
        check_settings("event settings", lambda: _kept(load(EventSettings, source))),
        check_settings("kafka settings", partial(_kafka, source)),
        check_settings("up settings", lambda: _served(load(UpSettings, source))),
    ]
    log = if_sound(partial(load, LogSettings, source))
    if log is not None:
        results.extend(_log_files(log))
    data = await _check_data(source)
    events = await check_event_bus(source, data.database)
    return [*results, *data.lines, *events, *await check_azure(source, data.keys)]


def _log_files(log: LogSettings) -> Iterator[CheckResult]:
    if log.auth_file is not None:
        yield check_directory(log.auth_file, name="authentication log", variable="AUTH_LOG_FILE")
    if log.mail_file is not None:
        yield check_directory(log.mail_file, name="mail log", variable="MAIL_LOG_FILE")


def _asked(graph: GraphSettings) -> str:
    return f"pages of {graph.page_size}, {graph.max_concurrency} requests at once"


def _served(up: UpSettings) -> str:
    return f"{up.listen}, ends within {up.stop_seconds} s"


def _synced(sync: SyncSettings) -> str:
    reach = "all mail" if sync.days is None else f"{sync.days} days"
    return f"{reach}, every {sync.interval_seconds} s, {sync.concurrency} mailboxes at once"


def _processed(mail: MailProcessingSettings) -> str:
    return f"{len(mail.chairs)} in MAIL_CHAIRS, {mail.workers} batches at once"


def _well_formed(source: Environment) -> str:
    if source.faults:
        raise configuration_error(source.faults)
    return "well-formed, or none"


def _azure(source: Environment) -> str:
    """Enrolment files may refer to other variables of the group."""
    if source.get("AZURE_CLIENT_ID") is None:
        return "not configured (AZURE_CLIENT_ID is not set)"
    load(AzureSettings, source)
    return "configured"


def _kafka(source: Environment) -> str:
    if not any_is_set(KafkaSettings, source):
        return "not configured (KAFKA_BOOTSTRAP_SERVERS is not set)"
    load(KafkaSettings, source)
    return "configured"


def _kept(settings: EventSettings) -> str:
    kept = f"{settings.retention_days} days" if settings.retention_days else "for ever"
    return f"kept {kept}, {settings.partitions} partitions"


def _provider(settings: ProviderSettings) -> str:
    return settings.provider if settings.provider == "memory" else f"{settings.provider}, {settings.authority}"


@attrs.frozen(kw_only=True)
class _Data:
    """The lines about the database; its file if it opens as it is, and how to open its secrets if they can be."""

    lines: tuple[CheckResult, ...] = ()
    database: Path | None = None
    keys: KeyToolSettings | None = None


async def _check_data(source: Environment) -> _Data:
    database = if_sound(partial(load, DatabaseSettings, source))
    if database is None:
        return _Data()
    line, current = await check_database(database.path, partial(inspect, database.path))
    lines = check_directory(database.path), line
    if not current:
        return _Data(lines=lines)
    encryption = if_sound(partial(load, EncryptionSettings, source))
    if encryption is None:
        return _Data(lines=lines, database=database.path)
    keys = KeyToolSettings(database=database, encryption=encryption)
    secrets = await check_secrets(partial(_secrets, keys))
    return _Data(lines=(*lines, *secrets), database=database.path, keys=keys)


async def _secrets(settings: KeyToolSettings) -> Secrets:
    async with compose_reading(settings) as keys:
        return await keys.secrets()
