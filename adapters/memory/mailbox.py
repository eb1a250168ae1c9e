"""Mailboxes in memory, for tests and demonstrations: whoever holds them also plays the senders and the owners."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from itertools import count
from typing import Final, TypedDict, Unpack

import attrs

from domain.errors import BusinessLogicError, IACSGraphError, NotFoundError, ResyncRequiredError
from domain.mail import (
    Attachment,
    AttachmentKind,
    BodyFormat,
    FolderRole,
    Importance,
    Mail,
    MailBody,
    MailboxOwner,
    MailChanges,
    MailFolder,
    MailPage,
    MailPart,
    UnreadableMail,
    folder_path,
)
from domain.mail_filter import MailFilter, plain
from ports.mailbox import Mailbox

SEARCH_LIMIT: Final = 1000
"""Graph finds no more mails (search-query-parameter.md)."""

_CHUNK_BYTES: Final = 65_536
_ROLE_NAMES: Final[Mapping[FolderRole, str]] = {
    FolderRole.INBOX: "Inbox",
    FolderRole.DRAFTS: "Drafts",
    FolderRole.SENT: "Sent Items",
    FolderRole.OUTBOX: "Outbox",
    FolderRole.DELETED: "Deleted Items",
    FolderRole.JUNK: "Junk Email",
    FolderRole.ARCHIVE: "Archive",
}


class Changes(TypedDict, total=False):
    """What can be changed about a mail."""

    is_read: bool
    subject: str | None
    importance: Importance
    categories: tuple[str, ...]


@attrs.define(kw_only=True)
class _Stored:
    """A mail with all its parts, and what a transfer of it gives. `damage`: why and as what it cannot be read."""

    mail: Mail
    contents: Mapping[str, bytes]
    mime: bytes
    damage: UnreadableMail | None = None


@attrs.frozen
class _Entry:
    """That a mail came to a folder or changed in it, or that it went."""

    folder_id: str
    message_id: str
    went: bool = False


@attrs.frozen(kw_only=True)
class _Cursor:
    """How far somebody has read the journal of a folder. `begun` is where it ended when they began."""

    generation: int
    position: int
    begun: int

    @classmethod
    def read(cls, text: str) -> "_Cursor | None":
        numbers = text.split(".")
        if len(numbers) != len(attrs.fields(cls)) or not all(number.isdecimal() for number in numbers):
            return None
        generation, position, begun = map(int, numbers)
        return cls(generation=generation, position=position, begun=begun)

    def __str__(self) -> str:
        return f"{self.generation}.{self.position}.{self.begun}"


@attrs.define(kw_only=True)
class _State:
    """One mailbox. `journal` is everything that happened; only a generation's own cursors point into it."""

    folders: dict[str, MailFolder] = attrs.field(factory=dict)
    mails: dict[str, _Stored] = attrs.field(factory=dict)
    journal: list[_Entry] = attrs.field(factory=list)
    generation: int = 1
    refusal: IACSGraphError | None = None

    def find(self, message_id: str) -> _Stored:
        found = self.mails.get(message_id)
        if found is None:
            raise NotFoundError("There is no such mail.", error_code="MAIL_UNKNOWN", details={"message_id": message_id})
        return found

    def folder(self, folder_id: str) -> MailFolder:
        found = self.folders.get(folder_id)
        if found is None:
            msg = "There is no such folder."
            raise NotFoundError(msg, error_code="FOLDER_UNKNOWN", details={"folder_id": folder_id})
        return found

    def note(self, stored: _Stored, *, went: bool = False) -> None:
        self.journal.append(_Entry(stored.mail.folder_id, stored.mail.message_id, went))

    def put(self, stored: _Stored, mail: Mail) -> None:
        """Let a mail be as it is now, in a new version."""
        self.folder(mail.folder_id)
        if stored.mail.folder_id != mail.folder_id:
            self.note(stored, went=True)
        stored.mail = attrs.evolve(mail, version=str(len(self.journal)))
        self.mails[mail.message_id] = stored
        self.note(stored)

    def inside(self, folder_id: str | None) -> list[_Stored]:
        """Return the mails in a folder, or all, newest first."""
        chosen = (each for each in self.mails.values() if folder_id is None or each.mail.folder_id == folder_id)
        return sorted(chosen, key=lambda each: each.mail.received_at, reverse=True)


