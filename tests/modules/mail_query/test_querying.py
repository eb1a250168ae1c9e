"""What `mail query` prints, and what it says about mailboxes that did not answer as they should."""

import asyncio
import csv
import io
import json
import sys
from typing import Any

import pytest

from domain.errors import DatabaseError, ReauthenticationRequiredError, ThrottledError
from domain.mail import FolderRole, Importance, MailAddress
from ports.mail_query_log import INTERRUPTED
from tests.modules.mail_query.desk import Desk, a_file

HOSTILE = "\x1b[31mred\x1b[0m\r\n\u202etxt.exe\x9b"


def document(capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(capsys.readouterr().out)


def sheet(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))


async def test_a_table_has_a_heading_and_a_line_for_each_mail_in_the_zone(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", is_read=False, has_attachments=True, importance=Importance.HIGH)
    desk.deliver(kim, "two", minute=1)
    assert await desk.query("kim") == 0
    said = capsys.readouterr()
    heading, rule, second, first = said.out.splitlines()
    assert heading.split() == ["received", "from", "subject", "marks"]
    assert set(rule) == {"-", " "}
    assert second.startswith("2026-03-01 21:01  Park Minseo <park@office.example>")
    assert first.endswith("*@!")
    assert first.index("Subject of one") == heading.index("subject")
    assert said.err == ""


@pytest.mark.parametrize("form", ["table", "csv"])
async def test_that_nobody_is_enrolled_is_said(desk: Desk, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as `mail sync` says."""
    assert await desk.query(form=form) == 0
    assert capsys.readouterr().err == "note: no account is enrolled; see: iacsgraph account enroll\n"
    await desk.enrol("kim")
    assert await desk.query(form=form) == 0
    assert "no account is enrolled" not in capsys.readouterr().err


async def test_programs_are_told_of_no_account_by_an_empty_list(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await desk.query(form="json") == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["accounts"], said.err) == ([], "")


async def test_columns_stand_below_each_other_whatever_the_script(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", sender=MailAddress(None, "김지원 " * 20), subject="가나다 " * 40, is_read=False)
    desk.deliver(kim, "two", minute=1, is_read=False)
    await desk.query("kim")
    *_, two, one = capsys.readouterr().out.splitlines()
    assert "..." in one
    columns = [sum(2 if "\uac00" <= c <= "\ud7a3" else 1 for c in line[: line.index("*")]) for line in (one, two)]
    assert columns[0] == columns[1]


async def test_what_strangers_write_cannot_steer_the_terminal(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    sender = MailAddress("a@b.example", HOSTILE)
    desk.deliver(kim, "one", subject=HOSTILE, sender=sender, categories=(HOSTILE,), internet_message_id=HOSTILE)
    desk.deliver(kim, "two")
    desk.mailbox.damage(kim, "two", b"{}", HOSTILE)
    await desk.query("kim", select="subject,from,categories,id,internet_message_id")
    said = capsys.readouterr()
    assert not set(said.out + said.err) & set("\x1b\x9b\r\u202e")
    assert "\\x1b[31mred" in said.out
    assert (len(said.out.splitlines()), len(said.err.splitlines())) == (3, 1)


async def test_the_column_of_users_has_room_for_the_longest(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for user_id in ("kim", "somebody.with.a.long.name"):
        desk.deliver(await desk.enrol(user_id), "one")
    await desk.query("kim", "somebody.with.a.long.name")
    heading, _, *rows = capsys.readouterr().out.splitlines()
    assert {row.index("2026-") for row in rows} == {heading.index("received")}


async def test_an_id_is_never_cut(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "x" * 300)
    await desk.query("kim", select="id,subject")
    assert "x" * 300 in capsys.readouterr().out


async def test_json_is_one_document_of_mails_and_accounts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim, lee = await desk.enrol("kim"), await desk.enrol("lee")
    for number in range(5):
        desk.deliver(kim, f"kim-{number}", minute=number)
    desk.deliver(lee, "lee-0", subject='quotes " and 한글 \u2028')
    assert await desk.query("lee", "kim", form="json") == 0
    found = document(capsys)
    assert {mail["id"] for mail in found["mails"]} == {*(f"kim-{number}" for number in range(5)), "lee-0"}
    mail = next(mail for mail in found["mails"] if mail["user"] == "lee")
    assert mail["subject"] == 'quotes " and 한글 \u2028'
    assert mail["from"] == {"address": "park@office.example", "name": "Park Minseo"}
    assert mail["received"] == "2026-03-01T12:00:00+00:00"
    assert (mail["read"], mail["has_attachments"], mail["importance"]) == (True, False, "normal")
    assert not {"body", "headers", "attachments", "folder"} & set(mail)
    assert [(line["user"], line["mails"], line["error"]) for line in found["accounts"]] == [
        ("lee", 1, None),
        ("kim", 5, None),
    ]


async def test_an_answer_without_mails_is_a_document_too(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    await desk.enrol("kim")
    await desk.query("kim", form="json")
    assert document(capsys)["mails"] == []


async def test_parts_and_folders_come_if_they_are_selected(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", attachments=(a_file("a", "x.pdf"),))
    await desk.query("kim", form="json", select="id,body,headers,attachments,folder")
    (mail,) = document(capsys)["mails"]
    assert mail["body"] == {"format": "html", "content": "<p>Hello &amp; goodbye</p>"}
    assert mail["headers"] == [{"name": "X-One", "value": "1"}]
    assert mail["attachments"][0]["name"] == "x.pdf"
    assert mail["folder"] == "Inbox"
    await desk.query("kim", form="json", select="text")
    assert document(capsys)["mails"] == [{"text": {"format": "text", "content": "Hello & goodbye"}}]


async def test_csv_is_read_back_as_it_was_but_for_formulas(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    odd = 'a "quoted", text;\r\nof two lines\x00 한글'
    desk.deliver(kim, "one", subject=odd)
    for minute, beginning in enumerate(("=", "+", "-", "@", "\t", "\uff1d"), 1):
        desk.deliver(kim, f"formula-{minute}", minute=minute, subject=f"{beginning}cmd|'/C calc'!A0")
    assert await desk.query("kim", form="csv", select="received,subject,from,read") == 0
    heading, *formulas, last = sheet(capsys)
    assert heading == ["received", "subject", "from", "read"]
    assert last == ["2026-03-01T21:00:00+09:00", odd, "Park Minseo <park@office.example>", "yes"]
    assert len(formulas) == 6
    assert all(subject.startswith("'") for _, subject, *_ in formulas)


async def test_an_id_that_the_sender_chose_is_no_formula_either_and_the_servers_is_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "-one", internet_message_id="=cmd|'/C calc'!A0")
    await desk.query("kim", form="csv", select="internet_message_id,id")
    assert sheet(capsys)[1] == ["'=cmd|'/C calc'!A0", "-one"]


async def test_csv_lines_end_as_the_rfc_says(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one")
    await desk.query("kim", form="csv", select="id")
    assert capsys.readouterr().out == "id\r\none\r\n"


async def test_failures_are_told_with_their_remedy_and_the_first_one_named_is_the_exit_code(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim, lee = await desk.enrol("kim"), await desk.enrol("lee")
    desk.mailbox.refuse(kim, ThrottledError("The server asks to wait."))
    desk.mailbox.refuse(lee, ReauthenticationRequiredError("Somebody must sign in."))
    park = await desk.enrol("park")
    desk.deliver(park, "one")
    assert await desk.query("park", "lee", "kim", "nobody") == 4
    said = capsys.readouterr()
    assert "Subject of one" in said.out
    first, second, third = said.err.splitlines()
    assert first.startswith("error: lee: Somebody must sign in. [REAUTHENTICATION_REQUIRED]")
    assert "iacsgraph auth login lee" in first
    assert second == "error: kim: The server asks to wait. [THROTTLED] - try again later"
    assert "account 'nobody'" in third
    assert await desk.query("nobody", "kim") == 6
    assert await desk.query("kim", "nobody") == 5


async def test_a_failure_names_its_mailbox_also_if_the_user_is_called_like_a_word_of_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    it, mail = await desk.enrol("it"), await desk.enrol("mail")
    desk.mailbox.refuse(it, ThrottledError("The server asks to wait."))
    desk.mailbox.refuse(mail, ThrottledError("The mailbox of 'mail' asks to wait."))
    await desk.query("it", "mail")
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: it: The server asks to wait.")
    assert second.startswith("error: The mailbox of 'mail' asks to wait.")


async def test_programs_find_failures_in_the_document_and_as_lines_of_json(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    desk.mailbox.refuse(kim, ThrottledError("Wait."))
    assert await desk.query("kim", form="json") == 5
    said = capsys.readouterr()
    (line,) = json.loads(said.out)["accounts"]
    assert line["error"]["error_code"] == "THROTTLED"
    assert line["error"]["transient"] is True
    assert json.loads(said.err)["error"]["details"]["user_id"] == "kim"


async def test_unreadable_mails_and_truncated_answers_are_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.mailbox.search_limit = 1
    for number in range(9):
        desk.deliver(kim, f"mail-{number}", minute=number)
    for number in range(7):
        desk.mailbox.damage(kim, f"mail-{number}", b"{}", "its subject is a number")
    assert await desk.query("kim", search="subject") == 0
    said = capsys.readouterr().err.splitlines()
    assert all(line.startswith("note: kim: ") for line in said)
    assert "there may be more" in said[0]
    assert sum("its subject is a number): mail-" in line for line in said) == 5
    assert "7 mails in all" in said[-1]
    await desk.query("kim", search="subject", form="json")
    output = capsys.readouterr()
    assert output.err == ""
    (account,) = json.loads(output.out)["accounts"]
    assert (account["truncated"], account["unreadable"]) == (True, 7)
    assert account["unreadable_mails"][0].keys() == {"id", "problem"}


async def test_of_unreadable_mails_a_hundred_are_named_and_all_counted(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    for number in range(120):
        desk.deliver(kim, f"mail-{number}")
        desk.mailbox.damage(kim, f"mail-{number}", b"{}", "broken")
    await desk.query("kim", form="json")
    (account,) = document(capsys)["accounts"]
    assert (account["unreadable"], len(account["unreadable_mails"])) == (120, 100)


async def test_accounts_that_were_left_out_are_named_with_why(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for user_id in ("ann", "bob", "eve"):
        await desk.enrol(user_id)
    await desk.rig.operator.lock("bob", actor="test", reason="test")
    assert await desk.query() == 0
    assert capsys.readouterr().err == "note: not asked, since LOCKED: bob\n"
    await desk.query(form="json")
    lines = {line["user"]: line["left_out"] for line in document(capsys)["accounts"]}
    assert lines == {"ann": None, "bob": "LOCKED", "eve": None}


async def test_of_many_accounts_that_were_left_out_five_are_named(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(7):
        await desk.enrol(f"user{number}")
        await desk.rig.operator.lock(f"user{number}", actor="test", reason="test")
    await desk.query()
    assert capsys.readouterr().err == "note: not asked, since LOCKED: user0, user1, user2, user3, user4 and 2 more\n"


async def test_the_newest_of_a_folder_alone(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    for number in range(4):
        desk.deliver(kim, f"mail-{number}", minute=number)
    desk.mailbox.move(kim, "mail-3", desk.mailbox.folder_id(kim, FolderRole.ARCHIVE))
    await desk.query("kim", folder="inbox", top=2, select="id")
    assert capsys.readouterr().out.split()[2:] == ["mail-2", "mail-1"]
    assert await desk.query("kim", folder="Inbxo") == 6
    assert "did you mean 'Inbox'?" in capsys.readouterr().err


class GoneReader(io.BytesIO):
    """A pipe whose reader goes away after two lines: a table's heading has two."""

    written = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        self.written += 1
        if self.written > 2:
            raise BrokenPipeError
        return super().write(data)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
async def test_a_reader_that_goes_away_ends_the_query(desk: Desk, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kim = await desk.enrol("kim")
    for number in range(9):
        desk.deliver(kim, f"mail-{number}", minute=number)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(GoneReader(), encoding="utf-8"))
    before = asyncio.all_tasks()
    with pytest.raises(BrokenPipeError):
        await desk.query("kim", form=form)
    assert asyncio.all_tasks() == before
    assert [record.error_code for record in desk.log.records] == [INTERRUPTED]


async def test_a_document_that_is_cut_off_cannot_pass_for_the_whole(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one")

    async def broken(*_: object, **__: object) -> None:
        raise DatabaseError("The disk is gone.")

    monkeypatch.setattr(type(desk.rig.accounts), "page", broken)
    with pytest.raises(DatabaseError):
        await desk.query(form="json")
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(capsys.readouterr().out)
