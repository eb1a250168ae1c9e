"""Which parts the settings and the terminal ask for. A part is imported when it is chosen: each costs 30-150 ms."""

import logging
from collections.abc import Sequence
from datetime import tzinfo
from typing import TextIO

from modules.runtime.settings import LogSettings


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


def draw_on_terminal(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Draw a table as wide as the terminal."""
    from modules.runtime.terminal_table import draw

    draw(names, cells, target)
