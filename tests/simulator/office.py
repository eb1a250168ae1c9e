"""An office of three mailboxes at a simulator, and a shell in which the program keeps them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from modules.simulator.opening import describe
from modules.simulator.people import User
from modules.simulator.simulator import Simulator
from tests.modules.auth.seeds import OLD
from tests.modules.iacsgraph.shell import Done, Running, Shell, said
from tests.simulator.person import Person
from tests.simulator.running import running_simulator

KIM, PARK, ANNA = "kim.jiwon", "park.minseo", "anna.berg"
"""Kim and Park sign in by browser, Anna by device code. Park's address is not her sign-in name."""

_BY_CODE = re.compile(r"^(\S+): open (\S+) and enter the code (\S+)$", re.MULTILINE)
_BY_BROWSER = re.compile(r"^(\S+): open (\S+)$", re.MULTILINE)


@attrs.frozen(kw_only=True)
class Office:
    """`shell` has the settings that the simulator prints; its directory holds `accounts`, the enrolment files."""

    simulator: Simulator
    shell: Shell

    def user(self, user_id: str) -> User:
        """Return the person whose mailbox it is."""
        return next(user for user in self.simulator.directory.users if user.upn.startswith(f"{user_id}@"))

    def rewrite(self, user_id: str, old: str, new: str) -> None:
        """Change an enrolment file."""
        file = self.shell.directory / "accounts" / f"{user_id}.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    async def call(self, *arguments: str) -> Done:
        """Run a command in this process, while the simulator goes on."""
        return await asyncio.to_thread(self.shell.call, *arguments)

    async def done(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command that must succeed and return what it prints as JSON."""
        ended = await self.call(*arguments, "--json")
        assert ended.code == 0, ended.said
        return ended.document

    async def enroll(self) -> None:
        """Enrol all three."""
        await self.done("account", "enroll", "accounts", "--no-preflight")

    async def status(self, user_id: str) -> Any:  # noqa: ANN401 - JSON
        """Return what `auth status` says of one."""
        (state,) = await self.done("auth", "status", user_id)
        return state

    async def login(self, *arguments: str, instead: User | None = None) -> Done:
        """Run `auth login` as a process, and let each person follow what it prints; `instead` signs in for all."""
        with self.shell.start("auth", "login", "--no-browser", *arguments) as running:
            following: dict[str, asyncio.Task[None]] = {}
            while running.process.poll() is None:
                for user_id, url, code in asked(running):
                    if url + code not in following:
                        person = instead or self.user(user_id)
                        following[url + code] = asyncio.create_task(self.follow(person, url, code))
                for task in following.values():
                    if task.done():
                        task.result()  # somebody who went astray ends the test
                await asyncio.sleep(0.02)
            await asyncio.gather(*following.values())
            return running.end()

    async def signed_in(self, *user_ids: str) -> None:
        """Enrol all and sign these in."""
        await self.enroll()
        done = await self.login(*user_ids)
        assert done.code == 0, done.said

    async def follow(self, user: User, url: str, code: str = "", port: int | None = None) -> None:
        """Sign in as the printed line says; `port` brings the browser back to another one than it says."""
        async with Person(user) as person:
            if code:
                page = await person.enter_code(url, code)
                assert page.status == 200, page.text
                return
            callback = await person.sign_in(url)
            if port is not None:
                moved = urlsplit(callback.url)._replace(netloc=f"127.0.0.1:{port}").geturl()
                callback = attrs.evolve(callback, url=moved)
            await person.deliver(callback)


def asked(running: Running) -> Iterator[tuple[str, str, str]]:
    """Return what `auth login` has asked for: the user, the address, and a device's code or nothing."""
    text = said(running.err)
    for match in _BY_CODE.finditer(text):
        yield match[1], match[2], match[3]
    for match in _BY_BROWSER.finditer(text):
        yield match[1], match[2], ""


def listening_port(server: Running) -> int:
    """Return the port of an `auth serve` that logs JSON and has said that it listens."""
    records = map(json.loads, said(server.err).splitlines())
    return next(int(record["context"]["port"]) for record in records if "is listening" in record["message"])


@asynccontextmanager
async def open_office(directory: Path, **settings: Any) -> AsyncIterator[Office]:  # noqa: ANN401 - of SimulatorSettings
    """Open one in an empty directory; `settings` are those of `SimulatorSettings`."""
    async with running_simulator(**settings) as simulator:
        simulator.switches.device_interval = 1
        opening = describe(simulator, control=False)
        (directory / "accounts").mkdir()
        for enrolment in opening.enrolments:
            (directory / "accounts" / f"{enrolment.user_id}.yaml").write_text(enrolment.text)
        own = {"DATABASE_PATH": "iacsgraph.db", "ENCRYPTION_KEY": OLD}
        yield Office(simulator=simulator, shell=Shell(directory, {**opening.settings, **own}))
