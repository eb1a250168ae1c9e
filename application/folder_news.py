"""What a mailbox tells of a folder, sorted out against what is stored: what is new, what went, what to leave alone."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

import attrs

from application.mail_lookup import SLIM, WHOLE, Found, MailLookup
from domain.account import AccountId
from domain.mail import Mail, MailboxOwner, UnreadableMail
from domain.mail_sync import Departure, FolderNews, FolderSync, KnownMail, steps_of
from ports.mail_sync_store import MailSyncStore


@attrs.frozen(kw_only=True)
class SyncScope:
    """One account's mailbox for the length of a sync.

    `paths` are those of all folders, by id; `synced` are the ids of those that are copied. `recorded` are the messages
    that could not be read so far, with the folder where that was noticed; the sync keeps it up to date.
    """

    account_id: AccountId
    owner: MailboxOwner
    paths: Mapping[str, str] = attrs.field(repr=False)
    synced: frozenset[str] = attrs.field(repr=False)
    recorded: dict[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def user_id(self) -> str:
        """Whose mailbox it is."""
        return self.owner.user_id

    def forget(self, message_ids: Sequence[str]) -> None:
        """Note that these messages are recorded no more."""
        for message_id in message_ids:
            self.recorded.pop(message_id, None)

    def paths_of(self, mails: Sequence[Mail]) -> Mapping[str, str]:
        """Return the paths of the folders in which the mails are, by id, as far as there are such folders."""
        ids = {mail.folder_id for mail in mails}
        return {folder_id: self.paths[folder_id] for folder_id in sorted(ids) if folder_id in self.paths}


@attrs.frozen(kw_only=True)
class Told:
    """What one call has told of a folder. `whole`: its mails have all parts that are stored."""

    mails: Sequence[Mail] = ()
    removed: Sequence[str] = ()
    unreadable: Sequence[UnreadableMail] = ()
    whole: bool = True


class _Way(Enum):
    """What becomes of a mail that was told."""

    KEEP = auto()
    LEAVE = auto()
    FETCH = auto()
    """It is new, and lacks parts."""
    CONFIRM = auto()
    """It is known as being somewhere else than is told: it came or went, or this is old news."""


@attrs.define
class _Findings:
    """News while they are gathered. `gone` are ids of what is in this folder no longer, known or not."""

    mails: list[Mail] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)
    unreadable: list[UnreadableMail] = attrs.field(factory=list)
    seen: int | None = None
    gone: set[str] = attrs.field(factory=set)


@attrs.frozen(kw_only=True)
class NewsDesk:
    """Sorts out. Nothing is written; the mailbox is asked where what was told does not suffice."""

    lookup: MailLookup
    store: MailSyncStore

    async def sort_out(self, scope: SyncScope, sync: FolderSync, told: Told) -> FolderNews:
        """Return what is to be stored of what was told about the folder.

        A mail that is somewhere else by now is left to that folder, unless it is known: then it has moved. What cannot
        be read is asked for once more by itself.

        Raises: as `Mailbox` and `MailSyncStore` say.
        """
        found = _Findings()
        told = await self._asked_again(scope, told, found)
        ids = [*(mail.message_id for mail in told.mails), *told.removed]
        known = await self.store.known(scope.account_id, ids) if ids else {}
        await self._add_mails(scope, sync, told, known, found)
        await self._add_departures(scope, sync, told, known, found)
        return self._news(scope, sync, found)

    async def find(self, scope: SyncScope, sync: FolderSync, message_ids: Sequence[str]) -> FolderNews:
        """Return where mails are that are known as being in the folder, or that they are gone.

        Raises: as `Mailbox` says.
        """
        found = _Findings(seen=await self.steps(scope))
        for message_id, place in (await self.lookup.look(scope.owner, message_ids, SLIM)).items():
            _add_place(message_id, place, found)
        return self._news(scope, sync, found)

    async def steps(self, scope: SyncScope) -> int:
        """Return how many steps of the account were stored: to be asked before where a mail is.

        What another sync of the mailbox hears meanwhile would else be undone by what was heard here before.
        """
        return steps_of(await self.store.folders(scope.account_id))

    async def _asked_again(self, scope: SyncScope, told: Told, found: _Findings) -> Told:
        """Return what was told with what could not be read as it is when it is read by itself."""
        ids = [each.message_id for each in told.unreadable if each.message_id is not None]
        found.unreadable += [each for each in told.unreadable if each.message_id is None]
        if not ids:
            return told
        mails, removed = list(told.mails), list(told.removed)
        again = await self.lookup.look(scope.owner, ids, WHOLE)
        for each in told.unreadable:
            if each.message_id is None:
                continue
            match again[each.message_id]:
                case Mail() as mail:
                    mails.append(mail)
                case None:
                    removed.append(each.message_id)
                case UnreadableMail():
                    found.unreadable.append(each)
        return attrs.evolve(told, mails=mails, removed=removed)

    async def _add_mails(
        self, scope: SyncScope, sync: FolderSync, told: Told, known: Mapping[str, KnownMail], found: _Findings
    ) -> None:
        ways = [(mail, _way(sync, mail, known.get(mail.message_id), whole=told.whole)) for mail in told.mails]
        confirm = [mail.message_id for mail, way in ways if way is _Way.CONFIRM]
        fetch = [mail.message_id for mail, way in ways if way is _Way.FETCH]
        if confirm:
            found.seen = await self.steps(scope)
        slim = await self.lookup.look(scope.owner, confirm, SLIM) if confirm else {}
        whole = await self.lookup.look(scope.owner, fetch, WHOLE) if fetch else {}
        for mail, way in ways:
            match way:
                case _Way.KEEP:
                    found.mails.append(mail)
                case _Way.CONFIRM if slim[mail.message_id] is not None:
                    _add_place(mail.message_id, slim[mail.message_id], found)
                case _Way.FETCH:
                    _add_fetched(sync, whole[mail.message_id], found)
                case _:
                    pass

    async def _add_departures(
        self, scope: SyncScope, sync: FolderSync, told: Told, known: Mapping[str, KnownMail], found: _Findings
    ) -> None:
        """Look where the mails are that went from here; of those that are back nothing is said."""
        found.gone.update(told.removed)
        here = [each for each in told.removed if _is_here(sync, known.get(each))]
        if here and found.seen is None:
            found.seen = await self.steps(scope)
        places = await self.lookup.look(scope.owner, here, SLIM) if here else {}
        for message_id, place in places.items():
            if not isinstance(place, Mail) or place.folder_id != sync.folder_id:
                _add_place(message_id, place, found)

    def _news(self, scope: SyncScope, sync: FolderSync, found: _Findings) -> FolderNews:
        told = {mail.message_id for mail in found.mails}
        told.update(each.message_id for each in found.departures)
        told.update(each for each in found.gone if scope.recorded.get(each) == sync.folder_id)
        told.difference_update(each.message_id for each in found.unreadable if each.message_id is not None)
        return FolderNews(
            mails=found.mails,
            departures=found.departures,
            unreadable=found.unreadable,
            recovered=sorted(told & scope.recorded.keys()),
            paths=scope.paths_of(found.mails),
            seen=found.seen if any(mail.folder_id != sync.folder_id for mail in found.mails) else None,
        )


def _add_place(message_id: str, place: Found, found: _Findings) -> None:
    """Note where a known mail is now."""
    match place:
        case None:
            found.departures.append(Departure(message_id=message_id, folder_id=None))
        case Mail():
            found.mails.append(place)
        case UnreadableMail():
            found.unreadable.append(place)


def _is_here(sync: FolderSync, known: KnownMail | None) -> bool:
    return known is not None and not known.is_deleted and known.folder_id == sync.folder_id


def _way(sync: FolderSync, mail: Mail, known: KnownMail | None, *, whole: bool) -> _Way:
    is_here = mail.folder_id == sync.folder_id
    if known is None:
        if not is_here or not sync.wants(mail):
            return _Way.LEAVE
        return _Way.KEEP if whole else _Way.FETCH
    if mail.folder_id != known.folder_id or known.is_deleted:
        return _Way.CONFIRM
    return _Way.KEEP


def _add_fetched(sync: FolderSync, mail: Found, found: _Findings) -> None:
    match mail:
        case Mail() if mail.folder_id == sync.folder_id and sync.wants(mail):
            found.mails.append(mail)
        case UnreadableMail():
            found.unreadable.append(mail)
        case _:
            pass
