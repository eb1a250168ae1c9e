"""What `mail show` prints and saves."""

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.memory.mailbox import MemoryMailbox
from domain.errors import APIConnectionError, IACSGraphError, NotFoundError
from domain.mail import AttachmentKind, BodyFormat, MailAddress, MailBody, MailboxOwner
from modules.mail_query.showing import Wishes, show, write_source
from tests.modules.mail_query.desk import PARK, SEOUL, Desk, a_file, open_desk

HOSTILE = "\x1b]0;title\x07 \u202etxt.exe"
BIG = bytes(range(256)) * 1000


async def shown(desk: Desk, *, body: bool = False, directory: Path | None = None, as_json: bool = False) -> int:
    wishes = Wishes(user="kim", message_id="one", body=body, directory=directory, as_json=as_json)
    return await show(desk.tools, wishes, SEOUL)


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


async def test_a_mail_is_shown_as_its_head(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", cc=(MailAddress("lee@office.example", "Lee"),), attachments=(a_file("a", "x.pdf"),))
    assert await shown(desk) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "From:        Park Minseo <park@office.example>" in lines
    assert "To:          kim@office.example" in lines
    assert "Cc:          Lee <lee@office.example>" in lines
    assert "Subject:     Subject of one" in lines
    assert "Received:    2026-03-01 21:00:00+09:00" in lines
    assert "Folder:      Inbox" in lines
    assert "State:       read, normal importance" in lines
    assert lines[-2:] == ["Attachments: 1", "             x.pdf (file, application/pdf, 10 bytes)"]


async def test_what_is_not_as_usual_is_shown_too(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim, lee = await desk.enrol("kim"), MailAddress("lee@office.example")
    desk.deliver(kim, "one", sent_by=PARK, bcc=(lee,), reply_to=(lee,), is_read=False, is_draft=True)
    await shown(desk)
    usual = capsys.readouterr().out
    assert "Sent by" not in usual, "it is whom the mail is from"
    assert "Bcc:         lee@office.example\nReply-To:    lee@office.example\n" in usual
    assert "State:       unread, draft, normal importance\n" in usual
    desk.deliver(kim, "one", sent_by=lee)
    await shown(desk)
    assert "Sent by:     lee@office.example\n" in capsys.readouterr().out


async def test_the_body_is_shown_as_text_if_it_is_wanted(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", body=MailBody(format=BodyFormat.TEXT, content="Hello,\r\n\tpassword=hunter22 \x9b\nBye"))
    await shown(desk)
    assert "Hello" not in capsys.readouterr().out
    await shown(desk, body=True)
    out = capsys.readouterr().out
    assert out.endswith("\n\nHello,\n        password=hunter22 \\x9b\nBye\n"), (
        "mail is shown as it is, and steers nothing"
    )


async def test_nothing_of_a_mail_steers_the_terminal(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(
        kim,
        "one",
        subject=HOSTILE,
        sender=MailAddress(HOSTILE, HOSTILE),
        categories=(HOSTILE,),
        body=MailBody(format=BodyFormat.TEXT, content=HOSTILE),
        attachments=(a_file("a", HOSTILE), a_file("b", HOSTILE, AttachmentKind.LINK)),
    )
    await shown(desk, body=True, directory=tmp_path)
    assert not set(capsys.readouterr().out) & set("\x1b\x07\u202e")


async def test_json_has_all_of_it(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", subject="password=hunter22", attachments=(a_file("a", "x.pdf"),), contents={"a": b"%PDF"})
    assert await shown(desk, body=True, directory=tmp_path, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["subject"] == "password=hunter22", "programs get it as it is"
    assert document["text"] == {"format": "text", "content": "Hello & goodbye"}, "as `mail query` has it"
    assert document["folder"] == "Inbox"
    assert document["headers"] == [{"name": "X-One", "value": "1"}]
    assert document["attachments"][0]["id"] == "a"
    assert document["saved"][0] == {
        "name": "x.pdf",
        "kind": "file",
        "file": str(tmp_path / "x.pdf"),
        "size_bytes": 4,
        "note": None,
    }
    await shown(desk, as_json=True)
    without = json.loads(capsys.readouterr().out)
    assert not {"text", "saved"} & set(without)


async def test_the_source_is_written_byte_for_byte(desk: Desk, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    kim = await desk.enrol("kim")
    desk.deliver(kim, "one", mime=BIG)
    await write_source(desk.tools, "kim", "one")
    assert capsysbinary.readouterr().out == BIG


async def test_every_attachment_becomes_a_private_file_under_a_harmless_name(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    directory = tmp_path / "new" / "directory"
    attached = (
        a_file("a", "report.pdf"),
        a_file("b", "../../report.pdf"),
        a_file("c", "report.pdf"),
        a_file("d", "con.txt"),
        a_file("e", "A mail", AttachmentKind.ITEM),
        a_file("f", "A contact", AttachmentKind.ITEM),
        a_file("g", "Elsewhere", AttachmentKind.LINK),
        a_file("h", None),
    )
    contents = {"a": BIG, "b": b"b", "c": b"c", "d": b"", "e": b"From: a\r\n", "f": b"BEGIN:VCARD\r\n", "h": b"h"}
    desk.deliver(kim, "one", attachments=attached, contents=contents)
    assert await shown(desk, directory=directory) == 0
    assert files(directory) == {
        "A contact.vcf": contents["f"],
        "A mail.eml": contents["e"],
        "_.._report.pdf": b"b",
        "_con.txt": b"",
        "attachment": b"h",
        "report (2).pdf": b"c",
        "report.pdf": BIG,
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    said = capsys.readouterr()
    assert f"saved: {directory / 'report.pdf'} (256000 bytes)" in said.out
    assert "not saved: Elsewhere (a link to a file elsewhere: open the mail to follow it)" in said.out
    assert said.err == ""


async def test_no_file_is_overwritten_nor_followed(desk: Desk, tmp_path: Path) -> None:
    kim = await desk.enrol("kim")
    directory = tmp_path / "d"
    directory.mkdir()
    (directory / "x.pdf").write_text("mine")
    (directory / "x (2).pdf").symlink_to(tmp_path / "elsewhere")
    desk.deliver(kim, "one", attachments=(a_file("a", "x.pdf"),), contents={"a": b"new"})
    await shown(desk, directory=directory)
    assert (directory / "x.pdf").read_text() == "mine"
    assert (directory / "x (3).pdf").read_text() == "new"
    assert not (tmp_path / "elsewhere").exists()


class BreakingMailbox(MemoryMailbox):
    """The content of the attachment `broken` ends in the middle."""

    @asynccontextmanager
    async def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async with super().content(owner, message_id, attachment_id) as chunks:
            yield _broken() if attachment_id == "broken" else chunks


async def _broken() -> AsyncIterator[bytes]:
    yield b"half"
    raise APIConnectionError("The server has hung up.")


async def test_what_does_not_arrive_whole_leaves_no_file_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_desk(BreakingMailbox()) as desk:
        kim = await desk.enrol("kim")
        attached = (a_file("broken", "x.pdf"), a_file("whole", "y.pdf"))
        desk.deliver(kim, "one", attachments=attached, contents={"whole": b"y"})
        assert await shown(desk, directory=tmp_path) == 5
    assert files(tmp_path) == {"y.pdf": b"y"}
    assert "The server has hung up." in capsys.readouterr().err


async def test_a_directory_that_cannot_be_written_is_one_line(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kim = await desk.enrol("kim")
    (tmp_path / "file").touch()
    desk.deliver(kim, "one", attachments=(a_file("a", "x.pdf"),), contents={"a": b"%PDF"})
    assert await shown(desk, directory=tmp_path / "file") == 1
    assert "cannot be written into" in capsys.readouterr().err


async def test_who_or_what_is_unknown_is_not_found(desk: Desk) -> None:
    await desk.enrol("kim")
    with pytest.raises(NotFoundError) as caught:
        await shown(desk)
    assert caught.value.error_code == "MAIL_UNKNOWN"
    with pytest.raises(IACSGraphError, match="There is no account 'nobody'"):
        await write_source(desk.tools, "nobody", "one")
