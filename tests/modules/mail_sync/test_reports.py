"""What the commands print, for people and for programs, and with which exit code they end."""

import json
from collections.abc import AsyncIterator
from datetime import UTC

import attrs
import pytest

from domain.errors import APIConnectionError, ReauthenticationRequiredError
from domain.mail import FolderRole
from modules.mail_sync.reconciling import print_report
from modules.mail_sync.schema import FolderLine, ReconcileReport
from modules.mail_sync.standing import print_stats, stats
from tests.fakes.mailboxes import HookedMailbox
from tests.modules.mail_sync.desk import Desk, open_desk

Output = pytest.CaptureFixture[str]
RIGHT = FolderLine(
    folder="Inbox",
    synced=True,
    mails=1,
    missing=(),
    superfluous=(),
    unreadable=0,
    pending=0,
    repaired=0,
    complete_at=None,
)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Nobody is enrolled."""
    async with open_desk() as opened:
        yield opened


async def test_a_sync_ends_with_a_table_of_what_was_stored(desk: Desk, capsys: Output) -> None:
    await desk.enrol("kim", "one", "two", "three")
    assert await desk.sync("kim", zone=UTC) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:5] == ["user", "new", "changed", "moved", "deleted"]
    assert line.split()[:5] == ["kim", "3", "0", "0", "0"]
    assert "2026-01-01 00:00:00+00:00" in line


async def test_programs_read_one_document(desk: Desk, capsys: Output) -> None:
    await desk.enrol("kim", "one")
    await desk.enrol("lee")
    await desk.rig.operator.lock("lee", actor="test", reason="a test")
    assert await desk.sync(as_json=True) == 0
    kim, lee = json.loads(capsys.readouterr().out)["accounts"]
    assert (kim["user"], kim["new"], kim["error"], kim["failed"]) == ("kim", 1, None, [])
    assert kim["folders"] == kim["complete"] == 2
    assert (lee["user"], lee["left_out"]) == ("lee", "LOCKED")


async def test_one_failing_mailbox_is_told_gives_its_exit_code_and_stops_no_other(desk: Desk, capsys: Output) -> None:
    ann = await desk.enrol("ann")
    await desk.enrol("kim", "one")
    desk.mailbox.refuse(ann, ReauthenticationRequiredError("The owner must sign in."))
    assert await desk.sync("ann", "kim", "nobody") == 4
    said = capsys.readouterr()
    assert said.out.splitlines()[2].split()[:2] == ["kim", "1"]
    first, second = said.err.splitlines()
    assert "ann: The owner must sign in." in first
    assert "iacsgraph auth login ann" in first
    assert "'nobody'" in second


async def test_a_locked_account_is_left_out_with_a_note(desk: Desk, capsys: Output) -> None:
    await desk.enrol("lee")
    await desk.rig.operator.lock("lee", actor="test", reason="a test")
    assert await desk.sync() == 0
    assert capsys.readouterr().err == "note: not synced, since LOCKED: lee\n"


async def test_that_nobody_is_enrolled_is_said(desk: Desk, capsys: Output) -> None:
    assert await desk.sync() == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "note: no account is enrolled; see: iacsgraph account enroll\n")
    assert await desk.sync(as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"accounts": []}


async def test_one_mail_waits_and_two_mails_wait(desk: Desk, capsys: Output) -> None:
    await desk.enrol("kim", "one")
    await desk.sync("kim")
    capsys.readouterr()
    print_stats(await stats(desk.stored), UTC, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == "1 mail waits to be processed."


async def test_stats_count_what_is_stored_and_what_waits(desk: Desk, capsys: Output) -> None:
    print_stats(await stats(desk.stored), UTC, as_json=False)
    assert capsys.readouterr().out == "No mailbox was synced yet.\n"
    kim = await desk.enrol("kim", "one", "two")
    await desk.sync("kim")
    desk.mailbox.delete(kim, "two")
    await desk.sync("kim")
    capsys.readouterr()
    print_stats(await stats(desk.stored), UTC, as_json=False)
    heading, line, last = capsys.readouterr().out.splitlines()
    assert dict(zip(heading.split(), line.split(), strict=False))["deleted"] == "1"
    assert last == "2 mails wait to be processed."
    print_stats(await stats(desk.stored), UTC, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["mailboxes"][0]["new"] == 2
    assert document["waiting"] == 2
    assert document["mailboxes"][0]["complete_at"].startswith("2026-01-01T00:00:00")


async def test_a_comparison_says_up_to_when_a_mailbox_is_complete(desk: Desk, capsys: Output) -> None:
    kim = await desk.enrol("kim", "one")
    await desk.sync("kim")
    desk.deliver(kim, "two")
    capsys.readouterr()
    assert await desk.reconcile("kim")
    pending, last = capsys.readouterr().out.splitlines()
    assert pending.startswith("1 mail came, went or changed since the last sync")
    assert last.startswith("kim: complete up to 2026-01-01 ")
    assert last.endswith("2 folders, 2 mails.")


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (
            [attrs.evolve(RIGHT, synced=False), attrs.evolve(RIGHT, superfluous=["id"])],
            "See: iacsgraph mail sync 'o kim', then iacsgraph mail reconcile 'o kim' --repair",
        ),
        ([attrs.evolve(RIGHT, missing=["id"])], "See: iacsgraph mail reconcile 'o kim' --repair"),
        ([attrs.evolve(RIGHT, unreadable=1)], ""),
    ],
)
def test_what_would_make_a_mailbox_complete_is_named(folders: list[FolderLine], said: str, capsys: Output) -> None:
    """A mail that cannot be read is no matter of a sync or a repair."""
    print_report(ReconcileReport(user="o kim", right=False, complete_at=None, folders=folders), UTC, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == f"o kim: not complete. {said}".strip()


async def test_a_comparison_names_what_is_missing_and_a_repair_stores_it(desk: Desk, capsys: Output) -> None:
    ids = [f"AAkALgAAAAAAHYQDEapmEc2byACqAC-{number:02}{'EWg0AxvVnkC' * 10}AAA=" for number in range(15)]
    await desk.enrol("kim", *ids)
    assert not await desk.reconcile("kim")
    said = capsys.readouterr().out
    assert "Inbox: not synced to its end yet (15 mails)" in said
    assert said.endswith("\nkim: not complete. See: iacsgraph mail sync kim\n")
    await desk.sync("kim")
    for message_id in ids[:12]:
        desk.lose(message_id)
    capsys.readouterr()
    assert not await desk.reconcile("kim")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Inbox: 12 missing"
    assert lines[1:3] == [f"  {ids[0]}", f"  {ids[1]}"]
    assert lines[11:] == ["  and 2 more", "kim: not complete. See: iacsgraph mail reconcile kim --repair"]
    assert not await desk.reconcile("kim", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["right"], document["complete_at"]) == (False, None)
    assert next(each for each in document["folders"] if each["folder"] == "Inbox")["missing"] == ids[:12]
    assert await desk.reconcile("kim", repair=True)
    assert "Inbox: 12 repaired" in capsys.readouterr().out
    assert await desk.reconcile("kim")


async def test_a_comparison_tells_of_what_cannot_be_read(desk: Desk, capsys: Output) -> None:
    kim = await desk.enrol("kim", "one")
    desk.mailbox.damage(kim, "one", b"{}", "no time of receipt")
    await desk.sync("kim")
    capsys.readouterr()
    assert not await desk.reconcile("kim")
    assert capsys.readouterr().out.splitlines() == ["Inbox: 1 that cannot be read", "kim: not complete."]
    assert not await desk.reconcile("kim", as_json=True)
    assert sum(each["unreadable"] for each in json.loads(capsys.readouterr().out)["folders"]) == 1


async def test_a_failing_folder_is_told_with_its_path(desk: Desk, capsys: Output) -> None:
    kim = await desk.enrol("kim", "one")
    inbox = desk.mailbox.folder_id(kim, FolderRole.INBOX)
    hooked = HookedMailbox(desk.mailbox, failing={inbox: APIConnectionError("It fails.")})
    failing = attrs.evolve(desk.tools, sync=attrs.evolve(desk.tools.sync, mailbox=hooked))
    assert await attrs.evolve(desk, tools=failing).sync("kim") == 5
    assert "kim: folder 'Inbox': It fails. [API_CONNECTION_ERROR]" in capsys.readouterr().err
    assert await attrs.evolve(desk, tools=failing).sync("kim", as_json=True) == 5
    (line,) = json.loads(capsys.readouterr().out)["accounts"]
    assert [each["folder"] for each in line["failed"]] == ["Inbox"]
    assert line["failed"][0]["error"]["error_code"] == "API_CONNECTION_ERROR"
