"""Which of a mailbox's folders are copied into the store."""

from collections.abc import Callable, Sequence
from typing import Final

from domain.mail import ROLE_NAMES, FolderRole, MailFolder

EXCLUDED: Final = (
    FolderRole.DRAFTS.value,
    FolderRole.OUTBOX.value,
    FolderRole.SENT.value,
    FolderRole.JUNK.value,
    FolderRole.DELETED.value,
)
"""What is left out unless somebody wants it otherwise: what the owner wrote, and what nobody wants."""


def synced_folders(folders: Sequence[MailFolder], excluded: Sequence[str]) -> Sequence[MailFolder]:
    """Return the folders that are neither excluded nor inside of one that is; each stands behind its parent.

    What is excluded is named by role, else id, else path, else name (then all of that name); case does not matter, but
    of ids. What is not there excludes nothing.
    """
    left_out = {folder.folder_id for wanted in excluded for folder in _named(folders, wanted)}
    for folder in folders:
        if folder.parent_id in left_out:
            left_out.add(folder.folder_id)
    return [folder for folder in folders if folder.folder_id not in left_out]


def _named(folders: Sequence[MailFolder], wanted: str) -> Sequence[MailFolder]:
    key = wanted.strip().casefold()
    role = ROLE_NAMES.get(key.replace(" ", ""))
    ways: tuple[Callable[[MailFolder], bool], ...] = (
        lambda folder: role is not None and folder.role is role,
        lambda folder: folder.folder_id == wanted.strip(),
        lambda folder: folder.path.casefold() == key,
        lambda folder: folder.name.casefold() == key,
    )
    return next((found for way in ways if (found := [folder for folder in folders if way(folder)])), [])
