"""What is SQLite's own in the stores of mail: faults, indexes, and what stands in columns."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from adapters.sqlite.unreadable_rows import MOST_RAW_BYTES
from domain.correspondence.analysis import Analysis
from domain.correspondence.vocabulary import DropReason
from domain.errors import DatabaseError, ValidationError
from domain.mail import UnreadableMail
from domain.mail_results import EmailInfo, Processed
from domain.mail_sync import FolderNews, FolderSync, Stored
from tests.adapters.sqlite.mail_office import KEY, Office, open_office, quick_path
from tests.adapters.sqlite.schema import locked
from tests.contracts.mail_samples import announced, deleted, dropped, failed, info, mail, mails
from tests.contracts.samples import MINUTE, NOW

SMALL = ("SCAN asked VIRTUAL TABLE", "SCAN y")
"""What was asked for, and one row for each account."""
FEW = ("SEARCH u USING INDEX unreadable_mails_by_folder", "SCAN y")
"""What one account could not read, and the accounts, may be sorted."""


@pytest.fixture
def path() -> Iterator[Path]:
    with quick_path() as path:
        yield path


@pytest.fixture
async def office(path: Path) -> AsyncIterator[Office]:
    async with open_office(path) as office:
        yield office


async def test_a_codec_that_fails_leaves_nothing_finished(office: Office) -> None:
    await office.tell(mail("m1", subject="fine"), mail("m2", subject="fail"), mail("m3"))
    first, second, third = await office.queue.claim("me", NOW, MINUTE, 10)
    for attempt in ([announced(first), announced(second), dropped(third)], [announced(second)]):
        with pytest.raises(RuntimeError):
            await office.queue.finish("me", NOW, attempt)
        assert (await office.count("mail_results"), await office.count("mail_queue")) == (0, 3)
        assert await office.count("first_announcements") == 0
    assert len(await office.queue.finish("me", NOW, [announced(first)], [failed(second)])) == 2


async def test_a_value_that_cannot_be_stored_and_is_unicode_is_an_error(office: Office) -> None:
    await office.tell(mail("m1"))
    (claimed,) = await office.queue.claim("me", NOW, MINUTE, 1)
    naive = attrs.evolve(mail("m2"), sent_at=NOW.replace(tzinfo=None))
    with pytest.raises(ValidationError):
        await office.tell(naive)
    assert await office.count("mails") == 1
    assert list(await office.queue.finish("me", NOW, [announced(claimed)])) == [claimed.mail_id]


async def test_a_full_disk_leaves_everything_as_it_was(office: Office) -> None:
    await office.tell(mail("m1"))
    (claimed,) = await office.queue.claim("me", NOW, MINUTE, 1)
    (row,) = await office.database.fetch_all("PRAGMA page_count")
    limit = f"PRAGMA max_page_count = {row['page_count'] + 2}"
    await office.database.write(lambda connection: connection.execute(limit).fetchall())
    long = "x" * 100_000
    found = Processed(mail_id=claimed.mail_id, info=EmailInfo(**attrs.asdict(info(), recurse=False) | {"body": long}))
    for attempt in (office.tell(mail("m2", preview=long)), office.queue.finish("me", NOW, [found])):
        with pytest.raises(DatabaseError) as caught:
            await attempt
        assert (caught.value.error_code, caught.value.transient) == ("DATABASE_FULL", True)
    assert (await office.count("mails"), await office.count("mail_results")) == (1, 0)
    await office.database.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchall())
    assert await office.tell(mail("m2", preview=long)) == Stored(new=1)


async def test_a_locked_database_is_a_passing_error(office: Office, path: Path) -> None:
    await office.tell(mail("m1"))
    with locked(path):
        assert len(await office.store.folders(office.account_id)) == 1, "reading needs no lock"
        for asked in (
            office.tell(mail("m2")),
            office.queue.claim("me", NOW, MINUTE, 1),
            office.queue.release("me"),
            office.queue.restore(office.mail_id("m1"), "operator", NOW),
            office.analyses.keep(KEY, Analysis(), NOW),
        ):
            with pytest.raises(DatabaseError) as caught:
                await asked
            assert caught.value.transient


async def test_looking_into_an_empty_queue_needs_no_lock(office: Office, path: Path) -> None:
    with locked(path):
        assert await office.claimed() == []


async def test_no_error_quotes_what_stands_in_a_mail(office: Office) -> None:
    naive = mail("m1", subject="canary-subject", preview="canary-preview", sent_at=NOW.replace(tzinfo=None))
    with pytest.raises(ValidationError) as caught:
        await office.tell(naive)
    assert "canary" not in f"{caught.value!r} {caught.value.details} {caught.value.__cause__!r}"
    sync = FolderSync.begun(office.account_id, "inbox", "Inbox", None)
    news = FolderNews(mails=[mail("m1", subject="canary", body=None)])
    assert "canary" not in repr((sync, news, office.store))


async def test_who_restored_and_when_is_stored_and_why_it_had_been_dropped_remains(office: Office) -> None:
    await office.tell(mail("m1"))
    (claimed,) = await office.queue.claim("me", NOW, MINUTE, 1)
    await office.queue.finish("me", NOW, [dropped(claimed, DropReason.NO_REPLY)])
    await office.queue.restore(claimed.mail_id, "operator Kim", NOW + MINUTE)
    (again,) = await office.queue.claim("me", NOW, MINUTE, 1)
    await office.queue.finish("me", NOW + 2 * MINUTE, [announced(again)])
    (row,) = await office.database.fetch_all("SELECT * FROM mail_results")
    assert (row["restored_by"], row["restored_at"]) == ("operator Kim", "2026-03-01T12:01:00.000000Z")
    assert (row["drop_reason"], row["dropped_at"]) == ("no_reply", "2026-03-01T12:00:00.000000Z")
    assert row["announced_at"] == "2026-03-01T12:02:00.000000Z"


async def test_what_was_found_is_kept_without_the_body(office: Office) -> None:
    await office.tell(mail("m1"))
    (claimed,) = await office.queue.claim("me", NOW, MINUTE, 1)
    found = info(subject="Subject", body="the body", keywords=("hull",))
    await office.queue.finish("me", NOW, [Processed(mail_id=claimed.mail_id, info=found)])
    (row,) = await office.database.fetch_all("SELECT info FROM mail_results")
    kept = json.loads(row["info"])
    assert kept.keys() == {field.name for field in attrs.fields(EmailInfo)} - {"body"}
    assert (kept["subject"], kept["keywords"], kept["received_time"]) == ("Subject", ["hull"], "2026-03-01T12:00:00Z")


async def test_what_came_of_an_unreadable_message_is_kept_up_to_a_bound(office: Office) -> None:
    raw = b"{" * (MOST_RAW_BYTES + 1)
    for message_id in ("u1", None):
        await office.tell(unreadable=[UnreadableMail(message_id=message_id, raw=raw, problem="p")])
    rows = await office.database.fetch_all("SELECT raw FROM unreadable_mails")
    assert [row["raw"] for row in rows] == [raw[:MOST_RAW_BYTES]] * 2


async def test_marking_a_mail_as_met_or_read_writes_no_body(office: Office) -> None:
    """The row of the body is the same as before, which a trigger would notice."""
    await office.tell(mail("m1"))
    await office.database.execute_script(
        "CREATE TRIGGER kept BEFORE UPDATE ON mail_contents BEGIN SELECT RAISE(ABORT, 'written'); END"
    )
    assert await office.tell(mail("m1", version="2", is_read=True)) == Stored(changed=1)
    assert await office.tell(departures=[deleted("m1")]) == Stored(deleted=1)


async def test_no_statement_goes_through_a_whole_table_or_sorts_it(office: Office) -> None:
    """What the adapters really execute is explained, statement by statement; the counts go through an index."""
    executed: list[str] = []
    for run in (office.database.read, office.database.write):
        await run(lambda connection: connection.set_trace_callback(executed.append))
    unreadable = [UnreadableMail(message_id=each, raw=b"", problem="p") for each in ("u", None)]
    await office.tell(*mails("m1", "m2", "m3", "m4"), unreadable=unreadable)
    await office.tell(mail("m1", version="2", headers=()), departures=[deleted("m2")], recovered=["u"])
    first, second, third, _ = await office.queue.claim("me", NOW, MINUTE, 10)
    await office.queue.finish("me", NOW, [announced(first), dropped(second)], [failed(third)])
    await office.queue.release("me")
    await office.claimed(only=[office.mail_id("m4")])
    await office.claimed(late=True)
    await office.queue.restore(second.mail_id, "operator", NOW)
    await office.queue.wait(timedelta(0))
    await office.store.folders(office.account_id)
    await office.store.known(office.account_id, ["m1"])
    await office.store.unmet(FolderSync.begun(office.account_id, "inbox", "Inbox", None), 10)
    await office.store.message_ids(office.account_id, "inbox", after="a")
    await office.store.unreadable(office.account_id)
    await office.archive.dropped(office.account_id, after=second.mail_id)
    await office.archive.counts()
    await office.analyses.keep(KEY, Analysis(), NOW)
    for run in (office.database.read, office.database.write):
        await run(lambda connection: connection.set_trace_callback(None))
    assert any("first_announcements" in each for each in executed)
    for statement in set(executed):
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
            plan = await office.database.fetch_all(f"EXPLAIN QUERY PLAN {statement}")
            assert list(_slow(str(step["detail"]) for step in plan)) == [], statement


def _slow(steps: Iterable[str]) -> Iterable[str]:
    found = list(steps)
    few = any(step.startswith(FEW) for step in found)
    for step in found:
        whole = step.startswith("SCAN") and "USING" not in step and not step.startswith(SMALL)
        if whole or ("TEMP B-TREE" in step and not few):
            yield step
