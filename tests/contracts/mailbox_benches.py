"""The mailboxes of each implementation, in which a test also plays the senders, the owner and what goes wrong."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import count
from typing import Protocol

from yarl import URL

from adapters.graph.limits import Limits
from adapters.graph.mailbox import GraphMailbox
from adapters.graph.service import GraphService
from adapters.http_client.session import open_session
from adapters.memory.mailbox import MemoryMailbox
from adapters.system.identifiers import SystemIdentifiers
from domain.errors import (
    APIConnectionError,
    IACSGraphError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ThrottledError,
    ValidationError,
)
from domain.mail import FolderRole, Mail, MailboxOwner
from domain.reauth import INTERACTION_REQUIRED
from modules.simulator.faults import Fault, garbled, graph
from modules.simulator.mail.conditions import Condition
from modules.simulator.mail.content import Draft, File, Link
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.mime import mime
from modules.simulator.simulator import Simulator
from ports.mailbox import Mailbox
from tests.contracts.letters import mail_of
from tests.fakes.hurried_clock import HurriedClock
from tests.fakes.simulator_tokens import APPLICATION, SimulatorTokens
from tests.simulator.running import running_simulator

PAGE_SIZE = 3


class MailboxBench(ABC):
    """One mailbox. `owner` opens it as its owner, `addressed` as an application; `nobody` has none."""

    mailbox: Mailbox
    owner: MailboxOwner
    addressed: MailboxOwner
    nobody: MailboxOwner

    @abstractmethod
    def folder_id(self, role: FolderRole) -> str:
        """Return the id of a folder that every mailbox has."""

    @abstractmethod
    def add_folder(self, name: str, parent_id: str | None = None, *, is_hidden: bool = False) -> str:
        """Add a folder and return its id."""

    @abstractmethod
    def deliver(self, letter: Draft, folder_id: str | None = None) -> str:
        """Put a letter into a folder, the inbox if none is given, and return its id."""

    @abstractmethod
    def crowd(self, letters: Iterable[Draft]) -> list[str]:
        """Put very many letters into the inbox, whose contents nobody asks for, and return their ids."""

    @abstractmethod
    def move(self, message_id: str, folder_id: str) -> None:
        """Move a mail to another folder."""

    @abstractmethod
    def mark(self, message_id: str, *, is_read: bool) -> None:
        """Mark a mail as read or not."""

    @abstractmethod
    def delete(self, message_id: str) -> None:
        """Delete a mail for good."""

    @abstractmethod
    def forget_cursors(self) -> None:
        """Let all cursors be unknown."""

    @abstractmethod
    def damage(self, message_id: str) -> None:
        """Let one of the inbox's mails come in a form that does not fit; this one, if it is read alone."""

    @abstractmethod
    def failing(self, error: IACSGraphError) -> AbstractContextManager[None]:
        """Let every call fail with an error like this one, of `FAILURES`."""


class MemoryMailboxBench(MailboxBench):
    """In memory."""

    owner = MailboxOwner(user_id="ann@owner.example")
    addressed = MailboxOwner(user_id=APPLICATION, address="Ann@Owner.example")
    nobody = MailboxOwner(user_id=APPLICATION, address="nobody@owner.example")

    def __init__(self, page_size: int) -> None:
        self.mailbox = self.memory = MemoryMailbox(page_size=page_size)
        self.memory.add_mailbox(self.owner)
        self.numbers = count(1)

    def folder_id(self, role: FolderRole) -> str:
        return self.memory.folder_id(self.owner, role)

    def add_folder(self, name: str, parent_id: str | None = None, *, is_hidden: bool = False) -> str:
        return self.memory.add_folder(self.owner, name, parent_id, is_hidden=is_hidden).folder_id

    def deliver(self, letter: Draft, folder_id: str | None = None) -> str:
        mail = self._mail(letter, folder_id)
        contents = {
            attachment.attachment_id: each.content if isinstance(each, File) else mime(each.draft, mail.message_id)
            for attachment, each in zip(mail.attachments or (), letter.attachments, strict=True)
            if not isinstance(each, Link)
        }
        self.memory.deliver(self.owner, mail, contents=contents, mime=mime(letter, mail.message_id))
        return mail.message_id

    def crowd(self, letters: Iterable[Draft]) -> list[str]:
        mails = [self._mail(letter) for letter in letters]
        for mail in mails:
            self.memory.deliver(self.owner, mail)
        return [mail.message_id for mail in mails]

    def _mail(self, letter: Draft, folder_id: str | None = None) -> Mail:
        return mail_of(letter, f"mail-{next(self.numbers)}", folder_id or self.folder_id(FolderRole.INBOX))

    def move(self, message_id: str, folder_id: str) -> None:
        self.memory.move(self.owner, message_id, folder_id)

    def mark(self, message_id: str, *, is_read: bool) -> None:
        self.memory.change(self.owner, message_id, is_read=is_read)

    def delete(self, message_id: str) -> None:
        self.memory.delete(self.owner, message_id)

    def forget_cursors(self) -> None:
        self.memory.forget_cursors(self.owner)

    def damage(self, message_id: str) -> None:
        self.memory.damage(self.owner, message_id, b"{}", "no time of receipt")

    @contextmanager
    def failing(self, error: IACSGraphError) -> Iterator[None]:
        self.memory.refuse(self.owner, error)
        yield
        self.memory.refuse(self.owner, None)


