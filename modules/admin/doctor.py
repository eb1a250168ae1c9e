"""The check-up, from the settings to the last secret."""

from functools import partial

import attrs

from modules.admin.azure_checks import check_azure
from modules.admin.checks import Secrets, check_database, check_directory, check_secrets, check_settings, if_sound
from modules.admin.compose import compose_reading, inspect
from modules.admin.schema import CheckResult
from modules.admin.settings import KeyToolSettings
from modules.runtime.environment import Environment
from modules.runtime.faults import configuration_error
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    KafkaSettings,
    LogSettings,
    ProviderSettings,
    SignInServerSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load


async def check_up(environment: Environment | None = None) -> list[CheckResult]:
    """Check settings, directory, database and secrets; what depends on something missing is left out.

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
        check_settings("azure settings", partial(_optional, source, "AZURE_CLIENT_ID", AzureSettings)),
        check_settings("kafka settings", partial(_optional, source, "KAFKA_BOOTSTRAP_SERVERS", KafkaSettings)),
    ]
    log = if_sound(partial(load, LogSettings, source))
    if log is not None and log.auth_file is not None:
        results.append(check_directory(log.auth_file, name="authentication log", variable="AUTH_LOG_FILE"))
    data, keys = await _check_data(source)
    return [*results, *data, *await check_azure(source, keys)]


def _well_formed(source: Environment) -> str:
    if source.faults:
        raise configuration_error(source.faults)
    return "well-formed, or none"


def _optional(source: Environment, variable: str, group: type) -> str:
    if source.get(variable) is None:
        return f"not configured ({variable} is not set)"
    load(group, source)
    return "configured"


def _provider(settings: ProviderSettings) -> str:
    return settings.provider if settings.provider == "memory" else f"{settings.provider}, {settings.authority}"


async def _check_data(source: Environment) -> tuple[list[CheckResult], KeyToolSettings | None]:
    """Return the lines, and how to open the database if it can be."""
    database = if_sound(partial(load, DatabaseSettings, source))
    if database is None:
        return [], None
    line, current = await check_database(database.path, partial(inspect, database.path))
    results = [check_directory(database.path), line]
    encryption = if_sound(partial(load, EncryptionSettings, source))
    if not current or encryption is None:
        return results, None
    settings = KeyToolSettings(database=database, encryption=encryption)
    return [*results, *await check_secrets(partial(_secrets, settings))], settings


async def _secrets(settings: KeyToolSettings) -> Secrets:
    async with compose_reading(settings) as keys:
        return await keys.secrets()
