"""Counting and rotating keys, from the settings to the report."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from domain.errors import DatabaseError
from modules.admin.compose import compose, compose_reading, inspect
from modules.admin.schema import KeyLine, RotationReport
from modules.admin.settings import KeyToolSettings
from modules.runtime.logs import configure_logging
from modules.runtime.settings_loading import load


async def key_lines() -> list[KeyLine]:
    """Return one line per key, those of ENCRYPTION_KEY first and in their order.

    Raises: ConfigurationError for settings; as `inspect_database` and `KeyRotation.status`.
    """
    settings = load(KeyToolSettings)
    configure_logging(settings.log, zone=settings.time.zone)
    found = await inspect(settings.database.path)
    if found.found != found.known:
        code = "SCHEMA_NEWER" if found.found > found.known else "SCHEMA_OLDER"
        msg = f"The database's schema version is {found.found}, this program's is {found.known}."
        raise DatabaseError(msg, error_code=code, operation="keys status")
    async with compose_reading(settings) as keys:
        status = await keys.rotation.status()
    return [
        KeyLine(
            key_id=key,
            secrets=status.counts.get(key, 0),
            position=status.known.index(key) + 1 if key in status.known else None,
            primary=key == status.primary,
        )
        for key in (*status.known, *status.missing)
    ]


class Bar(Protocol):
    """Shows how far something has come."""

    def update(self, n_steps: int) -> None:
        """Go on by so many steps."""


async def rotate_keys(open_bar: Callable[[int], AbstractContextManager[Bar]], *, back: bool) -> RotationReport:
    """Rotate; `open_bar` is told how many secrets there are to move.

    Raises: ConfigurationError for settings; as `KeyRotation.rotate`.
    """
    settings = load(KeyToolSettings)
    configure_logging(settings.log, zone=settings.time.zone)
    async with compose(settings) as keys:
        steps = keys.rotation.rotate(back=back)
        last = await anext(steps)
        with open_bar(last.left) as bar:
            async for step in steps:
                bar.update(step.moved - last.moved)
                last = step
        return RotationReport(key_id=keys.rotation.cipher.key_ids[0], moved=last.moved, remaining=last.left)
