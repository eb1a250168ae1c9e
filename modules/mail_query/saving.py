"""Attachments as files: whole or not at all, and never in another file's place."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import attrs

from domain.errors import IACSGraphError
from domain.mail import Attachment, AttachmentKind, Mail, MailboxOwner
from modules.mail_query.file_names import numbered, safe_name
from modules.mail_query.schema import SavedLine
from ports.mailbox import Mailbox

_BEGINNINGS = ((b"BEGIN:VCARD", ".vcf"), (b"BEGIN:VCALENDAR", ".ics"))
_MAIL = ".eml"


@attrs.frozen(kw_only=True)
class Attachments:
    """The attachments of one mail, on their way into a directory."""

    mailbox: Mailbox
    owner: MailboxOwner
    mail: Mail
    directory: Path

    async def save(self, attachment: Attachment) -> SavedLine:
        """Write one to a file with mode 0600, under its own name or a numbered one; of a link there is only a note.

        It is written under a temporary name, and has its own as soon as it is whole.

        Raises:
            IACSGraphError: the file cannot be written (FILE_UNWRITABLE); else as `Mailbox.content`.
        """
        line = SavedLine(name=attachment.name, kind=attachment.kind.value)
        if attachment.kind is AttachmentKind.LINK:
            return attrs.evolve(line, note="a link to a file elsewhere: open the mail to follow it")
        with _told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            async with self.mailbox.content(self.owner, self.mail.message_id, attachment.attachment_id) as chunks:
                file, size = await self._write(attachment, chunks)
        return attrs.evolve(line, file=str(file), size_bytes=size)

    async def _write(self, attachment: Attachment, chunks: AsyncIterator[bytes]) -> tuple[Path, int]:
        with _unfinished(self.directory) as (stream, path):
            size, head = 0, b""
            async for chunk in chunks:
                head = head or chunk[:32]
                size += len(chunk)
                await asyncio.to_thread(stream.write, chunk)
            stream.close()
            name = safe_name(attachment.name)
            if attachment.kind is AttachmentKind.ITEM:
                name = _with_extension(name, head)
            return _placed(path, name), size


def _with_extension(name: str, head: bytes) -> str:
    """Name an item's file by what it is: items come without an extension."""
    extension = next((each for beginning, each in _BEGINNINGS if head.upper().startswith(beginning)), _MAIL)
    return name if name.lower().endswith(extension) else safe_name(f"{name}{extension}")


@contextmanager
def _unfinished(directory: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file under a temporary name; it is removed at the end unless it was given another."""
    handle, name = tempfile.mkstemp(dir=directory, prefix=".", suffix=".part")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, path
    finally:
        path.unlink(missing_ok=True)


def _placed(path: Path, name: str) -> Path:
    """Give a file its name, or the first numbered one that is free, by taking it with an empty file at first."""
    for candidate in numbered(name):
        target = path.with_name(candidate)
        try:
            target.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        try:
            path.replace(target)
        except OSError:
            with suppress(OSError):
                target.unlink()
            raise
        return target
    raise AssertionError  # there are always more numbers


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """Say in one line what the machine refuses."""
    try:
        yield
    except OSError as error:
        if isinstance(error, IACSGraphError):
            raise
        msg = f"The attachment cannot be written into {directory} ({error.strerror or type(error).__name__})."
        raise IACSGraphError(msg, error_code="FILE_UNWRITABLE", details={"directory": str(directory)}) from error
