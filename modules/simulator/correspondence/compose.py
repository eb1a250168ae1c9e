"""Composition root of a simulator's mail: what makes it is loaded only where mail is wanted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from modules.simulator.correspondence.truth_place import refuse_other
from modules.simulator.schema import Mail
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator


@asynccontextmanager
async def compose(
    simulator: Simulator, settings: SimulatorSettings, directory: Path | None = None
) -> AsyncIterator[Mail | None]:
    """Fill the mailboxes and keep mail coming, as the settings say; without mail, nothing is done.

    Raises: as `open_office`.
    """
    if not has_mail(settings):
        yield None
        return
    from modules.simulator.correspondence.office import open_office

    async with open_office(simulator, settings, directory) as office:
        yield Mail(mails=settings.mails, per_minute=settings.live, chairs=office.chairs, truth=office.truth)


def has_mail(settings: SimulatorSettings) -> bool:
    return bool(settings.mails or settings.live)


def check(settings: SimulatorSettings, directory: Path) -> None:
    """Raises: FileExistsError if the file of truths would take the place of what no simulator wrote."""
    if has_mail(settings):
        refuse_other(directory)