@attrs.define(kw_only=True, eq=False)
class MemoryMailbox(Mailbox):
    """The mailboxes that were added. `page_size` is how many mails come at once, `search_limit` how many are found.

    The verbs raise NotFoundError, as the port does, for mailboxes, folders and mails that do not exist.
    """

    page_size: int = 100
    search_limit: int = SEARCH_LIMIT
    _states: dict[str, _State] = attrs.field(factory=dict, init=False)
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1), init=False)

    def add_mailbox(self, owner: MailboxOwner) -> None:
        """Add a mailbox with a folder for each role, in English."""
        self._states[_key(owner)] = _State()
        for role, name in _ROLE_NAMES.items():
            self.add_folder(owner, name, role=role)

    def add_folder(
        self,
        owner: MailboxOwner,
        name: str,
        parent_id: str | None = None,
        *,
        role: FolderRole | None = None,
        is_hidden: bool = False,
    ) -> MailFolder:
        """Add a folder at the top, or inside another."""
        state = self._state(owner)
        parent = None if parent_id is None else state.folder(parent_id)
        folder = MailFolder(
            folder_id=f"folder-{next(self._numbers)}",
            parent_id=parent_id,
            name=name,
            path=folder_path(None if parent is None else parent.path, name),
            role=role,
            total=0,
            unread=0,
            is_hidden=is_hidden,
        )
        state.folders[folder.folder_id] = folder
        return folder

    def remove_folder(self, owner: MailboxOwner, folder_id: str) -> None:
        """Remove a folder, in which there is no other, for good; its mails are deleted."""
        state = self._state(owner)
        for stored in state.inside(state.folder(folder_id).folder_id):
            self.delete(owner, stored.mail.message_id)
        del state.folders[folder_id]

    def folder_id(self, owner: MailboxOwner, role: FolderRole) -> str:
        """Return the id of the folder that is for this."""
        return next(each.folder_id for each in self._state(owner).folders.values() if each.role is role)

    def deliver(
        self,
        owner: MailboxOwner,
        mail: Mail,
        *,
        contents: Mapping[str, bytes] | None = None,
        mime: bytes = b"",
    ) -> None:
        """Put a mail with all its parts into its folder; `contents` are the attachments' bytes, by their ids.

        Its version is the mailbox's own.
        """
        self._state(owner).put(_Stored(mail=mail, contents=dict(contents or {}), mime=mime), mail)

    def move(self, owner: MailboxOwner, message_id: str, folder_id: str) -> None:
        """Move a mail to another folder."""
        state = self._state(owner)
        stored = state.find(message_id)
        state.put(stored, attrs.evolve(stored.mail, folder_id=folder_id))

    def change(self, owner: MailboxOwner, message_id: str, **changes: Unpack[Changes]) -> None:
        """Change what a person can change about a mail that is there."""
        state = self._state(owner)
        stored = state.find(message_id)
        state.put(stored, attrs.evolve(stored.mail, **changes))

    def delete(self, owner: MailboxOwner, message_id: str) -> None:
        """Delete a mail for good."""
        state = self._state(owner)
        state.note(state.find(message_id), went=True)
        del state.mails[message_id]

    def damage(self, owner: MailboxOwner, message_id: str, raw: bytes, problem: str) -> None:
        """Let a mail come in a form that cannot be read; its bytes can be transferred all the same."""
        state = self._state(owner)
        stored = state.find(message_id)
        stored.damage = UnreadableMail(message_id=message_id, raw=raw, problem=problem)
        state.note(stored)

    def mend(self, owner: MailboxOwner, message_id: str) -> None:
        """Let a damaged mail come as it is again; that changes nothing about it."""
        self._state(owner).find(message_id).damage = None

    def forget_cursors(self, owner: MailboxOwner) -> None:
        """Let all cursors that were handed out for this mailbox be unknown."""
        self._state(owner).generation += 1

    def refuse(self, owner: MailboxOwner, error: IACSGraphError | None) -> None:
        """Let every call about this mailbox fail with this error; None: no longer."""
        self._state(owner).refusal = error

    async def folders(self, owner: MailboxOwner) -> Sequence[MailFolder]:
        """Go through the folders as they were added: a parent always came first."""
        state = self._open(owner)
        return [_counted(folder, state.inside(folder.folder_id)) for folder in state.folders.values()]

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Try the filter on every mail; what is found is settled at the first page."""
        state = self._open(owner)
        if mail_filter.folder_id is not None:
            state.folder(mail_filter.folder_id)
        inside = state.inside(mail_filter.folder_id)
        unreadable = [each.damage for each in inside if each.damage is not None]
        found = [each.mail for each in inside if each.damage is None and mail_filter.matches(each.mail)][:newest]
        limited = found[: self.search_limit] if _is_search(mail_filter) else found
        for first in range(0, len(limited) or 1, self.page_size):
            self._open(owner)
            yield MailPage(
                mails=[_shown(mail, parts) for mail in limited[first : first + self.page_size]],
                unreadable=() if first else unreadable,
                truncated=len(limited) < len(found) and first + self.page_size >= len(limited),
            )

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Read on in the journal: for each entry tell how the mail is now, or that it is not here."""
        state = self._open(owner)
        state.folder(folder_id)
        known = _known(state, cursor)
        entries = [
            (place, entry)
            for place, entry in enumerate(state.journal[known.position :], known.position)
            if entry.folder_id == folder_id
        ]
        page, rest = entries[: self.page_size], entries[self.page_size :]
        here = {entry.message_id: state.mails.get(entry.message_id) for _, entry in page}
        present = [each for each in here.values() if each is not None and each.mail.folder_id == folder_id]
        ids = {each.mail.message_id for each in present}
        gone = [entry.message_id for place, entry in page if entry.went and place >= known.begun]
        position = rest[0][0] if rest else len(state.journal)
        return MailChanges(
            changed=[_shown(each.mail, parts) for each in present if each.damage is None],
            removed=[message_id for message_id in dict.fromkeys(gone) if message_id not in ids],
            unreadable=[each.damage for each in present if each.damage is not None],
            cursor=str(attrs.evolve(known, position=position)),
            complete=not rest,
        )

    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Look it up."""
        stored = self._open(owner).find(message_id)
        if stored.damage is not None:
            msg = f"The mail cannot be read: {stored.damage.problem}."
            raise BusinessLogicError(msg, error_code="MAIL_UNREADABLE", details={"message_id": message_id})
        return _shown(stored.mail, parts)

    @asynccontextmanager
    async def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Hand out what was given at the delivery."""
        stored = self._open(owner).find(message_id)
        yield _chunks(stored.mime if attachment_id is None else _content_of(stored, attachment_id))

    def _state(self, owner: MailboxOwner) -> _State:
        found = self._states.get(_key(owner))
        if found is None:
            msg = f"There is no mailbox for {_key(owner)}."
            raise NotFoundError(msg, error_code="MAILBOX_UNKNOWN", details={"user_id": owner.user_id})
        return found

    def _open(self, owner: MailboxOwner) -> _State:
        state = self._state(owner)
        if state.refusal is not None:
            raise state.refusal
        return state


