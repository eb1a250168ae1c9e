"""Whose browser has come back here, and whether it has seen how its sign-in ended."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import attrs

from domain.sign_in import SignInId


@attrs.define
class _Visit:
    """One browser's return: whether it came back here, and whether it was shown the result."""

    came: bool = False
    shown: asyncio.Event = attrs.field(factory=asyncio.Event)


@attrs.frozen
class Visitors:
    """For a server that ends when its sign-ins do: a browser must not find it gone between two pages.

    Only those that are expected are remembered: anybody can come with any id.
    """

    expected: dict[SignInId, _Visit] = attrs.field(factory=dict)

    def expect(self, sign_in_id: SignInId) -> None:
        """Remember the browser of this sign-in when it comes, until it was waited for."""
        self.expected[sign_in_id] = _Visit()

    def came(self, sign_in_id: SignInId) -> None:
        """Note that a browser came back for this sign-in; it is about to be sent to the page of the result."""
        if sign_in_id in self.expected:
            self.expected[sign_in_id].came = True

    def saw(self, sign_in_id: SignInId) -> None:
        """Note that the result is being shown."""
        if sign_in_id in self.expected:
            self.expected[sign_in_id].shown.set()

    async def wait_for(self, sign_in_id: SignInId, within: timedelta) -> None:
        """Wait until a browser that came back has been shown the result; not at all if none came here."""
        visit = self.expected.get(sign_in_id)
        if visit is not None and visit.came:
            with suppress(TimeoutError):
                async with asyncio.timeout(within.total_seconds()):
                    await visit.shown.wait()
        self.expected.pop(sign_in_id, None)
