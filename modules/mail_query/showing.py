"""`mail show`: one mail, its source, its attachments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

import attrs

from domain.errors import IACSGraphError
from domain.mail import Attachment, Mail, MailPart
from modules.mail_query import visible
from modules.mail_query.compose import MailQuery
from modules.mail_query.fields import CHEAP, FOLDER, Found, joined, named
from modules.mail_query.saving import Attachments
from modules.mail_query.schema import SavedLine
from modules.mail_query.sinks import standard_output
from modules.runtime.exit_codes import exit_code
from modules.runtime.output import print_error, print_json
from modules.runtime.schema import make_converter


@attrs.frozen(kw_only=True)
class Wishes:
    """What the command line asks for; `directory` is where attachments go, if they are wanted."""

    user: str
    message_id: str
    body: bool
    directory: Path | None
    as_json: bool


async def show(tools: MailQuery, wishes: Wishes, zone: tzinfo | None) -> int:
    """Print the mail and save its attachments; return the exit code: of attachments, the first failure's.

    Raises: as `Mailbox.read`.
    """
    owner = await tools.queries.owner(wishes.user)
    parts = {MailPart.HEADERS, MailPart.ATTACHMENTS, *((MailPart.TEXT_BODY,) if wishes.body else ())}
    mail = await tools.mailbox.read(owner, wishes.message_id, parts=parts)
    folders = {folder.folder_id: folder.path for folder in await tools.mailbox.folders(owner)}
    found = Found(user_id=owner.user_id, mail=mail, folders=folders)
    saved: list[SavedLine] = []
    failures: list[IACSGraphError] = []
    if not wishes.as_json:
        await _print(_text(found, zone))
    if wishes.directory is not None:
        files = Attachments(mailbox=tools.mailbox, owner=owner, mail=mail, directory=wishes.directory)
        for each in mail.attachments or ():
            await _save(files, each, saved, failures, as_json=wishes.as_json)
    if wishes.as_json:
        print_json(_document(found, saved if wishes.directory else None), show_secrets=True)  # mail as it is
    return exit_code(failures[0]) if failures else 0


async def write_source(tools: MailQuery, user: str, message_id: str) -> None:
    """Write the whole mail as MIME (RFC 5322) to standard output, as it comes.

    Raises: as `Mailbox.content`.
    """
    owner = await tools.queries.owner(user)
    sink = standard_output()
    async with tools.mailbox.content(owner, message_id) as chunks:
        async for chunk in chunks:
            sink.write_bytes(chunk)
            await sink.flush()


async def _save(
    files: Attachments, one: Attachment, saved: list[SavedLine], failures: list[IACSGraphError], *, as_json: bool
) -> None:
    """Save one; its failure does not touch the others."""
    try:
        line = await files.save(one)
    except IACSGraphError as error:
        failures.append(error)
        print_error(error, as_json=as_json)
        line = SavedLine(name=one.name, kind=one.kind.value, note=error.error_code)
    saved.append(line)
    if not as_json:
        done = f"saved: {line.file} ({line.size_bytes} bytes)" if line.file else f"not saved: {line.name} ({line.note})"
        await _print([visible.line(done)])


def _document(found: Found, saved: Sequence[SavedLine] | None) -> Mapping[str, object]:
    """Return everything as plain data; `saved` only if attachments were to be saved."""
    asked = ("headers", "attachments", *(() if found.mail.body is None else ("text",)))
    document = {field.name: field.value(found) for field in named((*CHEAP, FOLDER, *asked))}
    if saved is not None:
        document["saved"] = make_converter().unstructure(saved)
    return document


async def _print(lines: Sequence[str]) -> None:
    sink = standard_output()
    sink.write("".join(f"{line}\n" for line in lines))
    await sink.flush()


def _text(found: Found, zone: tzinfo | None) -> list[str]:
    facts = [visible.line(f"{name + ':':<12} {text}") for name, text in _facts(found, zone) if text]
    listed = [visible.line(f"{'':12} {text}") for text in map(_described, found.mail.attachments or ())]
    if listed:
        facts.append(f"Attachments: {len(listed)}")
    if found.mail.body is None:
        return [*facts, *listed]
    return [*facts, *listed, "", *visible.lines(found.mail.body.content)]


def _facts(found: Found, zone: tzinfo | None) -> Iterator[tuple[str, str | None]]:
    mail = found.mail
    yield "From", str(mail.sender or "")
    if mail.sent_by is not None and mail.sent_by != mail.sender:
        yield "Sent by", str(mail.sent_by)
    yield "To", joined(mail.to)
    yield "Cc", joined(mail.cc)
    yield "Bcc", joined(mail.bcc)
    yield "Reply-To", joined(mail.reply_to)
    yield "Subject", mail.subject
    yield "Received", _moment(mail.received_at, zone)
    yield "Sent", _moment(mail.sent_at, zone)
    yield "Folder", found.folders.get(mail.folder_id, mail.folder_id)
    yield "State", _state(mail)
    yield "Categories", ", ".join(mail.categories)
    yield "Message-ID", mail.internet_message_id
    yield "Id", mail.message_id
    yield "Link", mail.web_link


def _state(mail: Mail) -> str:
    states = ("read" if mail.is_read else "unread", "draft" if mail.is_draft else "", f"{mail.importance} importance")
    return ", ".join(each for each in states if each)


def _moment(moment: datetime | None, zone: tzinfo | None) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _described(one: Attachment) -> str:
    inline = ", inline" if one.is_inline else ""
    return f"{one.name or '(no name)'} ({one.kind}, {one.media_type or 'of no type'}, {one.size_bytes} bytes{inline})"
