"""`mail query` and `mail show` as their users know them: a local Entra ID and Graph, accounts signed in, mail there."""

import email
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from modules.simulator.mail.content import Address, Draft, File, Item, Link
from tests.simulator.office import ANNA, KIM, PARK, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOSS = Address("boss@partner.example", "The Boss")
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400


def draft(number: int, **facts: object) -> Draft:
    """Return a mail; the higher the number, the newer."""
    given: dict[str, object] = {
        "subject": f"Letter {number}",
        "sender": BOSS,
        "to": (Address("team@office.example"),),
        "body": f"<html><body><p>The contents of letter {number} &amp; more</p></body></html>",
        "sent_at": NOON + timedelta(minutes=number),
        "received_at": NOON + timedelta(minutes=number),
        "internet_message_id": f"<letter-{number}@partner.example>",
    }
    return Draft(**{**given, **facts})  # type: ignore[arg-type]  # fields by their names


def deliver(office: Office, user_id: str, *drafts: Draft) -> None:
    mailbox = office.simulator.mail.mailbox(office.user(user_id))
    for each in drafts:
        mailbox.deliver(each)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Signing in takes a second each: once is enough for all of these."""
    async with open_office(tmp_path_factory.mktemp("office")) as opened:
        await opened.signed_in(KIM, ANNA)
        yield opened


@pytest.fixture
def office(opened: Office) -> Office:
    """An office in which Kim and Anna are signed in, Park is not, and no mailbox has a mail."""
    for user_id in (KIM, ANNA):
        mailbox = opened.simulator.mail.mailbox(opened.user(user_id))
        for message in mailbox.messages():
            mailbox.delete(message)
    return opened


async def test_two_mailboxes_are_queried_at_once_and_one_mail_is_shown(office: Office) -> None:
    attached = (
        File(name="../report.pdf", content_type="application/pdf", content=PDF),
        Item(name="An older letter", draft=draft(0)),
        Link(name="Elsewhere", url="https://files.example/x"),
    )
    deliver(office, KIM, draft(1), draft(2, is_read=True), draft(3, subject="Invoice", attachments=attached))
    deliver(office, ANNA, draft(4, subject="Invoice 2", importance="high"))

    found = await office.done("mail", "query", KIM, ANNA)
    assert [line["error"] for line in found["accounts"]] == [None, None]
    assert [mail["subject"] for mail in found["mails"] if mail["user"] == KIM] == ["Invoice", "Letter 2", "Letter 1"]
    assert [mail["subject"] for mail in found["mails"] if mail["user"] == ANNA] == ["Invoice 2"]

    narrowed = await office.done("mail", "query", KIM, "--subject", "invoice", "--unread", "--select", "id,text,folder")
    (mail,) = narrowed["mails"]
    assert "letter 3 & more" in mail["text"]["content"]
    assert "<p>" not in mail["text"]["content"]

    shown = await office.call("mail", "show", KIM, mail["id"], "--body", "--attachments", "files")
    assert shown.code == 0, shown.said
    assert "From:        The Boss <boss@partner.example>" in shown.out
    assert "letter 3 & more" in shown.out
    files = {path.name: path for path in (office.shell.directory / "files").iterdir()}
    assert set(files) == {"_report.pdf", "An older letter.eml"}
    assert files["_report.pdf"].read_bytes() == PDF
    assert email.message_from_bytes(files["An older letter.eml"].read_bytes())["subject"] == "Letter 0"
    assert "not saved: Elsewhere" in shown.out

    source = await office.call("mail", "show", KIM, mail["id"], "--raw")
    assert source.code == 0, source.said
    assert email.message_from_string(source.out)["subject"] == "Invoice"


async def test_conditions_hold_whatever_the_server_does(office: Office) -> None:
    deliver(office, KIM, *(draft(number, is_read=number % 2 == 0) for number in range(1, 8)))
    deliver(office, KIM, draft(9, subject="The red car", sender=Address("kim@other.example"), importance="high"))
    wanted = {
        ("--top", "2"): ["The red car", "Letter 7"],
        ("--search", '"red car"'): ["The red car"],
        ("--from", "kim@other.example"): ["The red car"],
        ("--importance", "high"): ["The red car"],
        ("--since", "2026-03-01T12:06Z", "--until", "2026-03-01T12:08Z"): ["Letter 7", "Letter 6"],
        ("--read", "--to", "team@office.example"): ["Letter 6", "Letter 4", "Letter 2"],
        ("--folder", "inbox", "--until", "2026-02-28"): [],
        ("--has-attachments",): [],
    }
    for arguments, subjects in wanted.items():
        found = await office.done("mail", "query", KIM, *arguments, "--select", "subject")
        assert [mail["subject"] for mail in found["mails"]] == subjects, arguments


async def test_one_mailbox_that_fails_is_told_and_the_others_answer(office: Office) -> None:
    deliver(office, KIM, draft(1))
    done = await office.call("mail", "query", KIM, PARK, "nobody")
    assert done.code == 4
    assert "Letter 1" in done.out
    assert f"iacsgraph auth login {PARK}" in done.err
    assert "There is no account 'nobody'" in done.err
    everybody = await office.call("mail", "query", "--all", "--csv", "--select", "user,subject")
    assert everybody.code == 4, "Park has never signed in"
    assert everybody.out.splitlines() == ["user,subject", f"{KIM},Letter 1"]


async def test_the_query_log_tells_what_was_asked_and_no_token_nor_mail(office: Office) -> None:
    deliver(office, KIM, draft(1, subject="canary-subject"))
    token = (await office.call("auth", "token", KIM)).out.strip()
    shell = office.shell.having(LOG_LEVEL="DEBUG", LOG_FORMAT="json", MAIL_LOG_FILE="logs/mail.log")
    office = Office(simulator=office.simulator, shell=shell)
    done = await office.call("mail", "query", KIM, "--search", "canary")
    assert done.code == 0, done.said
    assert token not in done.said
    assert "canary-subject" not in done.err
    records = [json.loads(line) for line in done.err.splitlines()]
    (record,) = [record for record in records if record["message"] == "mailbox queried"]
    assert record["context"]["filter"] == {"phrases": '"canary"'}
    assert (record["context"]["user_id"], record["context"]["mails"]) == (KIM, 1)
    (kept,) = (shell.directory / "logs" / "mail.log").read_text().splitlines()
    assert json.loads(kept)["context"] == record["context"]
