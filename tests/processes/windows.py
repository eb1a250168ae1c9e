"""Named windows of a worker at which the parent test can hold it, one user at a time."""

import asyncio

import attrs

from tests.fakes.shared_watched_store import Say


@attrs.define(eq=False)
class Windows:
    """Whoever comes to a window that is held says `reached` and waits there until it is let go."""

    _say: Say
    _held: dict[tuple[str, str], asyncio.Event] = attrs.field(factory=dict, init=False)

    def hold(self, window: str, user: str) -> None:
        """Hold whoever comes from now on."""
        self._held[window, user] = asyncio.Event()

    def let_go(self, window: str, user: str) -> None:
        """Let go on who is held, and who comes later."""
        self._held.pop((window, user)).set()

    def let_one_pass(self, window: str, user: str) -> None:
        """Let go on who is held, and hold who comes next."""
        gate = self._held[window, user]
        self.hold(window, user)
        gate.set()

    def let_all_go(self) -> None:
        """Open every window."""
        for window, user in tuple(self._held):
            self.let_go(window, user)

    async def at(self, window: str, user: str) -> None:
        """Pass, or be held."""
        gate = self._held.get((window, user))
        if gate is not None:
            self._say("reached", window=window, user=user)
            await gate.wait()
