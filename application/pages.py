"""Ending what comes page by page."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def closed(pages: AsyncIterator[T]) -> AsyncIterator[None]:
    """End a generator with the block, also if not all was taken from it: then nothing is left to the collector."""
    try:
        yield
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
