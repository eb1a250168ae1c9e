"""The owners of the demonstration's mailboxes, who sign in where they are told to."""

import asyncio
from collections.abc import Mapping

import attrs

from modules.iacsgraph.compose import open_browser
from modules.iacsgraph.local_office import Owner


@attrs.define(kw_only=True, eq=False)
class Owners:
    """The board of a sign-in: it sends each owner's browser on its way, as a task of `group`."""

    owners: Mapping[str, Owner]
    group: asyncio.TaskGroup
    by_browser: int = 0
    by_code: int = 0

    def address(self, user_id: str, url: str) -> None:
        """Let the owner follow the address."""
        self.by_browser += 1
        self.group.create_task(self._follow(user_id, url))

    def code(self, user_id: str, address: str, user_code: str) -> None:
        """Let the owner type the code."""
        self.by_code += 1
        self.group.create_task(self._type(user_id, address, user_code))

    def state(self, user_id: str, text: str) -> None:
        """Nobody watches."""

    async def _follow(self, user_id: str, url: str) -> None:
        owner = self.owners[user_id]
        async with open_browser(owner.username, owner.password) as browser:
            await browser.sign_in(url)

    async def _type(self, user_id: str, address: str, user_code: str) -> None:
        owner = self.owners[user_id]
        async with open_browser(owner.username, owner.password) as browser:
            await browser.enter_code(address, user_code)
