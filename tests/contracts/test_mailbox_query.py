"""The promises of `Mailbox.query`."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import NotFoundError
from domain.mail import FolderRole, Importance, MailPart
from domain.mail_filter import MailFilter
from modules.simulator.mail.content import Address, Draft, File
from tests.contracts.letters import KIM, NOON, OFFICE, draft
from tests.contracts.mailbox_benches import BENCHES, FAILURES, PAGE_SIZE, MailboxBench, Opening
from tests.contracts.mailbox_scenes import EVERYTHING, NOTHING, deliver_several, found, pages
from tests.contracts.scenes import refusal

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
FILE = File(name="a.pdf", content_type="application/pdf", content=b"content")
PICTURE = File(name="a.png", content_type="image/png", content=b"content", is_inline=True, content_id="a")
LETTERS: dict[str, Draft] = {
    "early": draft(1, received_at=NOON - HOUR),
    "at noon": draft(2, received_at=NOON),
    "late": draft(3, received_at=NOON + HOUR),
    "from lee": draft(4, sender=Address("Lee.Kim@ship.example", "Lee (Master)"), received_at=NOON - 2 * HOUR),
    "to many": draft(
        5,
        received_at=NOON - 3 * HOUR,
        to=(Address("a@x.example"), OFFICE),
        cc=(Address("cc+yard@owner.example", "The Cc"),),
        bcc=(Address("bcc@owner.example"),),
    ),
    "read": draft(6, is_read=True, received_at=NOON - 4 * HOUR),
    "urgent": draft(7, importance="high", received_at=NOON - 5 * HOUR),
    "lazy": draft(8, importance="low", received_at=NOON - 6 * HOUR),
    "with file": draft(9, attachments=(FILE, PICTURE), received_at=NOON - 7 * HOUR),
    "with picture": draft(10, attachments=(PICTURE,), received_at=NOON - 8 * HOUR),
    "survey": draft(
        11,
        subject="Re: Hull-survey: 선체 50% & 'more'",
        body="<p>Docking<br>on Monday</p>",
        received_at=NOON - 9 * HOUR,
    ),
    "draft": draft(12, sender=None, to=(), is_draft=True, received_at=NOON - 10 * HOUR),
}
"""By a name; some hours apart, so that their order is known."""
ALL = list(LETTERS)
OLDER = [name for name in ALL if name not in {"early", "at noon", "late"}]


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[MailboxBench]:
    async with BENCHES[request.param]() as opened:
        yield opened


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({}, ALL),
        ({"since": NOON}, ["at noon", "late"]),
        ({"since": NOON + TICK}, ["late"]),
        ({"since": NOON - TICK}, ["at noon", "late"]),
        ({"before": NOON}, ["early", *OLDER]),
        ({"before": NOON + TICK}, ["early", "at noon", *OLDER]),
        ({"since": NOON, "before": NOON + HOUR}, ["at noon"]),
        ({"sender": "lee.kim@SHIP.example"}, ["from lee"]),
        ({"sender": "kim@ship.example"}, []),
        ({"sender": "(master)"}, ["from lee"]),
        ({"sender": "kim@"}, ["from lee"]),
        ({"sender": "kim"}, [name for name in ALL if name != "draft"]),
        ({"recipient": "A@x.example"}, ["to many"]),
        ({"recipient": "cc+yard@owner.example"}, ["to many"]),
        ({"recipient": "bcc@owner.example"}, ["to many"]),
        ({"recipient": "the c"}, ["to many"]),
        ({"recipient": "kim"}, []),
        ({"recipient": "OFFICE@owner.example"}, [name for name in ALL if name != "draft"]),
        ({"subject": "hull-SURVEY"}, ["survey"]),
        ({"subject": "ull-sur"}, ["survey"]),
        ({"subject": "50% & 'more'"}, ["survey"]),
        ({"subject": "no such subject"}, []),
        ({"phrases": ("hull survey",)}, ["survey"]),
        ({"phrases": ("ull survey",)}, []),
        ({"phrases": ("docking on monday",)}, ["survey"]),
        ({"phrases": ('선체 "50%"', "monday")}, ["survey"]),
        ({"phrases": ("monday docking",)}, []),
        ({"phrases": ("lee (master)",)}, ["from lee"]),
        ({"unread": False}, ["read"]),
        ({"unread": True}, [name for name in ALL if name != "read"]),
        ({"importance": Importance.HIGH}, ["urgent"]),
        ({"importance": Importance.LOW}, ["lazy"]),
        ({"importance": Importance.NORMAL}, [name for name in ALL if name not in {"urgent", "lazy"}]),
        ({"has_attachments": True}, ["with file"]),
        ({"has_attachments": False}, [name for name in ALL if name != "with file"]),
        ({"subject": "letter", "importance": Importance.HIGH, "sender": "kim"}, ["urgent"]),
        ({"phrases": ("letter",), "since": NOON, "before": NOON + TICK}, ["at noon"]),
        ({"phrases": ("letter",), "unread": False, "recipient": "office"}, ["read"]),
        ({"phrases": ("letter",), "has_attachments": True, "sender": KIM.address}, ["with file"]),
        ({"recipient": OFFICE.address, "importance": Importance.LOW, "subject": "letter 8"}, ["lazy"]),
        ({"recipient": "office", "importance": Importance.HIGH}, ["urgent"]),
    ],
)
async def test_the_mails_that_meet_the_filter_are_found(
    bench: MailboxBench, conditions: dict[str, Any], names: list[str]
) -> None:
    ids = {bench.deliver(letter): name for name, letter in LETTERS.items()}
    answer = await found(bench, **conditions)
    assert sorted(ids[message_id] for message_id in answer) == sorted(names)
    newest = await found(bench, newest=2, **conditions)
    by_age = sorted(names, key=lambda name: LETTERS[name].received_at, reverse=True)
    assert [ids[message_id] for message_id in newest] == by_age[:2]


async def test_the_whole_mailbox_is_asked_unless_a_folder_is_named(bench: MailboxBench) -> None:
    archive = bench.folder_id(FolderRole.ARCHIVE)
    inside = bench.add_folder("Inside", archive)
    placed = {each: bench.deliver(draft(number), each) for number, each in enumerate([archive, inside])}
    there = [bench.deliver(draft(5)), *placed.values(), bench.deliver(draft(6), bench.folder_id(FolderRole.DELETED))]
    assert sorted(await found(bench)) == sorted(there)
    for folder_id, message_id in placed.items():
        for conditions in ({}, {"subject": "letter"}, {"phrases": ("letter",)}, {"recipient": OFFICE.address}):
            assert await found(bench, folder_id=folder_id, **conditions) == [message_id]


async def test_a_folder_that_does_not_exist_is_told(bench: MailboxBench) -> None:
    unknown = f"{bench.folder_id(FolderRole.INBOX)[:-4]}AAAA"
    with refusal(NotFoundError, "FOLDER_UNKNOWN"):
        await found(bench, folder_id=unknown)


async def test_pages_come_newest_first_whatever_came_first(bench: MailboxBench) -> None:
    by_number = {number: bench.deliver(draft(number)) for number in (4, 1, 6, 0, 3, 5, 2)}
    expected = [by_number[number] for number in sorted(by_number, reverse=True)]
    for conditions in ({}, {"unread": True}, {"sender": KIM.address}, {"phrases": ("letter",)}):
        assert await found(bench, **conditions) == expected


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE])
async def test_each_mail_comes_once_in_pages_that_are_not_large(bench: MailboxBench, count: int) -> None:
    ids = deliver_several(bench, count)
    answer = await pages(bench)
    assert [mail.message_id for page in answer for mail in page.mails] == ids
    assert all(len(page.mails) <= PAGE_SIZE for page in answer)
    assert not any(page.truncated or page.unreadable for page in answer)


async def test_what_is_meant_is_found_behind_pages_of_what_is_not(bench: MailboxBench) -> None:
    """The server cannot look for a part of a recipient: whole pages may be left out, and are empty then."""
    rare = [bench.deliver(draft(number, to=(Address("x@x.example", "Rarely"),))) for number in (0, 5)]
    for number in (1, 2, 3, 4, *range(6, 6 + 3 * PAGE_SIZE)):
        bench.deliver(draft(number))
    assert await found(bench, recipient="arel") == rare[::-1]
    assert await found(bench, newest=1, recipient="arel") == rare[1:]


@pytest.mark.parametrize("newest", [1, PAGE_SIZE, PAGE_SIZE + 2, 100])
@pytest.mark.parametrize("conditions", [{}, {"subject": "letter"}, {"phrases": ("letter",)}, {"recipient": "office"}])
async def test_only_the_newest_come_if_so_wanted(bench: MailboxBench, conditions: dict[str, Any], newest: int) -> None:
    ids = deliver_several(bench, 3 * PAGE_SIZE)
    assert await found(bench, newest=newest, **conditions) == ids[:newest]


async def test_pages_are_fetched_as_they_are_asked_for(bench: MailboxBench) -> None:
    """What goes wrong between two of them goes wrong then."""
    ids = deliver_several(bench, 2 * PAGE_SIZE)
    answer = bench.mailbox.query(bench.owner, MailFilter(), parts=NOTHING)
    first = await anext(answer)
    assert [mail.message_id for mail in first.mails] == ids[:PAGE_SIZE]
    with bench.failing(FAILURES["not enabled"]), refusal(NotFoundError, "MAILBOX_NOT_ENABLED"):
        await anext(answer)


async def test_parts_come_with_every_page(bench: MailboxBench) -> None:
    deliver_several(bench, PAGE_SIZE + 1, body="<p>Docking</p>", attachments=(FILE,))
    for phrases in ((), ("docking",)):
        answer = await pages(bench, MailFilter(phrases=phrases), parts=EVERYTHING)
        mails = [mail for page in answer for mail in page.mails]
        assert len(mails) == PAGE_SIZE + 1
        for mail in mails:
            assert mail.body is not None
            assert mail.body.content == "<p>Docking</p>"
            assert [each.name for each in mail.attachments or ()] == [FILE.name]
            assert mail.headers is not None


async def test_bodies_come_as_text_with_every_page(bench: MailboxBench) -> None:
    deliver_several(bench, PAGE_SIZE + 1, body="<p>Docking</p>")
    answer = await pages(bench, parts={MailPart.TEXT_BODY})
    texts = [mail.body.content.strip() for page in answer for mail in page.mails if mail.body is not None]
    assert texts == ["Docking"] * (PAGE_SIZE + 1)


async def test_what_is_found_is_the_same_mail_that_can_be_read(bench: MailboxBench) -> None:
    message_id = bench.deliver(LETTERS["with file"])
    ((mail,),) = [page.mails for page in await pages(bench, parts=EVERYTHING)]
    assert mail == await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING)


async def test_a_mail_that_does_not_fit_costs_no_other_one(bench: MailboxBench) -> None:
    ids = deliver_several(bench, PAGE_SIZE)
    bench.damage(ids[0])
    answer = await pages(bench)
    readable = [mail.message_id for page in answer for mail in page.mails]
    (unreadable,) = [each for page in answer for each in page.unreadable]
    assert sorted([*readable, unreadable.message_id or ""]) == sorted(ids)
    assert unreadable.raw
    assert unreadable.problem


async def test_a_mail_that_cannot_be_read_is_in_the_answer_whether_or_not_it_is_meant(bench: MailboxBench) -> None:
    ids = deliver_several(bench, 2)
    bench.damage(ids[0])
    answer = await pages(bench, MailFilter(recipient="nobody"))
    assert [mail for page in answer for mail in page.mails] == []
    assert len([each for page in answer for each in page.unreadable]) == 1


@pytest.mark.parametrize("open_bench", BENCHES.values(), ids=BENCHES)
async def test_what_the_server_does_not_give_is_told(open_bench: Opening) -> None:
    """More than a thousand mails are found only by other conditions than words."""
    async with open_bench(page_size=300) as bench:
        ids = bench.crowd(draft(number) for number in range(1003))[::-1]
        answer = await pages(bench, MailFilter(phrases=("letter",)))
        assert [mail.message_id for page in answer for mail in page.mails] == ids[:1000]
        assert [page.truncated for page in answer] == [False] * (len(answer) - 1) + [True]
        assert len(await found(bench, since=NOON)) == 1003
        assert len(await found(bench, subject="letter")) == 1003
        assert await found(bench, phrases=("letter 77",)) == [ids[1002 - 77]]