class GraphMailboxBench(MailboxBench):
    """On the simulated Microsoft Graph: the mailbox of the first user, still empty."""

    def __init__(self, simulator: Simulator, mailbox: Mailbox, clock: HurriedClock) -> None:
        self.simulator, self.mailbox, self.clock = simulator, mailbox, clock
        self.user = simulator.directory.users[0]
        self.box = simulator.mail.mailbox(self.user)
        self.owner = MailboxOwner(user_id=self.user.upn)
        self.addressed = MailboxOwner(user_id=APPLICATION, address=self.user.upn.upper())
        self.nobody = MailboxOwner(user_id=APPLICATION, address=f"nobody@{self.user.upn.partition('@')[2]}")

    def folder_id(self, role: FolderRole) -> str:
        return self.box.folder(role.value).folder_id

    def add_folder(self, name: str, parent_id: str | None = None, *, is_hidden: bool = False) -> str:
        return self.box.add_folder(name, parent_id, hidden=is_hidden).folder_id

    def deliver(self, letter: Draft, folder_id: str | None = None) -> str:
        return self.box.deliver(letter, folder_id or "inbox").immutable_id

    def crowd(self, letters: Iterable[Draft]) -> list[str]:
        return [self.deliver(letter) for letter in letters]

    def move(self, message_id: str, folder_id: str) -> None:
        self.box.move(self._message(message_id), folder_id)

    def mark(self, message_id: str, *, is_read: bool) -> None:
        self.box.change(self._message(message_id), is_read=is_read)

    def delete(self, message_id: str) -> None:
        self.box.delete(self._message(message_id))

    def forget_cursors(self) -> None:
        self.box.expire_deltas()

    def damage(self, message_id: str) -> None:
        self._message(message_id)
        self.simulator.faults.add(garbled("wrong_type", nth=0))

    @contextmanager
    def failing(self, error: IACSGraphError) -> Iterator[None]:
        condition = CONDITIONS.get(error.error_code)
        if isinstance(error, ReauthenticationRequiredError):
            self.simulator.mail.conditions.challenge(self.user)
        elif condition is not None:
            self.simulator.mail.conditions.put(self.user, condition)
        else:
            self.simulator.faults.add(_fault(error))
        yield
        self.simulator.mail.conditions.withdraw(self.user)
        self.simulator.mail.conditions.put(self.user, "ready")
        self.simulator.faults.clear()
        if error.retry_after is not None:
            self.clock.run(error.retry_after)

    def _message(self, message_id: str) -> Message:
        found = self.box.find(message_id)
        assert found is not None
        return found


FAILURES: Mapping[str, IACSGraphError] = {
    "throttled": ThrottledError("Wait.", retry_after=timedelta(hours=1)),
    "unreachable": APIConnectionError("It failed.", error_code="GRAPH_FAILED"),
    "moving": APIConnectionError("It moves.", error_code="MAILBOX_MOVING"),
    "refused": ReauthenticationRequiredError("Sign in.", reason=INTERACTION_REQUIRED),
    "forbidden": PermissionDeniedError("It is not yours.", error_code="MAILBOX_FORBIDDEN"),
    "not enabled": NotFoundError("It has no licence.", error_code="MAILBOX_NOT_ENABLED"),
    "nonsense": ValidationError("Ask otherwise.", error_code="REQUEST_REFUSED"),
}
CONDITIONS: Mapping[str, Condition] = {
    "MAILBOX_MOVING": "moving",
    "MAILBOX_FORBIDDEN": "denied",
    "MAILBOX_NOT_ENABLED": "not_enabled",
}


def _fault(error: IACSGraphError) -> Fault:
    if isinstance(error, ThrottledError) and error.retry_after is not None:
        return graph(429, "TooManyRequests", retry_after=error.retry_after.total_seconds())
    if isinstance(error, APIConnectionError):
        return graph(500, "ErrorInternalServerError")
    return graph(400, "ErrorInvalidUrlQuery")


@asynccontextmanager
async def open_memory_bench(*, page_size: int = PAGE_SIZE) -> AsyncIterator[MemoryMailboxBench]:
    """Make a mailbox for one test."""
    yield MemoryMailboxBench(page_size)


@asynccontextmanager
async def open_graph_bench(*, page_size: int = PAGE_SIZE) -> AsyncIterator[GraphMailboxBench]:
    """Run a simulator, and its mailboxes' client."""
    async with running_simulator(users=1) as simulator, open_session() as session:
        clock = HurriedClock(simulator.clock.now)
        service = GraphService(
            session=session,
            root=URL(simulator.http_url) / "v1.0",
            tokens=SimulatorTokens(simulator),
            clock=clock,
            identifiers=SystemIdentifiers(),
            limits=Limits(clock=clock),
        )
        mailbox = GraphMailbox(service=service, page_size=page_size, page_size_with_bodies=page_size)
        yield GraphMailboxBench(simulator, mailbox, clock)


@asynccontextmanager
async def open_unruly_graph_bench(*, page_size: int = PAGE_SIZE) -> AsyncIterator[GraphMailboxBench]:
    """Run a simulator that tells changes in every way in which Graph may tell them."""
    async with open_graph_bench(page_size=page_size) as bench:
        switches = bench.simulator.switches
        switches.delta_partial_updates = switches.delta_replays = switches.delta_empty_pages = True
        switches.delta_resync_location = True
        yield bench


class Opening(Protocol):
    """How a bench is opened."""

    def __call__(self, *, page_size: int = ...) -> AbstractAsyncContextManager[MailboxBench]: ...


BENCHES: Mapping[str, Opening] = {
    "memory": open_memory_bench,
    "graph": open_graph_bench,
}
CHANGING_BENCHES: Mapping[str, Opening] = {**BENCHES, "graph unruly": open_unruly_graph_bench}
