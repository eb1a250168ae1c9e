"""Migrating, checking and backing up, from the settings to the report."""

from pathlib import Path

from modules.admin.compose import compose_database, inspect, open_unchanged
from modules.admin.schema import DatabaseReport
from modules.admin.settings import DatabaseToolSettings
from modules.runtime.logs import configure_logging
from modules.runtime.settings_loading import load


def read_settings() -> DatabaseToolSettings:
    """Read the settings and set up logging by them.

    Raises: ConfigurationError.
    """
    settings = load(DatabaseToolSettings)
    configure_logging(settings.log, zone=settings.time.zone)
    return settings


async def migrate_database() -> DatabaseReport:
    """Open the database, which creates or migrates it, and look at it.

    Raises: ConfigurationError for settings; as `open_database`.
    """
    settings = read_settings()
    async with compose_database(settings):
        pass
    return await _report(settings)


async def inspect_database() -> DatabaseReport:
    """Look at the database without touching it.

    Raises: ConfigurationError for settings; as `adapters.sqlite.database.inspect_database`.
    """
    return await _report(read_settings())


async def back_up(target: Path) -> None:
    """Write an online backup of the database as it is: one of an older schema is not migrated before.

    Raises: ConfigurationError for settings; as `inspect_database` and `Database.backup`.
    """
    settings = read_settings()
    await inspect(settings.database.path)
    async with open_unchanged(settings.database.path) as database:
        await database.backup(target)


async def _report(settings: DatabaseToolSettings) -> DatabaseReport:
    path = settings.database.path
    found = await inspect(path)
    newer = [f"the schema is newer than this program's, which is {found.known}"] if found.found > found.known else []
    return DatabaseReport(path=str(path), schema_version=found.found, problems=[*newer, *found.problems])
