"""Rows of mail that were damaged or edited by hand hurt nobody else."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import pytest

from adapters.sqlite.mail_claims import MALFORMED
from domain.correspondence.analysis import Analysis
from domain.errors import DatabaseError
from domain.mail_sync import FolderNews, FolderSync, Stored
from tests.adapters.sqlite.mail_office import KEY, Office, open_office, quick_path
from tests.contracts.mail_samples import dropped, mail, mails
from tests.contracts.samples import MINUTE, NOW


@pytest.fixture
def path() -> Iterator[Path]:
    with quick_path() as path:
        yield path


@pytest.fixture
async def office(path: Path) -> AsyncIterator[Office]:
    async with open_office(path) as office:
        yield office


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("mail_details", "received_at = 'then'"),
        ("mail_details", "received_at = x'ff'"),
        ("mail_details", "subject = CAST(x'ff' AS TEXT)"),
        ("mail_details", "subject = x'74'"),
        ("mail_details", "sender = '[]'"),
        ("mail_details", "sender = '\"x\"'"),
        ("mail_details", f"to_recipients = '{'[' * 100_000}'"),
        ("mail_details", """categories = '["\\ud800"]'"""),
        ("mail_details", "importance = 'some'"),
        ("mail_contents", "body = CAST(x'ff' AS TEXT)"),
        ("mail_contents", "body_format = 'rtf'"),
        ("mail_contents", "headers = '{}'"),
        ("mail_contents", """attachments = '[{"name": null}]'"""),
        ("mails", "message_id = CAST('m2' || x'ff' AS TEXT)"),
    ],
)
async def test_a_damaged_mail_is_passed_over_counts_as_failing_and_keeps_no_other_waiting(
    office: Office, table: str, damage: str
) -> None:
    await office.tell(*mails("m1", "m2", "m3"))
    await office.damage(table, damage, "m2")
    assert await office.claimed() == ["m1", "m3"]
    assert await office.claimed() == []
    depth = await office.queue.depth()
    assert (depth.new, depth.failing) == (3, 1)
    (row,) = await office.database.fetch_all("SELECT problem, owner FROM mail_queue WHERE problem IS NOT NULL")
    assert (row["problem"], row["owner"]) == (MALFORMED, None)


async def test_mails_behind_damaged_ones_are_reached_at_once(office: Office) -> None:
    await office.tell(*mails("m1", "m2", "m3"))
    for message_id in ("m1", "m2"):
        await office.damage("mail_details", "received_at = ''", message_id)
    assert await office.claimed(limit=1) == ["m3"]
    await office.tell(mail("m4"))
    await office.damage("mail_details", "received_at = ''", "m4")
    assert await office.claimed() == []


async def test_a_damaged_mail_that_is_repaired_comes_after_a_day_or_when_it_is_named(office: Office) -> None:
    await office.tell(*mails("m1", "m2"))
    for message_id in ("m1", "m2"):
        await office.damage("mail_details", "importance = ''", message_id)
    assert await office.claimed() == []
    assert await office.claimed(only=[office.mail_id("m1")]) == []
    for message_id in ("m1", "m2"):
        await office.damage("mail_details", "importance = 'low'", message_id)
    assert await office.claimed() == []
    assert await office.claimed(only=[office.mail_id("m1")]) == ["m1"]
    assert await office.claimed(late=True) == ["m2"]


async def test_a_mail_without_its_details_is_damaged(office: Office) -> None:
    await office.tell(*mails("m1", "m2"))
    await office.database.execute("DELETE FROM mail_details WHERE subject = 'About m1'")
    assert await office.claimed() == ["m2"]


@pytest.mark.parametrize("column", ["until", "retry_at"])
@pytest.mark.parametrize("value", ["''", "'soon'", "x'ff'", "CAST(x'ff' AS TEXT)", "7"])
async def test_a_time_in_the_queue_that_is_unreadable_keeps_no_mail_back(
    office: Office, column: str, value: str
) -> None:
    await office.tell(mail("m1"))
    await office.queue.claim("other", NOW, MINUTE, 1)
    await office.damage("mail_queue", "until = NULL", "m1")
    await office.damage("mail_queue", f"{column} = {value}", "m1")
    assert await office.claimed() == ["m1"]


async def test_an_unreadable_time_of_storing_does_not_keep_others_from_being_counted(office: Office) -> None:
    await office.tell(mail("m1"))
    await office.damage("mail_queue", "queued_at = CAST(x'00ff' AS TEXT)", "m1")
    depth = await office.queue.depth()
    assert (depth.new, depth.oldest_at) == (1, None)


async def test_a_page_is_stored_though_a_known_mail_on_it_is_damaged(office: Office) -> None:
    told = mails("m1", "m2")
    await office.tell(*told)
    await office.damage("mails", "version = CAST(x'ff' AS TEXT)", "m1")
    assert await office.tell(*told, mail("m3")) == Stored(new=1, changed=1)
    assert list(await office.store.known(office.account_id, ["m1", "m2"])) == ["m1", "m2"]


async def test_a_page_is_stored_though_two_mails_of_its_folder_go_by_the_same_id(office: Office) -> None:
    told = mails("m1", "m2")
    await office.tell(*told)
    await office.damage("mails", "message_id = 'm1'", "m2")
    sync = FolderSync.begun(office.account_id, "inbox", "Inbox", None).restarted()
    assert await office.store.save(attrs.evolve(sync, revision=1), FolderNews(mails=told[:1]), NOW) == Stored()
    assert await office.store.unmet(sync, 10) == []


async def test_ids_that_are_unreadable_are_left_out(office: Office) -> None:
    await office.tell(*mails("m1", "m2"))
    await office.damage("mails", "message_id = CAST(x'ff' AS TEXT)", "m1")
    assert await office.store.message_ids(office.account_id, "inbox") == ["m2"]
    sync = FolderSync.begun(office.account_id, "inbox", "Inbox", None).restarted()
    assert await office.store.unmet(sync, 10) == ["m2"]
    assert list(await office.store.known(office.account_id, ["m1", "m2"])) == ["m2"]


@pytest.mark.parametrize(
    "damage", ["phase = 'x'", "cursor = x'ff'", "complete_at = 'x'", "since = CAST(x'ff' AS TEXT)"]
)
async def test_a_damaged_state_of_a_folder_is_its_accounts_clear_error(office: Office, damage: str) -> None:
    await office.tell()
    await office.database.execute_script(f"PRAGMA ignore_check_constraints = 1; UPDATE folder_syncs SET {damage}")
    if damage.startswith("cursor"):
        assert len(await office.store.folders(office.account_id)) == 1, "whatever it is, the mailbox will say"
        return
    with pytest.raises(DatabaseError) as caught:
        await office.store.folders(office.account_id)
    assert (caught.value.error_code, caught.value.details["folder_id"]) == ("ROW_MALFORMED", "inbox")
    assert [each.user_id for each in await office.archive.counts()] == ["ann"]


@pytest.mark.parametrize(
    ("table", "damage"),
    [("mail_results", "drop_reason = 'x'"), ("mail_details", "sender = 'x'"), ("mail_details", "received_at = 'x'")],
)
async def test_a_damaged_dropped_mail_is_left_out(office: Office, table: str, damage: str) -> None:
    await office.tell(*mails("m1", "m2"))
    claimed = await office.queue.claim("me", NOW, MINUTE, 10)
    await office.queue.finish("me", NOW, [dropped(each) for each in claimed])
    await office.damage(table, damage, "m1")
    assert [each.mail_id for each in await office.archive.dropped()] == [office.mail_id("m2")]


async def test_an_illegible_subject_of_a_dropped_mail_is_shown_as_far_as_it_is_legible(office: Office) -> None:
    await office.tell(mail("m1"))
    await office.queue.finish("me", NOW, [dropped(each) for each in await office.queue.claim("me", NOW, MINUTE, 1)])
    await office.damage("mail_details", "subject = CAST('a' || x'ff' AS TEXT)", "m1")
    assert [each.subject for each in await office.archive.dropped()] == ["a?"]


async def test_a_damaged_analysis_is_as_none_and_can_be_kept_again(office: Office) -> None:
    for damage in ("deadline = 'x'", "keywords = 'x'", "keywords = CAST(x'ff' AS TEXT)"):
        await office.analyses.keep(KEY, Analysis(keywords=("a",)), NOW)
        await office.database.execute(f"UPDATE analyses SET {damage}")
        assert await office.analyses.find([KEY]) == {}
    await office.analyses.keep(KEY, Analysis(keywords=("b",)), NOW)
    assert await office.analyses.find([KEY]) == {KEY: Analysis(keywords=("b",))}
