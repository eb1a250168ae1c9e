"""The check-up, from the settings to the last secret."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from domain.errors import ConfigurationError
from modules.admin.checks import check_database, check_directory, check_secrets, check_settings
from modules.admin.compose import compose, inspect
from modules.admin.schema import CheckResult
from modules.admin.settings import KeyToolSettings
from modules.runtime.environment import Environment
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    KafkaSettings,
    LogSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load

T = TypeVar("T")


async def check_up(environment: Environment | None = None) -> list[CheckResult]:
    """Check settings, directory, database and secrets; what depends on something missing is left out."""
    source = environment or Environment.read()
    results = [
        check_settings("log settings", lambda: "{0.level}, {0.format}".format(load(LogSettings, source))),
        check_settings("time zone", lambda: str(load(TimeSettings, source).zone or "the system's")),
        check_settings("key settings", lambda: f"{len(load(EncryptionSettings, source).keys)} in ENCRYPTION_KEY"),
        check_settings("database settings", lambda: str(load(DatabaseSettings, source).path)),
        check_settings("azure settings", partial(_optional, source, "AZURE_CLIENT_ID", AzureSettings)),
        check_settings("kafka settings", partial(_optional, source, "KAFKA_BOOTSTRAP_SERVERS", KafkaSettings)),
    ]
    return results + await _check_data(source)


def _optional(source: Environment, variable: str, group: type) -> str:
    if source.get(variable) is None:
        return f"not configured ({variable} is not set)"
    load(group, source)
    return "configured"


def _if_sound(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigurationError:
        return None


async def _check_data(source: Environment) -> list[CheckResult]:
    database = _if_sound(partial(load, DatabaseSettings, source))
    if database is None:
        return []
    line, current = await check_database(database.path, partial(inspect, database.path))
    results = [check_directory(database.path), line]
    encryption = _if_sound(partial(load, EncryptionSettings, source))
    if current and encryption is not None:
        async with compose(KeyToolSettings(database=database, encryption=encryption)) as keys:
            results += await check_secrets(keys.secrets)
    return results
