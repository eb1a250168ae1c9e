"""Doing the same for several users: one failing never stops the others."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from domain.errors import IACSGraphError
from modules.runtime.exit_codes import exit_code
from modules.runtime.output import print_error

T = TypeVar("T")


async def each(users: Sequence[str], do: Callable[[str], Awaitable[T]], *, as_json: bool) -> tuple[Sequence[T], int]:
    """Do it for one after the other; errors are printed as they come. Returns what was done and the exit code, which
    is the first error's.
    """
    done: list[T] = []
    codes: list[int] = []
    for user in dict.fromkeys(users):
        try:
            done.append(await do(user))
        except IACSGraphError as error:
            print_error(error, as_json=as_json)
            codes.append(exit_code(error))
    return done, codes[0] if codes else 0
