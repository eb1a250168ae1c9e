"""`mail sync`, `stats` and `reconcile` as their users know them: a local Entra ID and Graph, accounts signed in."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from modules.simulator.faults import graph
from tests.contracts.letters import draft
from tests.modules.auth.seeds import vandalise
from tests.modules.iacsgraph.shell import said, wait_until
from tests.simulator.office import ANNA, KIM, PARK, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEDDLE = f"""
UPDATE mails SET is_deleted = 1, deleted_at = '2026-01-01T00:00:00.000000Z' WHERE mail = (
  SELECT max(mail) FROM mails JOIN mail_folders USING (folder) JOIN accounts USING (account_id)
  WHERE user_id = '{ANNA}'
)
"""
"""Says of one of Anna's mails that it is gone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Kim and Anna are signed in, Park is not."""
    async with open_office(tmp_path_factory.mktemp("office")) as opened:
        await opened.signed_in(KIM, ANNA)
        yield opened


def deliver(office: Office, user_id: str, *numbers: int, folder: str = "inbox") -> None:
    """Let mails come."""
    mailbox = office.simulator.mail.mailbox(office.user(user_id))
    for number in numbers:
        mailbox.deliver(draft(number, body="hull"), folder)


async def counts(office: Office, user_id: str) -> Mapping[str, Any]:
    """Return what `mail stats` says of a mailbox."""
    document = await office.done("mail", "stats")
    return next(line for line in document["mailboxes"] if line["user"] == user_id)


async def test_mailboxes_are_synced_counted_and_found_complete(office: Office) -> None:
    deliver(office, KIM, *range(120))
    deliver(office, KIM, 5, folder="drafts")
    deliver(office, ANNA, 1, 2, folder="archive")
    synced = await office.done("mail", "sync", KIM, ANNA)
    assert [(line["user"], line["new"], line["error"]) for line in synced["accounts"]] == [
        (KIM, 120, None),
        (ANNA, 2, None),
    ]
    kim = await counts(office, KIM)
    assert (kim["new"], kim["deleted"], kim["unreadable"]) == (120, 0, 0)
    assert kim["complete_at"] is not None
    checked = await office.call("mail", "reconcile", KIM)
    assert checked.code == 0, checked.said
    assert f"{KIM}: complete up to " in checked.out


async def test_one_mailbox_that_fails_does_not_stop_the_others(office: Office) -> None:
    deliver(office, ANNA, 3)
    done = await office.call("mail", "sync", "--all")
    assert done.code == 4
    assert f"iacsgraph auth login {PARK}" in done.err
    assert (await counts(office, ANNA))["new"] >= 1


async def test_what_is_missing_from_the_store_is_told_and_repaired(office: Office) -> None:
    """Only a database that somebody meddled with comes to lack a mail."""
    deliver(office, ANNA, 7, 8)
    await office.done("mail", "sync", ANNA)
    await asyncio.to_thread(vandalise, office.shell.directory / "iacsgraph.db", MEDDLE)
    told = await office.call("mail", "reconcile", ANNA, "--json")
    assert told.code == 1
    missing = [message_id for folder in told.document["folders"] for message_id in folder["missing"]]
    assert len(missing) == 1
    repaired = await office.call("mail", "reconcile", ANNA, "--repair")
    assert repaired.code == 0, repaired.said
    assert "1 repaired" in repaired.out
    assert (await office.call("mail", "reconcile", ANNA)).code == 0


async def test_a_bounded_sync_reaches_so_far_and_later_further(office: Office) -> None:
    mailbox = office.simulator.mail.mailbox(office.user(PARK))
    await office.signed_in(PARK)
    for number in range(10):
        mailbox.deliver(draft(number))
    (line,) = (await office.done("mail", "sync", PARK, "--since", "2024-05-01T12:00:06Z"))["accounts"]
    assert line["new"] == 4
    (line,) = (await office.done("mail", "sync", PARK, "--since", "all"))["accounts"]
    assert line["new"] == 6


async def test_a_watch_follows_the_mailbox_through_failures_until_it_is_ended(office: Office) -> None:
    office.simulator.faults.add(graph(503, "ServiceUnavailable", times=3))
    shell = office.shell.having(LOG_FORMAT="json")
    with shell.start("mail", "sync", KIM, "--watch", "1s") as watching:
        await asyncio.to_thread(watching.wait_for, "syncing mailboxes")
        before = len(said(watching.err))
        deliver(office, KIM, 900)
        await asyncio.to_thread(wait_until, lambda: '"new": 1' in said(watching.err)[before:])
        done = await asyncio.to_thread(watching.stop, signal.SIGTERM)
    assert done.code == 143
    assert all(json.loads(line) for line in done.err.splitlines())