def _key(owner: MailboxOwner) -> str:
    return (owner.address or owner.user_id).casefold()


def _is_search(mail_filter: MailFilter) -> bool:
    return bool(mail_filter.phrases or mail_filter.recipient)


def _counted(folder: MailFolder, mails: Sequence[_Stored]) -> MailFolder:
    return attrs.evolve(folder, total=len(mails), unread=sum(not each.mail.is_read for each in mails))


def _known(state: _State, cursor: str | None) -> _Cursor:
    if cursor is None:
        return _Cursor(generation=state.generation, position=0, begun=len(state.journal))
    known = _Cursor.read(cursor)
    if known is None or known.generation != state.generation or known.position > len(state.journal):
        raise ResyncRequiredError("The mailbox no longer knows the cursor: begin again.")
    return known


def _shown(mail: Mail, parts: AbstractSet[MailPart]) -> Mail:
    """Return a mail with the parts that are asked for."""
    return attrs.evolve(
        mail,
        body=_body(mail.body, parts),
        headers=(mail.headers or ()) if MailPart.HEADERS in parts else None,
        attachments=(mail.attachments or ()) if MailPart.ATTACHMENTS in parts else None,
    )


def _body(body: MailBody | None, parts: AbstractSet[MailPart]) -> MailBody | None:
    if body is not None and MailPart.TEXT_BODY in parts:
        return MailBody(format=BodyFormat.TEXT, content=plain(body).strip())
    return body if MailPart.BODY in parts else None


def _content_of(stored: _Stored, attachment_id: str) -> bytes:
    attachment: Attachment | None = next(
        (each for each in stored.mail.attachments or () if each.attachment_id == attachment_id), None
    )
    if attachment is None:
        details = {"message_id": stored.mail.message_id, "attachment_id": attachment_id}
        raise NotFoundError("There is no such attachment.", error_code="ATTACHMENT_UNKNOWN", details=details)
    if attachment.kind is AttachmentKind.LINK:
        raise BusinessLogicError("The attachment is a link to a file elsewhere.", error_code="ATTACHMENT_IS_LINK")
    return stored.contents.get(attachment_id, b"")


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for first in range(0, len(content), _CHUNK_BYTES):
        yield content[first : first + _CHUNK_BYTES]
