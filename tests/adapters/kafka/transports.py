"""What of this program's connections is open at this moment."""

import asyncio
import gc


def open_transports() -> set[asyncio.Transport]:
    """Return those that nobody has closed."""
    found = [each for each in gc.get_objects() if isinstance(each, asyncio.Transport)]
    return {each for each in found if not each.is_closing()}
