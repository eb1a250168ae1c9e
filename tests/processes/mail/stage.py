"""Mailboxes at a local Microsoft 365 on a thread of its own, with people who use them, and who are signed in."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from modules.simulator.correspondence import office as offices
from modules.simulator.mail.mailbox import Mailbox
from modules.simulator.settings import SimulatorSettings
from tests.adapters.openai.server import KEY, open_model_server
from tests.processes.mail.life import Life
from tests.simulator.office import Office, open_office

T = TypeVar("T")

PEOPLE = 4
LONG_AGO = "3650d"
_TRIES = 5
_PAGE = 10
"""Mails of a page: few, so that a folder has many."""


@attrs.frozen(kw_only=True)
class Stage:
    """Everything outside of the processes that are killed. Open with `open_stage`.

    `variables` are the settings of these. `bounded` are mailboxes whose sync reaches back only so far: all mail is
    within, but it is fetched by windows.
    """

    office: Office
    life: Life
    loop: asyncio.AbstractEventLoop
    variables: Mapping[str, str]

    def do(self, deed: Callable[[], T]) -> T:
        """Do something where the simulator runs: nothing else happens there meanwhile."""

        async def done() -> T:
            return deed()

        return self.wait(done())

    def wait(self, deed: Coroutine[Any, Any, T]) -> T:
        """Wait for something that happens there."""
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result()

    def sign_in(self, mailbox: Mailbox) -> None:
        """Let the owner of a mailbox sign in, and try again if that met with something."""
        done = self.wait(self.office.login(user_id(mailbox)))
        for _ in range(_TRIES):
            if done.code == 0:
                return
            done = self.wait(self.office.login(user_id(mailbox)))
        assert done.code == 0, done.said

    def issued(self) -> Sequence[str]:
        """Return every token that was ever issued."""
        grants = self.office.simulator.world.grants
        return self.do(lambda: [*grants.refresh_tokens, *grants.access_tokens])


def user_id(mailbox: Mailbox) -> str:
    """Return the name of the owner's account."""
    return mailbox.user.upn.partition("@")[0]


@contextmanager
def open_stage(directory: Path, database: Path, *, mails: int, seed: int, people: int = PEOPLE) -> Iterator[Stage]:
    """Open it: everybody is enrolled and signed in, and then finds so many mails in the mailbox."""
    opened: list[Stage] = []
    failed: list[BaseException] = []
    ready, leaving = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with _stage(directory, database, mails, seed, people) as stage:
            opened.append(stage)
            ready.set()
            await leaving.wait()

    def play() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=play)
    thread.start()
    ready.wait()
    try:
        if opened:
            yield opened[0]
    finally:
        if opened and not failed:
            opened[0].loop.call_soon_threadsafe(leaving.set)
        thread.join()
        if failed:
            raise failed[0]


@asynccontextmanager
async def _stage(directory: Path, database: Path, mails: int, seed: int, people: int) -> AsyncIterator[Stage]:
    async with open_office(directory, seed=seed, users=people) as opened, open_model_server() as model:
        simulator = opened.simulator
        mailboxes = [simulator.mail.mailbox(user) for user in simulator.directory.users]
        shell = opened.shell.having(DATABASE_PATH=str(database), LOG_FILE_ENABLED="false")
        office = attrs.evolve(opened, shell=shell)
        await office.signed_in(*map(user_id, mailboxes))
        bounded = mailboxes[people // 2 :]
        done = await office.call("mail", "sync", *map(user_id, bounded), "--since", LONG_AGO)
        assert done.code == 0, done.said
        async with offices.open_office(simulator, SimulatorSettings(mails=mails, seed=seed)) as mail:
            variables = {
                **shell.variables,
                "MAIL_CHAIRS": ",".join(mail.chairs),
                "MAIL_SYNC_INTERVAL": "1",
                "GRAPH_PAGE_SIZE": str(_PAGE),
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": f"{model.url}/v1",
            }
            life = Life(
                simulator=simulator,
                live=mail.live,
                mailboxes=mailboxes,
                bounded=bounded,
                chance=random.Random(seed),  # noqa: S311 - what people do when
                known=[(mailbox, each) for mailbox in mailboxes for each in mailbox.all_messages.newest_first],
            )
            async with life.going_on():
                loop = asyncio.get_running_loop()
                yield Stage(office=office, life=life, loop=loop, variables=variables)
