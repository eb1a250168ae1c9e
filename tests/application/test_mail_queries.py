"""Asking several mailboxes at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest

from adapters.memory.clock import START
from adapters.memory.mail_query_log import MemoryMailQueryLog
from adapters.memory.mailbox import MemoryMailbox
from application.applications import Applications
from application.mail_queries import (
    MailboxBegun,
    MailboxEnded,
    MailboxLeftOut,
    MailQueries,
    MailQuestion,
    MailsFound,
    Step,
)
from domain.account import AccountStatus, AuthFlow
from domain.errors import ConfigurationError, DatabaseError, IACSGraphError, NotFoundError, ThrottledError
from domain.mail import FolderRole, Importance, Mail, MailboxOwner, MailPage, MailPart
from domain.mail_filter import MailFilter
from ports.mail_query_log import INTERRUPTED
from tests.application.rig import APPLICATION, Rig, open_rig

MINUTE = timedelta(minutes=1)


@attrs.frozen(kw_only=True)
class Bench:
    """Queries on mailboxes in memory; accounts are enrolled with mails `user-1`, `user-2`, ..., the newest last."""

    rig: Rig
    mailbox: MemoryMailbox
    log: MemoryMailQueryLog
    queries: MailQueries

    async def enrol(self, user_id: str, mails: int = 0) -> MailboxOwner:
        await self.rig.enrol(user_id)
        owner = MailboxOwner(user_id=user_id)
        self.mailbox.add_mailbox(owner)
        inbox = self.mailbox.folder_id(owner, FolderRole.INBOX)
        for number in range(1, mails + 1):
            self.mailbox.deliver(owner, a_mail(f"{user_id}-{number}", inbox, number))
        return owner

    async def ask(self, users: Sequence[str] | None = None, question: MailQuestion | None = None) -> list[Step]:
        async with self.queries.asking(question or MailQuestion(), users) as steps:
            return [step async for step in steps]


def a_mail(message_id: str, folder_id: str, minute: int) -> Mail:
    return Mail(
        message_id=message_id,
        folder_id=folder_id,
        subject=f"Subject of {message_id}",
        received_at=START + minute * MINUTE,
        is_read=False,
        is_draft=False,
        importance=Importance.NORMAL,
        has_attachments=False,
    )


@asynccontextmanager
async def open_bench(mailbox: MemoryMailbox | None = None, at_once: int = 8) -> AsyncIterator[Bench]:
    async with open_rig() as rig:
        memory, log = mailbox or MemoryMailbox(page_size=2), MemoryMailQueryLog()
        queries = MailQueries(
            accounts=rig.accounts,
            applications=Applications(default=APPLICATION),
            mailbox=memory,
            log=log,
            clock=rig.clock,
            at_once=at_once,
        )
        yield Bench(rig=rig, mailbox=memory, log=log, queries=queries)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as opened:
        yield opened


def ids(steps: Sequence[Step], user_id: str) -> list[str]:
    pages = [step.page for step in steps if isinstance(step, MailsFound) and step.user_id == user_id]
    return [mail.message_id for page in pages for mail in page.mails]


def ends(steps: Sequence[Step]) -> dict[str, MailboxEnded]:
    found = {step.user_id: step for step in steps if isinstance(step, MailboxEnded)}
    assert len(found) == sum(isinstance(step, MailboxEnded) for step in steps), "each mailbox ends once"
    return found


def code(end: MailboxEnded) -> str | None:
    return None if end.error is None else end.error.error_code


async def test_every_mailbox_begins_gives_its_pages_and_ends(bench: Bench) -> None:
    for user_id, mails in (("ann", 5), ("bob", 0), ("eve", 2)):
        await bench.enrol(user_id, mails)
    steps = await bench.ask(["ann", "bob", "eve"])
    assert ids(steps, "ann") == ["ann-5", "ann-4", "ann-3", "ann-2", "ann-1"]
    assert ids(steps, "eve") == ["eve-2", "eve-1"]
    assert {user: (end.mails, end.error) for user, end in ends(steps).items()} == {
        "ann": (5, None),
        "bob": (0, None),
        "eve": (2, None),
    }
    for user_id in ("ann", "bob", "eve"):
        own = [step for step in steps if step.user_id == user_id]
        assert isinstance(own[0], MailboxBegun)
        assert isinstance(own[-1], MailboxEnded)


async def test_after_the_last_mailbox_nothing_comes_however_often_it_is_asked_for(bench: Bench) -> None:
    async with bench.queries.asking(MailQuestion(), []) as steps:
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await anext(steps)


async def test_filter_parts_and_newest_reach_every_mailbox(bench: Bench) -> None:
    await bench.enrol("ann", 5)
    await bench.enrol("bob", 5)
    question = MailQuestion(
        mail_filter=MailFilter(since=START + 2 * MINUTE), parts=frozenset({MailPart.HEADERS}), newest=3
    )
    steps = await bench.ask(["ann", "bob"], question)
    assert ids(steps, "ann") == ["ann-5", "ann-4", "ann-3"]
    assert ids(steps, "bob") == ["bob-5", "bob-4", "bob-3"]
    assert all(mail.headers is not None for step in steps if isinstance(step, MailsFound) for mail in step.page.mails)


async def test_one_mailboxs_failure_is_in_its_end_and_touches_no_other(bench: Bench) -> None:
    ann, bob = await bench.enrol("ann", 3), await bench.enrol("bob", 3)
    bench.mailbox.refuse(ann, ThrottledError("Wait.", retry_after=MINUTE))
    steps = await bench.ask(["ann", "nobody", "bob"])
    assert {user: code(end) for user, end in ends(steps).items()} == {
        "ann": "THROTTLED",
        "nobody": "ACCOUNT_UNKNOWN",
        bob.user_id: None,
    }
    assert ids(steps, "bob") == ["bob-3", "bob-2", "bob-1"]


async def test_a_mailbox_that_fails_in_the_middle_ends_with_what_came_and_its_error(bench: Bench) -> None:
    ann = await bench.enrol("ann", 5)
    steps: list[Step] = []
    async with bench.queries.asking(MailQuestion(), ["ann"]) as coming:
        async for step in coming:
            steps.append(step)
            if isinstance(step, MailsFound):
                bench.mailbox.refuse(ann, ThrottledError("Wait."))
    end = ends(steps)["ann"]
    assert code(end) == "THROTTLED"
    assert 0 < end.mails < 5
    assert len(ids(steps, "ann")) == end.mails


async def test_an_account_comes_once_however_it_is_named(bench: Bench) -> None:
    await bench.enrol("ann", 1)
    steps = await bench.ask(["ann", "ANN", "ann"])
    assert ids(steps, "ann") == ["ann-1"]
    assert list(ends(steps)) == ["ann"]


async def test_everybody_means_those_who_may_be_used_and_the_others_are_named(bench: Bench) -> None:
    for user_id in ("ann", "bob", "eve"):
        await bench.enrol(user_id, 1)
    await bench.rig.operator.lock("bob", actor="test", reason="test")
    steps = await bench.ask(None)
    assert set(ends(steps)) == {"ann", "eve"}
    left_out = [step for step in steps if isinstance(step, MailboxLeftOut)]
    assert left_out == [MailboxLeftOut(user_id="bob", status=AccountStatus.LOCKED)]


async def test_a_locked_account_that_is_named_is_asked_and_the_token_service_refuses(bench: Bench) -> None:
    """Who names an account is told why nothing comes: whatever hands out tokens decides, and not this."""
    await bench.enrol("bob", 1)
    await bench.rig.operator.lock("bob", actor="test", reason="test")
    assert "bob" in ends(await bench.ask(["bob"]))


async def test_a_folder_is_found_in_each_mailbox_anew(bench: Bench) -> None:
    for user_id in ("ann", "bob"):
        owner = await bench.enrol(user_id, 2)
        folder = bench.mailbox.add_folder(owner, "Projects")
        bench.mailbox.move(owner, f"{user_id}-1", folder.folder_id)
    steps = await bench.ask(["ann", "bob"], MailQuestion(folder="projects", with_folders=True))
    assert (ids(steps, "ann"), ids(steps, "bob")) == (["ann-1"], ["bob-1"])
    begun = [step for step in steps if isinstance(step, MailboxBegun)]
    assert all("Projects" in step.folders.values() for step in begun)


@pytest.mark.parametrize(
    ("wanted", "said"), [("Projcts", "did you mean 'Inbox/Projects'?"), ("zzzzzz", "inbox, drafts, sentitems")]
)
async def test_an_unknown_folder_is_that_mailboxs_failure_and_the_nearest_are_named(
    bench: Bench, wanted: str, said: str
) -> None:
    owner = await bench.enrol("ann", 1)
    bench.mailbox.add_folder(owner, "Projects", bench.mailbox.folder_id(owner, FolderRole.INBOX))
    error = ends(await bench.ask(["ann"], MailQuestion(folder=wanted)))["ann"].error
    assert isinstance(error, NotFoundError)
    assert error.error_code == "FOLDER_UNKNOWN"
    assert said in error.message


async def test_unreadable_mails_and_truncated_answers_are_counted(bench: Bench) -> None:
    owner = await bench.enrol("ann", 5)
    bench.mailbox.search_limit = 3
    bench.mailbox.damage(owner, "ann-5", b"{}", "no subject")
    question = MailQuestion(mail_filter=MailFilter(phrases=("subject",)))
    end = ends(await bench.ask(["ann"], question))["ann"]
    assert (end.mails, end.unreadable, end.truncated) == (3, 1, True)
    (record,) = bench.log.records
    assert (record.mails, record.unreadable, record.truncated) == (3, 1, True)


async def test_an_account_without_an_application_fails_alone(bench: Bench) -> None:
    await bench.enrol("ann", 1)
    queries = attrs.evolve(bench.queries, applications=Applications())
    async with queries.asking(MailQuestion(), ["ann"]) as steps:
        end = ends([step async for step in steps])["ann"]
    assert isinstance(end.error, ConfigurationError)


async def test_an_application_of_its_own_names_the_mailbox_by_its_address(bench: Bench) -> None:
    own = attrs.evolve(APPLICATION, client_id="own", flow=AuthFlow.CLIENT_CREDENTIALS)
    await bench.rig.enrol("kim", own)
    assert await bench.queries.owner("KIM") == MailboxOwner(user_id="kim", address="kim@office.example")
    await bench.rig.enrol("lee")
    assert await bench.queries.owner("lee") == MailboxOwner(user_id="lee")
    with pytest.raises(NotFoundError):
        await bench.queries.owner("nobody")


async def test_every_query_is_logged_with_its_filter_counts_duration_and_error(bench: Bench) -> None:
    ann = await bench.enrol("ann", 3)
    mail_filter = MailFilter(unread=True)
    await bench.ask(["ann"], MailQuestion(mail_filter=mail_filter, folder="inbox", newest=2))
    bench.mailbox.refuse(ann, ThrottledError("Wait."))
    await bench.ask(["ann", "nobody"])
    good, bad, unknown = bench.log.records
    assert (good.user_id, good.folder, good.newest, good.mails, good.error_code) == ("ann", "inbox", 2, 2, None)
    assert good.mail_filter == mail_filter
    assert {bad.error_code, unknown.error_code} == {"THROTTLED", "ACCOUNT_UNKNOWN"}


@attrs.define(eq=False)
class SlowMailbox(MemoryMailbox):
    """Counts who is asking, and waits for `gate`; `two` is set as soon as two are asking."""

    gate: asyncio.Event = attrs.field(factory=asyncio.Event)
    two: asyncio.Event = attrs.field(factory=asyncio.Event)
    asking: int = 0
    most: int = 0
    pages: int = 0
    ended: int = 0

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        self.asking += 1
        self.most = max(self.most, self.asking)
        if self.asking == 2:
            self.two.set()
        try:
            await self.gate.wait()
            async for page in super().query(owner, mail_filter, parts=parts, newest=newest):
                self.pages += 1
                yield page
        finally:
            self.asking -= 1
            self.ended += 1


async def test_no_more_mailboxes_are_asked_at_once_than_allowed_and_no_more_tasks_exist() -> None:
    mailbox = SlowMailbox(page_size=2)
    async with open_bench(mailbox, at_once=3) as bench:
        for number in range(30):
            await bench.enrol(f"user{number:02}", 1)
        before = len(asyncio.all_tasks())
        async with bench.queries.asking(MailQuestion()) as steps:
            while mailbox.asking < 3:
                await anext(steps)
            assert len(asyncio.all_tasks()) <= before + 3 + 2, "the three, and who begins them"
            mailbox.gate.set()
            assert len(ends([step async for step in steps])) == 30
    assert mailbox.most == 3


async def test_whoever_takes_slowly_holds_the_mailboxes_back() -> None:
    """Of each mailbox one page at most has come that nobody took, and one more is with whoever hands over."""
    mailbox = SlowMailbox(page_size=1)
    mailbox.gate.set()
    async with open_bench(mailbox) as bench:
        for user_id in ("ann", "bob"):
            await bench.enrol(user_id, 50)
        async with bench.queries.asking(MailQuestion(), ["ann", "bob"]) as steps:
            taken = 0
            async for step in steps:
                taken += isinstance(step, MailsFound)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert mailbox.pages <= taken + 3
                if taken == 10:
                    break


async def test_leaving_early_ends_every_query_and_logs_that_it_was_given_up() -> None:
    mailbox = SlowMailbox(page_size=1)
    mailbox.gate.set()
    async with open_bench(mailbox) as bench:
        for user_id in ("ann", "bob"):
            await bench.enrol(user_id, 50)
        before = asyncio.all_tasks()
        async with bench.queries.asking(MailQuestion(), ["ann", "bob"]) as steps:
            await anext(step async for step in steps if isinstance(step, MailsFound))
        assert asyncio.all_tasks() == before
        assert mailbox.asking == 0
        assert {record.error_code for record in bench.log.records} == {INTERRUPTED}


async def test_cancelling_ends_every_query() -> None:
    mailbox = SlowMailbox(page_size=1)
    async with open_bench(mailbox) as bench:
        for user_id in ("ann", "bob"):
            await bench.enrol(user_id, 1)
        asking = asyncio.create_task(bench.ask())
        await mailbox.two.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (mailbox.asking, mailbox.ended) == (0, 2)
        assert [record.error_code for record in bench.log.records] == [INTERRUPTED, INTERRUPTED]


async def test_the_time_in_which_nobody_takes_is_not_the_mailboxs() -> None:
    mailbox = SlowMailbox(page_size=1)
    async with open_bench(mailbox) as bench:
        await bench.enrol("ann", 4)
        async with bench.queries.asking(MailQuestion(), ["ann"]) as steps:
            await anext(steps)
            await bench.rig.clock.advance(timedelta(seconds=4))
            mailbox.gate.set()
            async for step in steps:
                await bench.rig.clock.advance(timedelta(0))  # now everything waits for the taker
                if isinstance(step, MailsFound):
                    await bench.rig.clock.advance(timedelta(hours=1))
        assert [record.duration for record in bench.log.records] == [timedelta(seconds=4)]


async def test_accounts_that_cannot_be_read_end_the_whole(bench: Bench) -> None:
    await bench.enrol("ann", 1)

    class Broken:
        """A store that fails."""

        async def page(self, **_: object) -> None:
            raise DatabaseError("The disk is gone.")

    queries = attrs.evolve(bench.queries, accounts=Broken())  # type: ignore[arg-type]  # only this is called
    with pytest.raises(IACSGraphError, match="The disk is gone"):
        await attrs.evolve(bench, queries=queries).ask()


async def test_more_accounts_than_a_page_of_the_store_are_all_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.mail_queries.PAGE", 2)
    for number in range(5):
        await bench.enrol(f"user{number}", 1)
    assert len(ends(await bench.ask())) == 5
