"""Values with texts that the database cannot hold: written with these replaced, rather than lost."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.errors import ValidationError
from domain.unicode_text import as_unicode

T = TypeVar("T")
V = TypeVar("V")


async def storing(write: Callable[[V], Awaitable[T]], value: V) -> T:
    """Return what `write` returns for the value or, if that is refused because a text in it is no Unicode, for
    `as_unicode` of it: looking for it first would cost every page of mail more than writing some twice.
    """
    try:
        return await write(value)
    except ValidationError:
        unicode = as_unicode(value)
        if unicode == value:
            raise
        return await write(unicode)
