"""All implementations driven side by side: whatever one answers, every other one must answer too."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Generic, TypeVar

import attrs

from domain.account import Account
from domain.change import AuditEntry
from domain.errors import IACSGraphError
from tests.contracts.rigs import WORLDS, Rig

T = TypeVar("T")


@attrs.frozen
class Answer(Generic[T]):
    """What one call returned, or the error's class and code."""

    value: T | None = None
    error: type[IACSGraphError] | None = None
    code: str | None = None

    @property
    def given(self) -> T:
        """Return the value of a call that was not refused."""
        assert self.error is None, f"{self.error} {self.code}"
        assert self.value is not None
        return self.value


@attrs.frozen(kw_only=True)
class Everything:
    """What can be seen of a store at the end."""

    accounts: tuple[Account, ...]
    trails: tuple[tuple[AuditEntry, ...], ...]
    events: tuple[str, ...]


class SideBySide:
    """Rigs of every implementation and the event loop that they live on. Whoever makes one closes it."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.rigs = self._runner.run(self._open())

    def close(self) -> None:
        """Close the rigs, their worlds and the loop."""
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()

    def each(self, call: Callable[[Rig], Awaitable[T]]) -> list[Answer[T]]:
        """Return every rig's answer."""
        return [self._runner.run(_answer(rig, call)) for rig in self.rigs]

    def ask(self, call: Callable[[Rig], Awaitable[T]]) -> Answer[T]:
        """Return the one answer that all rigs must give."""
        first, *others = self.each(call)
        for other in others:
            assert other == first, f"{other}\nis not\n{first}"
        return first

    def everything(self) -> Everything:
        """Return what all rigs must agree on at the end."""
        return self.ask(_everything).given

    async def _open(self) -> list[Rig]:
        worlds = [self._stack.enter_context(opened()) for opened in WORLDS.values()]
        return [await self._stack.enter_async_context(world.process("old")) for world in worlds]


async def _answer(rig: Rig, call: Callable[[Rig], Awaitable[T]]) -> Answer[T]:
    try:
        return Answer(value=await call(rig))
    except IACSGraphError as error:
        return Answer(error=type(error), code=error.error_code)


async def _everything(rig: Rig) -> Everything:
    ids = [account.account_id for account in await rig.accounts.page(limit=1000)]
    accounts = [account for account in [await rig.accounts.get(account_id) for account_id in ids] if account]
    return Everything(
        accounts=tuple(accounts),
        trails=tuple([tuple(await rig.accounts.audit_trail(account.account_id)) for account in accounts]),
        events=tuple(event.event_id for event in await rig.outbox()),
    )
