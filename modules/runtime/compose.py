"""Which parts the settings and the terminal ask for. A part is imported when it is chosen: each costs 30-150 ms."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import tzinfo
from typing import TYPE_CHECKING, TextIO

from modules.runtime.settings import LogSettings, ProviderSettings

if TYPE_CHECKING:
    from modules.runtime.provider import Provider


def formatter_for(settings: LogSettings, zone: tzinfo | None, *, colour: bool) -> logging.Formatter:
    """Choose how lines look."""
    if settings.format == "json":
        from modules.runtime.log_json import JsonLineFormatter

        return JsonLineFormatter()
    from modules.runtime.log_lines import TextFormatter

    return TextFormatter(zone=zone, colour=colour)


def auth_handlers_for(settings: LogSettings) -> list[logging.Handler]:
    """Open the authentication log's file, if there is one.

    Raises: ConfigurationError if it cannot be written.
    """
    if settings.auth_file is None:
        return []
    from modules.runtime.auth_log import open_auth_log

    return [open_auth_log(settings.auth_file, settings)]


@asynccontextmanager
async def open_provider(settings: ProviderSettings) -> "AsyncIterator[Provider]":
    """Open the identity provider that the settings name, with the one HTTP session of the process."""
    from adapters.system.clock import SystemClock
    from adapters.system.identifiers import SystemIdentifiers
    from modules.runtime.provider import Provider

    clock, identifiers = SystemClock(), SystemIdentifiers()
    if settings.provider == "memory":
        from adapters.memory.identity_provider import MemoryIdentityProvider
        from adapters.memory.tenant_directory import MemoryTenantDirectory

        practice = MemoryIdentityProvider(clock=clock, identifiers=identifiers)
        yield Provider(identity=practice, directory=MemoryTenantDirectory(provider=practice))
        return
    from adapters.azure_ad.endpoints import Endpoints
    from adapters.azure_ad.identity_provider import AzureADIdentityProvider
    from adapters.azure_ad.session import open_session
    from adapters.azure_ad.tenant_directory import AzureADTenantDirectory

    endpoints = Endpoints(authority=settings.authority, graph_url=settings.graph_url)
    async with open_session(ca_file=settings.ca_file) as session:
        yield Provider(
            identity=AzureADIdentityProvider(
                session=session, endpoints=endpoints, clock=clock, identifiers=identifiers
            ),
            directory=AzureADTenantDirectory(
                session=session, endpoints=endpoints, clock=clock, identifiers=identifiers
            ),
        )


def draw_on_terminal(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Draw a table as wide as the terminal."""
    from modules.runtime.terminal_table import draw

    draw(names, cells, target)
