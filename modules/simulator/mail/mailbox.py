"""The state of one mailbox: its folders and messages, and what changed when.

Nothing here depends on the requests that came before: ids follow from seed, owner and the number of the message.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

import attrs

from modules.simulator.mail import ids
from modules.simulator.mail.content import Draft, File, Importance
from modules.simulator.mail.ordering import History, Ordered, Position
from modules.simulator.people import User

_WELL_KNOWN = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "outbox": "Outbox",
    "archive": "Archive",
}
_ROOT = "msgfolderroot"


@attrs.define(kw_only=True, eq=False)
class Message:
    """A message as a mailbox has it: the sender's draft, and what became of it. Changed by its mailbox only.

    `version` counts changes. `arrived`, `touched` and `changed` (by property) say at which count of the mailbox's
    changes it came to its folder, was changed last (0: it is gone), and which part of it was.
    """

    key: bytes = attrs.field(repr=False)
    number: int
    draft: Draft = attrs.field(repr=False)
    folder: "Folder" = attrs.field(repr=False)
    subject: str = attrs.field(repr=False)
    is_read: bool
    importance: Importance
    categories: tuple[str, ...] = attrs.field(repr=False)
    created_at: datetime
    modified_at: datetime
    version: int = 1
    moves: int = 0
    arrived: int = 0
    touched: int = 0
    changed: dict[str, int] | None = attrs.field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The id that changes with every move."""
        return ids.message_id(self.key, self.number, self.moves)

    @property
    def immutable_id(self) -> str:
        return ids.immutable_id(self.key, self.number)

    @property
    def position(self) -> Position:
        return self.draft.received_at, self.number

    @property
    def conversation_id(self) -> str:
        return ids.conversation_id(self.key, self.draft.conversation or str(self.number))

    @property
    def conversation_index(self) -> str:
        return ids.conversation_index(self.key, self.draft.conversation or str(self.number), self.number)

    @property
    def change_key(self) -> str:
        return ids.change_key(self.number, self.version)

    @property
    def attachment_ids(self) -> tuple[str, ...]:
        """One for each attachment of the draft, in its order."""
        return tuple(ids.attachment_id(self.key, self.number, index) for index in range(len(self.draft.attachments)))

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted for good."""
        return not self.touched

    @property
    def has_attachments(self) -> bool:
        """Inline files do not count."""
        return any(not isinstance(each, File) or not each.is_inline for each in self.draft.attachments)


@attrs.frozen(kw_only=True, eq=False)
class Removal:
    """A message that left a folder. `id`: what it was called there."""

    message: Message
    id: str


@attrs.define(kw_only=True, eq=False)
class Folder:
    """A folder. `well_known`: the name by which every mailbox has it. Changed by its mailbox only."""

    folder_id: str
    name: str
    parent: "Folder | None" = attrs.field(repr=False)
    well_known: str | None = None
    hidden: bool = False
    unread: int = 0
    children: "list[Folder]" = attrs.field(factory=list, repr=False)
    messages: Ordered[Message] = attrs.field(factory=Ordered, repr=False)
    history: History[Message | Removal] = attrs.field(factory=History, repr=False)

    @property
    def total(self) -> int:
        return len(self.messages)

    @property
    def child_count(self) -> int:
        """Hidden folders do not count."""
        return sum(not each.hidden for each in self.children)


class Changes(TypedDict, total=False):
    """What can be changed about a message that is there."""

    is_read: bool
    subject: str
    importance: Importance
    categories: tuple[str, ...]


class Mailbox:
    """One person's mail. `revision` counts all changes; `generation` rises when delta cursors are forgotten."""

    def __init__(self, user: User, *, seed: int, now: Callable[[], datetime]) -> None:
        self.user = user
        self.key, self._now = ids.mailbox_key(seed, user.object_id), now
        self.revision, self.generation, self._number = 0, 1, 0
        self.all_messages: Ordered[Message] = Ordered()
        self._messages: dict[int, Message] = {}
        self._folders: dict[str, Folder] = {}
        self.root = self._new_folder("Top of Information Store", None, _ROOT)
        for well_known, name in _WELL_KNOWN.items():
            self._new_folder(name, self.root, well_known)

    @property
    def folders(self) -> list[Folder]:
        """All of them, the root first."""
        return list(self._folders.values())

    def folder(self, name: str) -> Folder:
        """By well-known name, id, name, or names from the top like `Panels/PL`. Raises: KeyError."""
        found = self.find_folder(name) or self._named(name)
        if found is None:
            raise KeyError(name)
        return found

    def find_folder(self, name: str) -> Folder | None:
        """By well-known name, in any case, or id."""
        known = name.lower()
        return self._folders.get(name) or next((each for each in self.folders if each.well_known == known), None)

    def _named(self, path: str) -> Folder | None:
        found: Folder | None = None
        candidates: Sequence[Folder] = self.folders
        for name in path.split("/"):
            found = next((each for each in candidates if each.name.casefold() == name.casefold()), None)
            if found is None:
                return None
            candidates = found.children
        return found

    def add_folder(self, name: str, parent: Folder | str | None = None, *, hidden: bool = False) -> Folder:
        """Add a folder, at the top unless a parent is given. Raises: KeyError if there is no such parent."""
        above = self.root if parent is None else self._folder(parent)
        return self._new_folder(name, above, hidden=hidden)

    def _new_folder(
        self, name: str, parent: Folder | None, well_known: str | None = None, *, hidden: bool = False
    ) -> Folder:
        folder_id = ids.folder_id(self.key, len(self._folders))
        folder = Folder(folder_id=folder_id, name=name, parent=parent, well_known=well_known, hidden=hidden)
        self._folders[folder_id] = folder
        if parent is not None:
            parent.children.append(folder)
        return folder

    def _folder(self, folder: Folder | str) -> Folder:
        return self.folder(folder) if isinstance(folder, str) else folder

    def deliver(self, draft: Draft, folder: Folder | str = "inbox") -> Message:
        """Put a message into a folder; it counts as made and last changed when it was received. Raises: KeyError."""
        self._number += 1
        message = Message(
            key=self.key,
            number=self._number,
            draft=draft,
            folder=self._folder(folder),
            subject=draft.subject,
            is_read=draft.is_read,
            importance=draft.importance,
            categories=draft.categories,
            created_at=draft.received_at,
            modified_at=draft.received_at,
        )
        self._messages[message.number] = message
        self.all_messages.add(message)
        self._arrive(message)
        return message

    def move(self, message: Message, folder: Folder | str) -> Message:
        """Move it to another folder, where it has another id; into the same one, nothing happens.

        Raises: KeyError if there is no such folder, or the message is gone.
        """
        self._check_there(message)
        target = self._folder(folder)
        if target is not message.folder:
            self._leave(message)
            message.folder = target
            message.moves += 1
            message.version += 1
            message.modified_at = self._now()
            self._arrive(message)
        return message

    def delete(self, message: Message) -> None:
        """Delete it for good. Raises: KeyError if it is gone already."""
        self._check_there(message)
        del self._messages[message.number]
        self.all_messages.remove(message)
        self._leave(message)

    def change(self, message: Message, **changes: Unpack[Changes]) -> None:
        """Change properties; the message has a new version, even if all values were the same.

        Raises: KeyError if it is gone.
        """
        self._check_there(message)
        self.revision += 1
        message.changed = {**(message.changed or {}), **dict.fromkeys(changes, self.revision)}
        message.folder.unread += message.is_read - changes.get("is_read", message.is_read)
        for name, value in changes.items():
            setattr(message, name, value)
        message.version += 1
        message.modified_at = self._now()
        message.touched = self.revision
        message.folder.history.add(self.revision, message)

    def find(self, message_id: str) -> Message | None:
        """By either form of the id; one from before a move finds nothing."""
        message = self._messages.get(ids.number_in(message_id) or 0)
        return message if message and message_id in {message.id, message.immutable_id} else None

    def messages(self, folder: Folder | str | None = None) -> list[Message]:
        """Newest first; without a folder, those of all folders. Raises: KeyError."""
        return (self.all_messages if folder is None else self._folder(folder).messages).newest_first

    def expire_deltas(self) -> None:
        """Forget all cursors of delta queries: whoever comes with one is told to begin again."""
        self.generation += 1

    def _check_there(self, message: Message) -> None:
        if self._messages.get(message.number) is not message:
            raise KeyError(message.immutable_id)

    def _arrive(self, message: Message) -> None:
        self.revision += 1
        folder = message.folder
        message.arrived = message.touched = self.revision
        message.changed = None
        folder.messages.add(message)
        folder.unread += not message.is_read
        folder.history.add(self.revision, message)

    def _leave(self, message: Message) -> None:
        self.revision += 1
        folder = message.folder
        folder.messages.remove(message)
        folder.unread -= not message.is_read
        folder.history.add(self.revision, Removal(message=message, id=message.id))
        message.touched = 0
