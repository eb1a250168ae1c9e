"""The promises of `TokenStore.news`: whatever is written is told to everybody, whoever wrote it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from domain import lifecycle
from ports.token_store import Cursor, News
from tests.contracts.rigs import Rig
from tests.contracts.samples import (
    NOW,
    act,
    due,
    losing_grant,
    recovering,
    renamed,
    signing_in,
    signing_out,
    token,
    unchanged,
)
from tests.contracts.scenes import account_of, enrol, held, lease, sign_in


async def _cursor(rig: Rig) -> Cursor:
    return (await rig.tokens.news(None)).cursor


async def _told(rig: Rig, since: Cursor) -> frozenset[str] | None:
    return await _names(rig, await rig.tokens.news(since))


async def _names(rig: Rig, news: News) -> frozenset[str] | None:
    """Return the user ids that the accounts have now."""
    if news.account_ids is None:
        return None
    accounts = [await rig.accounts.get(account_id) for account_id in news.account_ids]
    return frozenset(account.user_id for account in accounts if account is not None)


async def _locking(rig: Rig) -> None:
    await rig.accounts.save(lifecycle.lock(await account_of(rig), act(), "so"))


async def _signing_in(rig: Rig) -> None:
    await rig.tokens.replace((await held(rig)).account_id, token("2"), due(), signing_in())


async def _signing_out(rig: Rig) -> None:
    await rig.tokens.replace((await held(rig)).account_id, None, None, signing_out())


async def _replacing_the_token_only(rig: Rig) -> None:
    await rig.tokens.replace((await held(rig)).account_id, token("2"), due(), unchanged)


async def _committing(rig: Rig) -> None:
    await rig.tokens.commit(await lease(rig), token("2"), due(), recovering())


async def _failing(rig: Rig) -> None:
    await rig.tokens.fail(await lease(rig), NOW, None, 0, unchanged)


async def _losing_the_grant(rig: Rig) -> None:
    await rig.tokens.fail(await lease(rig), NOW, None, 0, losing_grant())


WRITES = [
    _locking,
    _signing_in,
    _signing_out,
    _replacing_the_token_only,
    _committing,
    _failing,
    _losing_the_grant,
]


async def test_who_has_no_cursor_is_given_one_and_no_user_ids(rig: Rig) -> None:
    await sign_in(rig)
    assert (await rig.tokens.news(None)).account_ids == frozenset()


async def test_without_a_write_there_is_no_news(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await sign_in(rig, "bob")
    cursor = await _cursor(elsewhere)
    await held(rig)
    assert await _told(rig, cursor) == frozenset()
    assert await _told(elsewhere, cursor) == frozenset()


@pytest.mark.parametrize("write", WRITES)
async def test_every_write_is_told_to_every_process(
    rig: Rig, elsewhere: Rig, write: Callable[[Rig], Awaitable[None]]
) -> None:
    await sign_in(rig, "bob")
    await sign_in(rig)
    cursors = [await _cursor(rig), await _cursor(elsewhere)]
    await write(rig)
    for reader, cursor in zip((rig, elsewhere), cursors, strict=True):
        told = await _told(reader, cursor)
        assert told is not None
        assert "ann" in told


async def test_an_enrolment_is_told(rig: Rig, elsewhere: Rig) -> None:
    cursor = await _cursor(elsewhere)
    await enrol(rig)
    assert await _told(elsewhere, cursor) == frozenset({"ann"})


async def test_a_change_of_the_user_id_is_told_under_the_new_one(rig: Rig) -> None:
    await sign_in(rig)
    cursor = await _cursor(rig)
    await rig.accounts.save(renamed(await account_of(rig), "anna"))
    told = await _told(rig, cursor)
    assert told is not None
    assert "anna" in told


async def test_news_add_up_for_each_cursor(rig: Rig) -> None:
    cursors = [await _cursor(rig)]
    for user_id in ("ann", "bob", "cid"):
        await sign_in(rig, user_id)
        cursors.append(await _cursor(rig))
    await _committing(rig)
    expected = [{"ann", "bob", "cid"}, {"ann", "bob", "cid"}, {"ann", "cid"}, {"ann"}]
    assert [await _told(rig, cursor) for cursor in cursors] == list(map(frozenset, expected))


async def test_the_cursor_that_comes_with_news_goes_on_from_there(rig: Rig, elsewhere: Rig) -> None:
    cursor = await _cursor(elsewhere)
    for user_id in ("ann", "bob"):
        await enrol(rig, user_id)
        news = await elsewhere.tokens.news(cursor)
        assert await _names(rig, news) == frozenset({user_id})
        cursor = news.cursor


async def test_a_refused_write_is_no_news(rig: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    await _signing_in(rig)
    cursor = await _cursor(rig)
    with pytest.raises(Exception, match="lease"):
        await rig.tokens.commit(given, token("late"), due(), recovering())
    assert await _told(rig, cursor) == frozenset()


async def test_no_write_is_forgotten_while_several_processes_write(rig: Rig, elsewhere: Rig) -> None:
    user_ids = [f"user {number}" for number in range(10)]
    for user_id in user_ids:
        await enrol(rig, user_id)
    cursor = await _cursor(rig)
    heard: set[str] = set()

    async def write(user_id: str, writer: Rig) -> None:
        account = await account_of(writer, user_id)
        await writer.accounts.save(lifecycle.lock(account, act(), "so"))

    async def listen(since: Cursor) -> None:
        while len(heard) < len(user_ids):
            news = await rig.tokens.news(since)
            heard.update(await _names(rig, news) or ())
            since = news.cursor
            await asyncio.sleep(0)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(listen(cursor))
        for number, user_id in enumerate(user_ids):
            group.create_task(write(user_id, (rig, elsewhere)[number % 2]))
    assert heard == set(user_ids)


async def test_very_many_writes_are_told_one_by_one_or_as_too_many(rig: Rig) -> None:
    await enrol(rig)
    cursor = await _cursor(rig)
    await rig.crowd(10_001)
    news = await rig.tokens.news(cursor)
    assert news.account_ids is None or len(news.account_ids) >= 10_001
    assert await _told(rig, news.cursor) == frozenset()
